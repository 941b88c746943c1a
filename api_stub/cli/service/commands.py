"""`rapport service`: let systemd run Rapport, from the start of the machine on."""

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import psutil
import typer

from api_stub.cli.context import DEFAULT_DATA, DataDir
from api_stub.cli.formatting import print_text
from api_stub.stack.units import embedded, processes
from api_stub.stack.units.embedded import Installation
from api_stub.stack.units.files import find_units, remove_units, unit_folder, write_units
from api_stub.stack.units.unit import Unit
from worker.errors import RequestRefusedError
from worker.settings import get_settings

app = typer.Typer(help="Let systemd start Rapport with the machine.", no_args_is_help=True)

SYSTEMD_RUNS: Final = Path("/run/systemd/system")
_ENOUGH_FOR_TWO: Final = 6 * 2**30
"""Bytes of memory from which on two browser workers run by default. A Raspberry Pi gets one."""

System = Annotated[
    bool,
    typer.Option("--system", help="Units of the machine, as root. Without it: of this user, without root."),
]


@app.command()
def install(
    *,
    system: System = False,
    own_servers: Annotated[
        bool,
        typer.Option(
            "--own-servers",
            help="A unit for each process, for a Postgres and a Redis of your own (--system).",
        ),
    ] = False,
    only: Annotated[
        list[processes.Part] | None,
        typer.Option(help="With --own-servers: only this, on one of several machines. Repeatable."),
    ] = None,
    user: Annotated[str, typer.Option("--as", help="With --system: the user that it runs as.")] = "rapport",
    workers: Annotated[
        int | None, typer.Option(min=1, max=8, help="Browser workers: 2, or 1 with less than 6 GB of memory.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the units, and write nothing.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Write systemd units, and say how to start them. docs/deployment.md has the steps.

    Units of the machine keep their data in /var/lib/rapport/service, those of a user in the data folder.

    Examples:
    rapport service install --dry-run
    rapport service install --workers 1
    sudo rapport service install --system --own-servers
    sudo rapport service install --system --own-servers --only worker-browser --only metrics

    """
    if own_servers and not system:
        raise RequestRefusedError("--own-servers writes units of the machine: add --system")
    if only and not own_servers:
        raise RequestRefusedError("--only chooses among the units of --own-servers: add that")
    count = workers or (2 if psutil.virtual_memory().total >= _ENOUGH_FOR_TWO else 1)
    program = Path(sys.prefix) / "bin" / "rapport"
    installed = Installation(program, user if system else None, get_settings().chromium)
    if own_servers:
        units = processes.process_units(installed, only or processes.list_usual_parts(), workers=count)
    else:
        units = embedded.embedded_units(installed, data.absolute(), workers=count)
    if dry_run:
        for unit in units:
            print_text(f"# {unit_folder(system=system) / unit.name}\n{unit.render()}")
        return
    if system:
        _require_user(user)
    _install(units, system=system, own_servers=own_servers)


def _install(units: Sequence[Unit], *, system: bool, own_servers: bool) -> None:
    folder = unit_folder(system=system)
    write_units(folder, units)
    _systemctl("daemon-reload", system=system)
    print_text(f"wrote {', '.join(unit.name for unit in units)} to {folder}")
    if own_servers:
        print_text("put one file for each secret in /etc/rapport/secrets: docs/deployment.md#systemd")
    manager = "sudo systemctl" if system else "systemctl --user"
    unit = processes.TARGET if own_servers else embedded.SERVICE
    print_text(f"start it now and with the machine: {manager} enable --now {unit}")
    if not system:
        print_text("and let it run while you are not signed in: loginctl enable-linger")


@app.command()
def uninstall(
    *,
    system: System = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the files, and remove none.")] = False,
) -> None:
    """Stop and disable the units that `install` wrote, and remove their files. No data is removed."""
    folder = unit_folder(system=system)
    files = list(find_units(folder))
    if not files:
        raise RequestRefusedError(f"{folder} has no units of Rapport")
    if dry_run:
        print_text("\n".join(map(str, files)))
        return
    main = processes.TARGET if folder / processes.TARGET in files else embedded.SERVICE
    _systemctl("disable", "--now", main, system=system)
    remove_units(folder)
    _systemctl("daemon-reload", system=system)
    print_text(f"removed {', '.join(file.name for file in files)}; the data is still there")


def _require_user(name: str) -> None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        how = f"useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin {name}"
        raise RequestRefusedError(f"there is no user {name!r}; make one: {how}") from None
    if entry.pw_uid == 0:
        raise RequestRefusedError("Chromium has no sandbox for root: choose another user with --as")


def _systemctl(*words: str, system: bool) -> None:
    """Run systemctl if systemd runs this machine; otherwise there is nothing to tell it."""
    if not SYSTEMD_RUNS.is_dir() or (system and os.geteuid() != 0):
        return
    command = ["systemctl", *([] if system else ["--user"]), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RequestRefusedError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
