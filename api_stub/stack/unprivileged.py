"""Running Postgres where we are root, without touching anything of the person's.

Postgres refuses to run as root, so root hands it to `nobody`. That user often can't walk to the clone or to
its virtual environment: a root's home is closed to others. Opening those folders would weaken the person's
machine behind their back, so what `nobody` needs goes to a folder that is ours alone instead.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api_stub.stack.errors import StackError

_HOME = Path("/var/lib/rapport")
_USER: Final = "nobody"
_PROBE: Final = "initdb"  # needs more libraries than the server itself


@dataclass(frozen=True, slots=True)
class Identity:
    """The user a server runs as: ours, or `nobody` where we are root."""

    uid: int | None = None
    gid: int | None = None

    def popen(self) -> dict[str, Any]:
        """The arguments that make Popen run a program as this user, without our groups."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_run(self, program: Path) -> bool:
        """Whether this user gets as far as running it: found out by trying, mode bits don't tell all."""
        try:
            done = subprocess.run(
                [program, "--version"], cwd="/", env={}, capture_output=True, check=False, **self.popen()
            )
        except OSError:
            return False
        return done.returncode == 0


def server_identity() -> Identity:
    """Who runs Postgres here."""
    if os.geteuid() != 0:
        return Identity()
    user = pwd.getpwnam(_USER)
    return Identity(user.pw_uid, user.pw_gid)


def cluster_folder(link: Path, identity: Identity, *, durable: bool) -> Path:
    """The folder for Postgres' files: `link` itself, or, where we are root, what `link` points to.

    A link and not a name computed from the path, so that a data folder that is moved keeps its database and
    one that is removed and made again begins with an empty one. What is not `durable` is among the machine's
    temporary files, if others can walk there.
    """
    if identity.uid is None:
        link.mkdir(parents=True, exist_ok=True, mode=0o700)
        return link
    if not link.is_dir():
        link.unlink(missing_ok=True)  # points to a machine or container that is no more
        temporary = Path(tempfile.gettempdir())
        home = temporary if not durable and _open_to_others(temporary) else _home()
        folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=home))
        identity.own(folder)
        link.symlink_to(folder)
    return link.resolve()


def remove_cluster(link: Path) -> None:
    """Delete Postgres' files and, where there is one, the link to them."""
    shutil.rmtree(link.resolve(), ignore_errors=True)
    if link.is_symlink():
        link.unlink()


def runnable(packages: Path, programs: str, version: str, identity: Identity) -> Path:
    """The folder `programs` below `packages`, or one that this user can run: a copy, made once a version."""
    if identity.uid is None or identity.can_run(packages / programs / _PROBE):
        return packages / programs
    copy = _home() / f"pg-{version}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(prefix=".pg-", dir=_home()))
        try:
            package = programs.split("/", 1)[0]
            # A wheel's libraries lie in a folder beside the package, and its programs look for them there.
            for folder in packages.glob(f"{package}*"):
                if folder.suffix != ".dist-info":
                    shutil.copytree(
                        folder, draft / folder.name, ignore=shutil.ignore_patterns("include", "*.py*")
                    )
            _open_to_all(draft)
            with contextlib.suppress(OSError):  # another stack was faster, and its copy is as good
                draft.rename(copy)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    if not identity.can_run(copy / programs / _PROBE):
        raise StackError(
            f"Postgres can't run as root, and as {_USER!r} it can't be run here either. Start Rapport as an "
            "ordinary user, or set DATABASE_URL to a Postgres that runs already."
        )
    return copy / programs


def _open_to_all(folder: Path) -> None:
    # A strict umask at the time of installation has closed the originals, and copies keep their modes.
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _open_to_others(folder: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (folder, *folder.resolve().parents))


def _home() -> Path:
    try:
        _HOME.mkdir(parents=True, exist_ok=True)
        _HOME.chmod(0o755)
    except OSError as error:
        raise StackError(
            f"Postgres can't run as root, and its folder for {_USER!r} can't be made ({error}). Start "
            "Rapport as an ordinary user, or set DATABASE_URL to a Postgres that runs already."
        ) from error
    return _HOME
