"""The files of a data folder that only their owner may read."""

from pathlib import Path
from typing import Final

from worker.files import make_private

STACK_FILES: Final = (
    "secrets.json", "environment.json", "state.json", "processes.json", "lock", "redis.conf",
    "sandbox.sqlite3*", "redis", "logs", "evidence", "metrics",
)  # fmt: skip
"""Files that a stack writes in its data folder, beside `postgres`. Postgres protects its own files."""


def close_to_others(data_dir: Path) -> None:
    """Remove other users' access to files of an earlier version. Other files stay unchanged."""
    for pattern in STACK_FILES:
        for top in data_dir.glob(pattern):
            for path in (top, *top.rglob("*")):
                make_private(path)
