"""A drill: a bare Debian reaches a running service with the commands of docs/deployment.md alone.

As root, on Debian with mmdebstrap and systemd-container: `python -m tests.drills.bare_debian FOLDER`. It
makes a Debian of nothing but systemd and the authorities of TLS in FOLDER, boots it as a container, copies
this tree into it, types the blocks of the page there in their order, and looks whether greetings are sent. It
takes 4 to 15 minutes and 3 GB. The container shares the network of the machine, so the ports of
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
_NETWORK: Final = f"""
systemd-run --unit=practice --uid=rapport --setenv=RAPPORT_SANDBOX_KEY={"0" * 24} --setenv=HOME=/tmp \\
    /opt/rapport/bin/rapport sandbox --port 8099 --state /var/tmp/practice.sqlite3
"""
_GREETED: Final = re.compile(r"sent +([1-9]\d*) greetings")


def find_commands(beginning: str) -> Sequence[str]:
    """Return the blocks of the page from the paragraph with this beginning to the next such paragraph."""
    page = ROOT / "docs" / "deployment.md"
    text = page.read_text()
    begin = text.index(beginning)
    end = re.compile(r"^Without `--own-servers`|^\*\*On a ", re.MULTILINE).search(text, begin + 10)
    assert end is not None
    first, last = text.count("\n", 0, begin), text.count("\n", 0, end.start())
    return [each.text for each in find_blocks() if each.page == page and first < each.line <= last]


def run_service_of_the_machine(machine: Machine) -> None:
    """Install the units for servers of the machine's own, greet people, and do so again after a restart."""
    install, secrets, units, commands, backup, restore = find_commands("**On a machine of its own**")
    machine.run(_OWN.fill(install))
    machine.run(_OWN.fill(secrets))
    machine.run(f"echo RAPPORT_SANDBOX_URL={_PRACTICE} >/etc/rapport/rapport.env\n{_NETWORK}")
    machine.run(_OWN.fill(units))
    machine.wait_until("every unit", "systemctl list-units --plain --no-legend 'rapport*'", _all_run)
    machine.run(_OWN.fill(commands))
    machine.run("rapport quota set demo greet --gap 1s-2s; rapport campaign birthday demo")
    machine.wait_until("a greeting", "rapport summary demo", _GREETED.search)
    machine.run(_OWN.fill(backup))
    machine.run(_OWN.fill(restore))
    machine.wait_until("every unit", "systemctl list-units --plain --no-legend 'rapport*'", _all_run)
    machine.run("rapport audit verify; rapport resume-everything; rapport doctor")


def _all_run(said: str) -> bool:
    units = [line.split() for line in said.splitlines() if line.startswith("rapport")]
    return len(units) == 9 and all(unit[2] == "active" for unit in units)


def run_service_of_a_user(machine: Machine) -> None:
    """Run everything as the service of somebody who is not root."""
    machine.run(_FIRST)
    (commands,) = find_commands("**On a desktop, a small server or a Raspberry Pi**")
    machine.run(_PERSONAL.fill(commands), user="ann", folder="/home/ann/rapport")
    machine.run("./run doctor; ./run why demo", user="ann", folder="/home/ann/rapport")
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
        machine.wait_until("every unit", "systemctl list-units --plain --no-legend 'rapport*'", _all_run)
        machine.run("rapport summary demo; /opt/rapport/bin/rapport service uninstall --system")
        machine.wait_until(
            "no unit", "systemctl list-units --all --no-legend 'rapport*'", lambda said: not said
        )
    shutil.rmtree(given.folder)


if __name__ == "__main__":
    main()
