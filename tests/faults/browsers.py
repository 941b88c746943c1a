"""Whose Chromium is whose: none may outlive the process that drives it."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from api_stub.stack.process_tree import MARK_VARIABLE


def strays(data: Path, owners: Iterable[psutil.Process]) -> list[str]:
    """Browsers that were started for the run in `data` and have none of `owners` above them, as sentences."""
    kept = {child.pid for owner in owners for child in _descendants(owner)}
    return [
        f"Chromium {process.pid} outlived its worker"
        for process in psutil.process_iter()
        if process.pid not in kept and _is_browser(process) and _is_of(process, data)
    ]


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


def _is_browser(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        name = process.name()
        # Its crash handler leaves the family at birth, and ends with it.
        ours = ("chrom" in name or "headless" in name) and "crashpad" not in name
        return ours and process.status() != psutil.STATUS_ZOMBIE
    return False


def _is_of(process: psutil.Process, data: Path) -> bool:
    with suppress(psutil.Error):
        return process.environ().get(MARK_VARIABLE) == str(data.resolve())
    return False
