"""Finding and ending processes together with everything that they started."""

import os
import signal
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import psutil

from worker.clock import monotonic_seconds
from worker.settings import STACK_MARK_VARIABLE

MARK_VARIABLE: Final = STACK_MARK_VARIABLE
"""A variable in the environment of all our children and of theirs: the stack's data folder."""

_CLOCK_SHIFT_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02


def read_create_time(pid: int) -> float | None:
    """The time of birth of a process, or None if there is none."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def find_process(pid: int, birth: float) -> psutil.Process | None:
    """The process with this id, if it is the one that was born then and not a stranger with a recycled id."""
    try:
        process = psutil.Process(pid)
        # A corrected clock moves the birth times that the system reports by a moment.
        return process if abs(process.create_time() - birth) < _CLOCK_SHIFT_SECONDS else None
    except psutil.NoSuchProcess:
        return None


def list_descendants(process: psutil.Process) -> set[psutil.Process]:
    """The process, its children, theirs, and so on."""
    try:
        return {process, *process.children(recursive=True)}
    except psutil.NoSuchProcess:
        return set()


def find_marked_processes(mark: str, session: int | None = None) -> set[psutil.Process]:
    """Processes that carry our mark, of one session or of all, even where their parent is gone.

    The session's number alone would not do: a stranger's daemon may have inherited a recycled one.
    """
    found = set()
    for pid in psutil.pids():
        try:
            if session is not None and os.getsid(pid) != session:
                continue
            process = psutil.Process(pid)
            if pid != os.getpid() and process.environ().get(MARK_VARIABLE) == mark:
                found.add(process)
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or not ours to look at
    return found


def send_signal(process: psutil.Process, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone already."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def wait_for_exit(processes: Iterable[psutil.Process], patience: timedelta) -> set[psutil.Process]:
    """Those that have not ended by then. A zombie has: it only waits for a parent to ask about it.

    psutil's own wait is of no use here: it waits for zombies too, and takes the exit code from Popen.
    """
    deadline = monotonic_seconds() + patience.total_seconds()
    while True:
        processes = {process for process in processes if _is_alive(process)}
        if not processes or monotonic_seconds() > deadline:
            return processes
        time.sleep(_POLL_SECONDS)


def kill_trees(processes: Iterable[psutil.Process]) -> None:
    """Kill these, and what they start meanwhile."""
    remaining = set(processes)
    for _ in range(5):
        for process in set(remaining):
            remaining |= list_descendants(process)
        for process in remaining:
            send_signal(process, signal.SIGKILL)
        remaining = wait_for_exit(remaining, timedelta(seconds=1))
        if not remaining:
            return


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
