"""`rapport destroy`: remove all data of the embedded servers."""

import shutil
from contextlib import suppress
from pathlib import Path

from api_stub.cli.context import DEFAULT_DATA, DataDir
from api_stub.cli.formatting import print_text
from api_stub.cli.screen.prompts import require_typed_yes
from api_stub.stack.lock import FolderLock
from api_stub.stack.private_files import STACK_FILES
from api_stub.stack.processes import ProcessTable
from api_stub.stack.secrets import has_secrets
from api_stub.stack.servers.unprivileged import remove_cluster
from worker.errors import RequestRefusedError

_MEBIBYTE = 1024 * 1024


def destroy(data: DataDir = DEFAULT_DATA) -> None:
    """Remove all that Rapport keeps in its data folder: database, Redis, practice network, keys, screenshots.

    It asks for a typed yes, and refuses while Rapport runs. What was installed in .venv stays, and so does a
    Postgres or Redis of your own.
    """
    data = data.absolute()
    cluster = data / "postgres"
    if not has_secrets(data):  # another program's folder may have files of the same names
        raise RequestRefusedError(f"there is no Rapport data in {data}, so nothing was removed")
    lock = FolderLock(data)
    lock.acquire()  # nothing may start meanwhile
    try:
        ProcessTable(data).kill_leftovers()  # of a stack that was killed
        found = [path for pattern in STACK_FILES for path in sorted(data.glob(pattern))]
        listed = "\n".join(_describe(path) for path in (cluster.resolve(), *found) if path.exists())
        require_typed_yes(
            f"This removes for good:\n{listed}",
            "Type yes to remove it",
            refusal="not confirmed, so nothing was removed",
        )
        remove_cluster(cluster)
        for path in reversed(found):  # the secrets last: without them, a second try would refuse
            _remove(path)
    finally:
        lock.release()
    with suppress(OSError):  # files of somebody else are in it
        data.rmdir()
    print_text(f"all Rapport data in {data} is removed; `rapport demo` or `rapport up` starts from scratch")


def _describe(path: Path) -> str:
    return f"  {_measure(path) / _MEBIBYTE:8.1f} MiB  {path}"


def _measure(path: Path) -> int:
    """Return the bytes of a file or a folder, without following links."""
    paths = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
    return sum(each.lstat().st_size for each in paths if each.is_symlink() or not each.is_dir())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
