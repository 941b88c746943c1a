"""What shares servers stays together in one process, and the longest goes first: nobody waits at the end.

xdist's own `loadscope` begins with the files that have most tests, and ours that take longest have few.
"""

from pathlib import PurePath
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = ("tests/faults", "tests/e2e")
"""Folders whose tests share what takes long to start."""

ALONE: Final = ("tests/e2e/test_demo.py",)
"""Files in them that share nothing."""

LONGEST_FIRST: Final = (
    *TOGETHER, "tests/tasks", "tests/browser", "tests/stack", "tests/quota", "tests/cli", "tests/db",
)  # fmt: skip


class Together(LoadScopeScheduling):
    """Deals out whole files, and what belongs together as one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        folder = str(PurePath(file).parent)
        return folder if folder in TOGETHER and file not in ALONE else file


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests in place; those of one file stay in their order."""

    def place(item: pytest.Item) -> int:
        found = (n for n, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start))
        return next(found, len(LONGEST_FIRST))

    items.sort(key=place)
