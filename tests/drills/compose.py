"""A drill: the image is built, Compose runs it, and the blocks of docs/deployment.md are typed.

As root, with mmdebstrap: `python -m tests.drills.compose FOLDER`. It makes a Debian with Docker in FOLDER and
runs it in namespaces of its own, so this machine is not changed and no port has to be free. It asks no
registry of images: what ops/Dockerfile and docker-compose.yml name by digest is made of Debian's packages
instead. It takes 4 to 25 minutes and 6 GB.
"""

import argparse
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.docs.examples import ROOT, find_blocks
from tests.docs.world import Scene
from tests.drills.engine import PACKAGES, started
from tests.drills.machine import Machine, make_debian

_SUITE: Final = "trixie"
_BASE: Final = "ca-certificates,python3,python3-venv,python-is-python3"
_SCENE: Final = Scene(
    words={
        "sudo ": "",
        "docker compose up --detach": "docker compose --profile practice up --detach --no-build",
        "docker compose down": "docker compose --profile practice down",
        "schedule --to": "schedule --evidence --to",
        "age1…": '"$(grep -o "age1[0-9a-z]*" backup.key)"',
        "FILE": '"$(ls /mnt/backups | tail -1)"',
    }
)
_SERVERS: Final = """
services:
  postgres: { image: drill/postgres }
  redis: { image: drill/valkey }
"""
_IN: Final = "docker compose exec worker-browser rapport"
_DOCTOR: Final = "docker compose exec {} rapport doctor"
_GREETED: Final = re.compile(r"sent +([1-9]\d*) greetings")
_PICTURES: Final = (
    "docker compose exec worker-control find /var/lib/rapport/evidence -name '*.png' -user rapport"
)


def build_images(machine: Machine, base: str) -> None:
    """Build the image as ops/Dockerfile says, and servers in place of those that a registry has."""
    machine.run(f"docker import /root/base.tar {base}\ndocker tag {base} drill/debian")
    machine.run("sed --in-place 's/@sha256:[0-9a-f]*//' ops/Dockerfile")
    machine.run("docker build --network host --file ops/Dockerfile --tag rapport:local .")
    for server in ("postgres", "valkey"):
        build = f"docker build --network host --target {server} --tag drill/{server} tests/drills/servers"
        machine.run(build)


def fill_environment(machine: Machine) -> str:
    """Return ops/example.env with a value for each variable that has none."""

    def fill(found: re.Match[str]) -> str:
        value = secrets.token_hex(24)
        if found[1].endswith("_KEYS"):
            value = machine.run(
                "docker run --rm --network none rapport:local rapport secrets new-key"
            ).strip()
        return f"{found[1]}={'rapport:' if found[1].endswith('_AUTH') else ''}{value}"

    return re.sub(r"^(\w+)=$", fill, (ROOT / "ops/example.env").read_text(), flags=re.MULTILINE)


def run_compose(machine: Machine, project: Path) -> None:
    """Greet people of the practice network, restore a backup with its pictures, and go on."""
    page = (ROOT / "docs/deployment.md").read_text()
    keeper_file, backup_file = re.findall(
        r"^# docker-compose.override.yml\nservices:\n(.*?)^```", page, re.MULTILINE | re.DOTALL
    )
    (project / "docker-compose.override.yml").write_text(_SERVERS + backup_file)
    (project / ".env").write_text(fill_environment(machine))
    keeper, backup, restore = [
        each.text for each in find_blocks() if "tests/drills/compose.py" in (each.reason or "")
    ]
    _wait_until_healthy(machine, "docker compose --profile practice up --detach --no-build")
    machine.run(f"{_IN} account add demo; {_IN} account sign-in demo")
    check_sandbox(machine)
    (project / "docker-compose.override.yml").write_text(_SERVERS + backup_file + keeper_file)
    _wait_until_healthy(machine, _SCENE.fill(keeper))
    check_keys(machine)
    machine.run(f"{_IN} quota set demo greet --gap 1s-2s; {_IN} campaign birthday demo")
    machine.wait_until("a greeting", f"{_IN} summary demo", _GREETED.search)
    machine.run(_SCENE.fill(backup))
    pictures = machine.run(_PICTURES)
    machine.run("docker compose --profile practice down; docker volume rm rapport_evidence rapport_redis")
    _wait_until_healthy(machine, _SCENE.fill(restore))
    machine.run(f"{_IN} audit verify; {_IN} resume-everything")
    check_sandbox(machine)
    assert pictures
    assert set(pictures.split()) <= set(machine.run(_PICTURES).split())
    machine.wait_until("a greeting", f"{_IN} summary demo", _GREETED.search)
    machine.run("docker compose --profile practice down --volumes")


def check_sandbox(machine: Machine) -> None:
    """Chromium has its sandbox with the profile of the browser workers, and none with Docker's own."""
    on = "browser's sandbox\tok\ton"
    assert on in machine.run(_DOCTOR.format("worker-browser"))
    assert on not in machine.run(_DOCTOR.format("worker-control"), check=False)


def check_keys(machine: Machine) -> None:
    """Only the API's role adds keys."""
    add = "docker compose exec {} rapport keys add {} --scope read"
    assert "rpt_" in machine.run(add.format("api", "crm"))
    assert "rpt_" not in machine.run(add.format("worker-control", "mine"), check=False)


def _wait_until_healthy(machine: Machine, commands: str) -> None:
    machine.run(commands)
    state = "docker compose --profile practice ps --format '{{.Health}}'"
    machine.wait_until("nine healthy containers", state, lambda said: said.split() == ["healthy"] * 9)


def main() -> None:
    """Run the drill. It ends with an error at the first command that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder that doesn't exist yet; it is removed at the end")
    parser.add_argument(
        "--authorities", type=Path, help="certificates to trust, where a proxy stands between here and Debian"
    )
    given = parser.parse_args()
    make_debian(given.folder, _SUITE, PACKAGES)
    (given.folder / "etc/resolv.conf").write_text(Path("/etc/resolv.conf").read_text())
    trusted = (
        [f"--customize-hook=upload {given.authorities} /etc/ssl/certs/ca-certificates.crt"]
        if given.authorities
        else []
    )
    tar = given.folder / "root/base.tar"
    subprocess.run(
        ["mmdebstrap", "--variant=minbase", f"--include={_BASE}", *trusted, _SUITE, str(tar)], check=True
    )
    base = re.search(r"^FROM ([^@\s]+)@", (ROOT / "ops/Dockerfile").read_text(), re.MULTILINE)
    assert base is not None
    with started(given.folder, is_apart=False) as machine:
        build_images(machine, base[1])
    with started(given.folder, is_apart=True) as machine:
        run_compose(machine, given.folder / "root/rapport")
    shutil.rmtree(given.folder)


if __name__ == "__main__":
    main()
