"""A drill: a bare Debian reaches a running service, and upgrades it, with the commands of the docs alone.

As root, on Debian with mmdebstrap and systemd-container: `python -m tests.drills.bare_debian FOLDER`. It
makes a Debian of nothing but systemd and the authorities of TLS in FOLDER, boots it as a container, copies
this tree into it, types the blocks of deployment.md and upgrading.md there, and looks whether greetings are
sent. It takes 4 to 15 minutes and 3 GB. The container shares the network of the machine, so the ports of
Postgres, Redis and Rapport must be free.
"""

import argparse
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.docs.examples import ROOT, find_blocks
from tests.docs.world import Scene
from tests.drills.machine import Machine, booted, make_debian

_PRACTICE: Final = "http://127.0.0.1:8099"
_OWN: Final = Scene(
    words={
        # Followed for a while, and not for ever.
        "journalctl": "timeout 20 journalctl --no-pager",
        "--follow": "--follow || true",
        # The practice network in place of a real one, because nobody signs in here.
        "add ann --site linkedin --time-zone Europe/Paris": "add demo",
        "sign-in ann --remote --address https://rapport.example.org": "sign-in demo",
        "why ann": "why demo",
        "age1…": '"$(grep -o "age1[0-9a-z]*" /root/backup.key)"',
        "restore FILE": 'restore "$(ls /mnt/backups/*.age | tail -1)"',
    }
)
_PERSONAL: Final = Scene(
    words={"journalctl": "timeout 20 journalctl --no-pager", "--follow": "--follow || true"}
)
_FIRST: Final = """
apt-get update
apt-get install --yes python3-venv chromium-headless-shell libatomic1 libpam-systemd dbus-user-session
useradd --create-home --shell /bin/bash ann
cp --recursive /root/rapport /home/ann/rapport
chown --recursive ann: /home/ann
loginctl enable-linger ann
"""
"""What the page says that a Debian without a desktop may need, somebody with a clone, and her sign-in."""
_NEWER: Final = """
.venv/bin/rapport --version | grep 0.99.3
timeout 120 bash -c "until ./run status | grep '^flower: '; do sleep 1; done"
"""
_NETWORK: Final = f"""
systemd-run --unit=practice --uid=rapport --setenv=RAPPORT_SANDBOX_KEY={"0" * 24} --setenv=HOME=/tmp \\
    /opt/rapport/bin/rapport sandbox --port 8099 --state /var/tmp/practice.sqlite3
"""
_GREETED: Final = re.compile(r"sent +(\d+) greeting")
_SECRETS: Final = "sha256sum /etc/rapport/secrets/*"
_PROCESSES: Final = "systemctl show --property=MainPID --value 'rapport-*.service'"
_UNITS: Final = "systemctl list-units --plain --no-legend 'rapport*'"
_ASK: Final = """
/opt/rapport/bin/python -c 'import sys, urllib.request as web
print(web.urlopen(web.Request("http://127.0.0.1:8000/v1/caller", headers={"X-API-Key": sys.argv[1]})).status)'
"""


def find_commands(beginning: str, page: str = "deployment.md") -> Sequence[str]:
    """Return a page's blocks from the line with this beginning to the next heading or way to install."""
    path = ROOT / "docs" / page
    text = path.read_text()
    begin = text.index(f"\n{beginning}") + 1
    ends = r"^#{2,4} |^Without `--own-servers`|^\*\*On a "
    end = re.compile(ends, re.MULTILINE).search(text, begin + 10)
    assert end is not None
    first, last = text.count("\n", 0, begin), text.count("\n", 0, end.start())
    return [each.text for each in find_blocks() if each.page == path and first < each.line <= last]


def run_service_of_the_machine(machine: Machine) -> None:
    """Install the units for servers of the machine's own, greet people, and do so again after a restart."""
    install, secrets, units, commands, backup, restore = find_commands("**On a machine of its own**")
    machine.run(_OWN.fill(install))
    machine.run(_OWN.fill(secrets))
    machine.run(f"echo RAPPORT_SANDBOX_URL={_PRACTICE} >/etc/rapport/rapport.env\n{_NETWORK}")
    machine.run(_OWN.fill(units))
    machine.wait_until("every unit", _UNITS, _all_run)
    machine.run("systemd-analyze security --no-pager | grep rapport")
    machine.run(_OWN.fill(commands))
    machine.run("rapport quota set demo greet --gap 3s-5s; rapport campaign birthday demo")
    machine.wait_until("a greeting", "rapport summary demo", _count_greetings)
    with_a_pause, unit_by_unit = find_commands("### Units of the machine", "upgrading.md")
    upgrade(machine, unit_by_unit, "0.99.1")
    upgrade(machine, with_a_pause, "0.99.2")
    keep_keys(machine)
    machine.run(_OWN.fill(backup))
    machine.run(_OWN.fill(restore))
    machine.wait_until("every unit", _UNITS, _all_run)
    machine.run("rapport audit verify; rapport resume-everything; rapport doctor")


