"""Find browsers that have outlived the process that drives them."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from api_stub.stack.process_tree import MARK_VARIABLE


def list_orphans(data: Path, owners: Iterable[psutil.Process]) -> list[str]:
    """Return, as sentences, the browsers of the run in `data` that descend from none of `owners`."""
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
        # Its crash handler leaves the process tree at its start, and ends with it.
        ours = ("chrom" in name or "headless" in name) and "crashpad" not in name
        return ours and process.status() != psutil.STATUS_ZOMBIE
    return False


def _is_of(process: psutil.Process, data: Path) -> bool:
    with suppress(psutil.Error):
        return process.environ().get(MARK_VARIABLE) == str(data.resolve())
    return False
