"""A Debian that runs in a container of its own, with systemd as its first process."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from api_stub.stack.environment import inherited_environment
from tests.cluster import wait_for
from tests.docs.examples import ROOT

BARE: Final = "ca-certificates,systemd,systemd-sysv,dbus,iproute2,procps"
_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Machine:
    """A machine that was booted. Commands run as in a login there."""

    def __init__(self, leader: int) -> None:
        self._leader = leader

    def run(
        self, commands: str, *, user: str = "root", folder: str = "/root/rapport", check: bool = True
    ) -> str:
        """Run commands, print what they print, and return it. Ends the drill if one fails."""
        sys.stdout.write("".join(f"{user}> {line}\n" for line in commands.strip().splitlines()))
        shell = (
            f"cd {shlex.quote(folder)} && export {_PATH} XDG_RUNTIME_DIR=/run/user/$(id -u) && "
            f"bash -eu -o pipefail -c {shlex.quote(commands)}"
        )
        done = subprocess.run(
            [
                *("nsenter", "--target", str(self._leader), "--all", "env", "-i", _PATH, "LANG=C.UTF-8"),
                *("su", "--login", user, "--shell", "/bin/bash", "--command", shell),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        sys.stdout.write(f"{done.stdout}\n")
        sys.stdout.flush()
        if check and done.returncode != 0:
            raise SystemExit(f"exit {done.returncode} of:\n{commands}")
        return done.stdout

    def wait_until(self, what: str, commands: str, shows: Callable[[str], object]) -> None:
        """Repeat commands until what they print is as wanted."""
        wait_for(what, lambda: shows(self.run(commands, check=False)))


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """Boot the Debian in this folder, and shut it down at the end."""
    container = subprocess.Popen(
        [
            *("systemd-nspawn", "--quiet", f"--directory={root}", "--register=no", "--keep-unit", "--boot"),
            *("--resolv-conf=replace-host", "--console=passive"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        # Debian 13's systemd doesn't start on the older hierarchy, which a machine may still have.
        env={**inherited_environment(), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
    )
    try:
        leader = wait_for("the container", lambda: psutil.Process(container.pid).children())[0].pid
        machine = Machine(leader)
        machine.wait_until("systemd", "systemctl is-system-running", lambda said: "running" in said.split())
        yield machine
    finally:
        os.kill(container.pid, signal.SIGTERM)
        container.wait(120)


def make_debian(root: Path, suite: str, packages: str = BARE) -> None:
    """Make a Debian with few packages in a new folder, and copy the files of this tree into it."""
    subprocess.run(["mmdebstrap", "--variant=minbase", f"--include={packages}", suite, str(root)], check=True)
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], stdout=subprocess.PIPE, text=True, check=True
    )
    for name in filter(None, tracked.stdout.split("\0")):
        target = root / "root/rapport" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