def upgrade(machine: Machine, commands: str, version: str) -> None:
    """Upgrade in mid-campaign: every process is a new one, no secret has changed, and greetings go on."""
    secrets, processes = machine.run(_SECRETS), _list_processes(machine)
    machine.run(_pull(version).fill(commands))
    machine.wait_until("every unit", _UNITS, _all_run)
    assert version in machine.run("rapport --version")
    assert machine.run(_SECRETS) == secrets
    assert not processes & _list_processes(machine)
    sent = _count_greetings(machine.run("rapport summary demo"))
    machine.wait_until("another greeting", "rapport summary demo", lambda said: _count_greetings(said) > sent)


def keep_keys(machine: Machine) -> None:
    """Give the API a role that alone may read the keys, and let it know one."""
    commands, _ = find_commands("**To keep the keys of the HTTP API from workers**")
    machine.run(commands)
    key = machine.run("rapport keys add crm --scope read | grep --only-matching 'rpt_[0-9A-Za-z_-]*'").strip()
    machine.wait_until("the API", f"{_ASK.strip()} {key}", lambda said: said.strip() == "200")
    connected = "select usename from pg_stat_activity"
    found = machine.run(f"runuser --login postgres --command 'psql --command \"{connected}\"'")
    assert "rapport_keeper" in found


def _pull(version: str) -> Scene:
    """Return what stands for `git pull`: this code again, under a newer version's number."""
    change = f"sed --in-place 's/^version = .*/version = \"{version}\"/' pyproject.toml"
    return Scene(words={"git pull": change})


def _list_processes(machine: Machine) -> set[str]:
    return set(machine.run(_PROCESSES).split()) - {"0"}  # of what has ended


def _count_greetings(said: str) -> int:
    found = _GREETED.search(said)
    return int(found[1]) if found else 0


def _all_run(said: str) -> bool:
    units = [line.split() for line in said.splitlines() if line.startswith("rapport")]
    return len(units) == 9 and all(unit[2] == "active" for unit in units)


def run_service_of_a_user(machine: Machine) -> None:
    """Run everything as the service of somebody who is not root."""
    machine.run(_FIRST)
    (commands,) = find_commands("**On a desktop, a small server or a Raspberry Pi**")
    machine.run(_PERSONAL.fill(commands), user="ann", folder="/home/ann/rapport")
    machine.run("./run doctor; ./run why demo", user="ann", folder="/home/ann/rapport")
    (commands,) = find_commands("As a service of yours:", "upgrading.md")
    machine.run(_pull("0.99.3").fill(commands), user="ann", folder="/home/ann/rapport")
    machine.run(_NEWER, user="ann", folder="/home/ann/rapport")
    machine.run(
        "systemctl --user stop rapport.service; ./run service uninstall; echo yes | ./run destroy",
        user="ann",
        folder="/home/ann/rapport",
    )


def main() -> None:
    """Run the drill. It ends with an error at the first command that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder that doesn't exist yet; it is removed at the end")
    parser.add_argument("--suite", default="bookworm", help="Debian's version")
    parser.add_argument(
        "--authorities", type=Path, help="certificates to trust, where a proxy stands between here and Debian"
    )
    given = parser.parse_args()
    make_debian(given.folder, given.suite)
    if given.authorities:
        shutil.copy(given.authorities, given.folder / "etc/ssl/certs/ca-certificates.crt")
    with booted(given.folder) as machine:
        run_service_of_a_user(machine)
        run_service_of_the_machine(machine)
    with booted(given.folder) as machine:
        machine.wait_until("every unit", _UNITS, _all_run)
        machine.run("rapport summary demo; /opt/rapport/bin/rapport service uninstall --system")
        machine.wait_until(
            "no unit", "systemctl list-units --all --no-legend 'rapport*'", lambda said: not said
        )
    shutil.rmtree(given.folder)


if __name__ == "__main__":
    main()
