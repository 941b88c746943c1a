"""The code of the release before, out of the history of this clone, for tests of an upgrade.

That is the newest tag whose migrations end earlier than ours. Without such a tag it is the code before the
commit that brought the newest migration.
"""

import io
import subprocess
import tarfile
from pathlib import Path
from typing import Final

from db import migrate

ROOT: Final = Path(__file__).parents[2]
_VERSIONS: Final = "db/migrations/versions"


class ShallowCloneError(Exception):
    """This clone lacks the commits in which the older code is."""


def find_older_code() -> str | None:
    """Return the commit of the code before the newest migration, or None where the files have no history.

    Raises ShallowCloneError in a clone that could have it: there the test must not be skipped unnoticed.
    """
    newest = migrate.newest_revision()
    for tag in _git("tag", "--list", "v*", "--sort=-version:refname", "--merged", "HEAD").split():
        if _has_older_migrations(tag, newest):
            return tag
    (file,) = (ROOT / _VERSIONS).glob(f"{newest}_*.py")
    path = str(file.relative_to(ROOT))
    brought = _git("log", "--first-parent", "-m", "--diff-filter=A", "--format=%H", "--", path).split()
    before = f"{brought[-1]}^1" if brought else "HEAD"  # not committed yet
    if _has_older_migrations(before, newest):
        return before
    if _git("rev-parse", "--is-inside-work-tree"):
        raise ShallowCloneError("older migrations are not in this clone: git fetch --unshallow --tags")
    return None


def unpack_code(commit: str, folder: Path) -> Path:
    """Write the files of a commit into a folder; return it."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _has_older_migrations(commit: str, newest: str) -> bool:
    names = _git("ls-tree", "--name-only", commit, f"{_VERSIONS}/").split()
    revisions = sorted(Path(name).name.partition("_")[0] for name in names if name.endswith(".py"))
    return bool(revisions) and revisions[-1] < newest


def _git(*words: str) -> str:
    """Return what git prints; nothing where there is no git, no history or no such commit."""
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""
