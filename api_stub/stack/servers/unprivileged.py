"""Run Postgres when this process is root, without changing permissions of the person's own folders.

Postgres refuses to run as root, so it runs as a system user of its own. `nobody` is not enough: other
programs of that user could read the database's files and memory. The system user often has no access to the
clone and its virtual environment, because root's home is closed to others. Opening those folders would weaken
the machine, so the programs and the database files go to a separate folder.
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
"""Used if no user can be created (no `useradd`, or /etc is read-only). initdb needs a user with a name."""
_PROBE: Final = "initdb"  # it needs more libraries than the server


@dataclass(frozen=True, slots=True)
class Identity:
    """The user that a server runs as. Without ids, the user of this process."""

    uid: int | None = None
    gid: int | None = None

    def popen_arguments(self) -> dict[str, Any]:
        """Return the arguments that make Popen run a program as this user, without this process's groups."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def chown(self, path: Path | str, *, dir_fd: int | None = None) -> None:
        """Make this user the owner of a file or folder. `dir_fd` is the descriptor of its parent folder."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, dir_fd=dir_fd, follow_symlinks=False)

    def can_run(self, program: Path) -> bool:
        """Return whether this user can run the program, by trying; mode bits don't show everything."""
        try:
            done = subprocess.run(
                [program, "--version"],
                cwd="/",
                env={},
                capture_output=True,
                check=False,
                **self.popen_arguments(),
            )
        except OSError:
            return False
        return done.returncode == 0


def find_server_identity() -> Identity:
    """Return the user that Postgres runs as; root creates it if needed."""
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
    """Create the system user, also if several stacks try at once. Return None if that is not possible."""
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
    """Return the folder for Postgres' files: `link` itself or, for root, the folder that `link` points to.

    It is a link and not a name computed from the path, so that a data folder that is moved keeps its database
    and one that is recreated begins with an empty one. Without `durable` the folder is among the temporary
    files, if other users can access these. A cluster that an earlier version gave to another user is handed
    over to this one.
    """
    if identity.uid is None:
        link.mkdir(parents=True, exist_ok=True, mode=0o700)
        return link
    if not link.is_dir():
        link.unlink(missing_ok=True)  # the target was on a machine or container that is gone
        temporary = Path(tempfile.gettempdir())
        home = temporary if not durable and _is_world_accessible(temporary) else _shared_folder()
        folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=home))
        identity.chown(folder)
        link.symlink_to(folder)
    _change_owner(link.resolve(), identity)
    return link.resolve()


def _change_owner(folder: Path, identity: Identity) -> None:
    former = folder.stat().st_uid
    if former == identity.uid:
        return
    # By folder descriptors and only the former owner's files, so that no link of that user leads elsewhere.
    for _, folders, files, descriptor in os.fwalk(folder):
        for name in (*folders, *files):
            if os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_uid == former:
                identity.chown(name, dir_fd=descriptor)
    identity.chown(folder)  # last, so that an interrupted run starts again


def remove_cluster(link: Path) -> None:
    """Delete Postgres' files and the link to them, if there is one."""
    shutil.rmtree(link.resolve(), ignore_errors=True)
    if link.is_symlink():
        link.unlink()


def find_runnable_programs(packages: Path, programs: str, version: str, identity: Identity) -> Path:
    """Return `packages/programs`, or a copy that this user can run. One copy is made for each version.

    Raises StackError if no user can run Postgres here.
    """
    if identity.uid is None or identity.can_run(packages / programs / _PROBE):
        return packages / programs
    copy = _shared_folder() / f"pg-{version}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(prefix=".pg-", dir=_shared_folder()))
        try:
            package = programs.split("/", 1)[0]
            # A wheel's libraries are in a folder beside the package, where its programs look for them.
            for folder in packages.glob(f"{package}*"):
                if folder.suffix != ".dist-info":
                    shutil.copytree(
                        folder, draft / folder.name, ignore=shutil.ignore_patterns("include", "*.py*")
                    )
            _make_world_readable(draft)
            with contextlib.suppress(OSError):  # another stack was faster; its copy is the same
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
    # With a strict umask at installation, others can't read the originals, and copies keep the modes.
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
