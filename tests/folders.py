"""The folders in which tests run whole systems."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from api_stub.stack.environment import inherited_environment

KEEP: Final = "KEEP_TEST_FOLDERS"
"""An environment variable: with it, logs and screenshots stay, for the nightly run to explain a failure."""


@contextmanager
def system_folder(name: str) -> Iterator[Path]:
    """Give a new folder for a system's data and logs; delete it at the end, unless KEEP is set."""
    folder = Path(tempfile.mkdtemp(prefix=f"rapport-{name}-"))
    try:
        yield folder
    finally:
        if not are_kept():
            shutil.rmtree(folder, ignore_errors=True)


def are_kept() -> bool:
    """Return whether the folders of this run are to stay."""
    return KEEP in inherited_environment(also={KEEP})
