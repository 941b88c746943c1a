"""Running Postgres where we are root, without touching anything of the person's.

Postgres refuses to run as root, so root hands it to a system user of its own: whatever runs as `nobody` could
read the database's files and its memory. That user often can't walk to the clone or to its virtual
environment: a root's home is closed to others. Opening those folders would weaken the person's machine behind
their back, so what the user needs goes to a folder that is ours alone instead.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api_stub.stack.errors import StackError

_SHARED_FOLDER = Path("/var/lib/rapport")
_USER: Final = "rapport-postgres"
_FALLBACK: Final = "nobody"
"""Where no user can be made: no `useradd`, or /etc can't be written. initdb wants a user with a name."""
_PROBE: Final = "initdb"  # needs more libraries than the server itself


@dataclass(frozen=True, slots=True)
class Identity:
    """The user a server runs as: ours, or another where we are root."""

    uid: int | None = None
    gid: int | None = None

    def popen(self) -> dict[str, Any]:
        """The arguments that make Popen run a program as this user, without our groups."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path | str, *, within: int | None = None) -> None:
        """Give a file or folder to this user; `within` is the open folder that a name is in."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, dir_fd=within, follow_symlinks=False)

    def can_run(self, program: Path) -> bool:
        """Whether this user gets as far as running it: found out by trying, mode bits don't tell all."""
        try:
            done = subprocess.run(
                [program, "--version"], cwd="/", env={}, capture_output=True, check=False, **self.popen()
            )
        except OSError:
            return False
        return done.returncode == 0


def find_server_identity() -> Identity:
    """Who runs Postgres here."""
    if os.geteuid() != 0:
        return Identity()
    user = _find_user(_USER) or _create_user() or pwd.getpwnam(_FALLBACK)
    return Identity(user.pw_uid, user.pw_gid)


def _find_user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _create_user() -> pwd.struct_passwd | None:
    """Make our user, which several stacks may want to do at once; None where that can't be done."""
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return None
    folder = os.open(_shared_folder(), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if (user := _find_user(_USER)) is not None:
            return user
        without_home = ("--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false")
        command = [useradd, "--system", "--user-group", *without_home, _USER]
        subprocess.run(command, env={}, capture_output=True, check=False)
    finally:
        os.close(folder)
    return _find_user(_USER)


def prepare_cluster_folder(link: Path, identity: Identity, *, durable: bool) -> Path:
    """The folder for Postgres' files: `link` itself, or, where we are root, what `link` points to.

    A link and not a name computed from the path, so that a data folder that is moved keeps its database and
    one that is removed and made again begins with an empty one. What is not `durable` is among the machine's
    temporary files, if others can walk there. A cluster that an earlier version had handed to another user
    becomes this one's.
    """
    if identity.uid is None:
        link.mkdir(parents=True, exist_ok=True, mode=0o700)
        return link
    if not link.is_dir():
        link.unlink(missing_ok=True)  # points to a machine or container that is no more
        temporary = Path(tempfile.gettempdir())
        home = temporary if not durable and _is_world_accessible(temporary) else _shared_folder()
        folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=home))
        identity.own(folder)
        link.symlink_to(folder)
    _change_owner(link.resolve(), identity)
    return link.resolve()


def _change_owner(folder: Path, identity: Identity) -> None:
    former = folder.stat().st_uid
    if former == identity.uid:
        return
    # By open folders, and only what was the former user's: nothing that it has put there leads elsewhere.
    for _, folders, files, descriptor in os.fwalk(folder):
        for name in (*folders, *files):
            if os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_uid == former:
                identity.own(name, within=descriptor)
    identity.own(folder)  # last: cut short, this begins again


def remove_cluster(link: Path) -> None:
    """Delete Postgres' files and, where there is one, the link to them."""
    shutil.rmtree(link.resolve(), ignore_errors=True)
    if link.is_symlink():
        link.unlink()


def find_runnable_programs(packages: Path, programs: str, version: str, identity: Identity) -> Path:
    """The folder `programs` below `packages`, or one that this user can run: a copy, made once a version."""
    if identity.uid is None or identity.can_run(packages / programs / _PROBE):
        return packages / programs
    copy = _shared_folder() / f"pg-{version}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(prefix=".pg-", dir=_shared_folder()))
        try:
            package = programs.split("/", 1)[0]
            # A wheel's libraries lie in a folder beside the package, and its programs look for them there.
            for folder in packages.glob(f"{package}*"):
                if folder.suffix != ".dist-info":
                    shutil.copytree(
                        folder, draft / folder.name, ignore=shutil.ignore_patterns("include", "*.py*")
                    )
            _make_world_readable(draft)
            with contextlib.suppress(OSError):  # another stack was faster, and its copy is as good
                draft.rename(copy)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    if not identity.can_run(copy / programs / _PROBE):
        raise StackError(
            "Postgres can't run as root, and another user can't run it here either. Start Rapport as an "
            "ordinary user, or set DATABASE_URL to a Postgres that runs already."
        )
    return copy / programs


def _make_world_readable(folder: Path) -> None:
    # A strict umask at the time of installation has closed the originals, and copies keep their modes.
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _is_world_accessible(folder: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (folder, *folder.resolve().parents))


def _shared_folder() -> Path:
    try:
        _SHARED_FOLDER.mkdir(parents=True, exist_ok=True)
        _SHARED_FOLDER.chmod(0o755)
    except OSError as error:
        raise StackError(
            f"Postgres can't run as root, and the folder of its user can't be made ({error}). Start "
            "Rapport as an ordinary user, or set DATABASE_URL to a Postgres that runs already."
        ) from error
    return _SHARED_FOLDER
