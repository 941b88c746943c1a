"""Find and kill processes together with all their descendants."""

import os
import signal
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import psutil

from worker.clock import monotonic_seconds
from worker.settings import STACK_MARK_VARIABLE, STACK_SERVICE_VARIABLE

MARK_VARIABLE: Final = STACK_MARK_VARIABLE
"""A variable that all descendants inherit. Its value is the stack's data folder."""
SERVICE_VARIABLE: Final = STACK_SERVICE_VARIABLE
"""A second one. Its value is the child's name, so that what a killed child left can be found."""

_CLOCK_SHIFT_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02


def read_create_time(pid: int) -> float | None:
    """Return when a process was created, in seconds since 1970, or None if it doesn't exist."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def find_process(pid: int, birth: float) -> psutil.Process | None:
    """Return the process with this id and creation time, or None. Ids are reused, so both must match."""
    try:
        process = psutil.Process(pid)
        # When the clock is corrected, the creation times that the system reports move a little.
        return process if abs(process.create_time() - birth) < _CLOCK_SHIFT_SECONDS else None
    except psutil.NoSuchProcess:
        return None


def list_descendants(process: psutil.Process) -> set[psutil.Process]:
    """Return the process and all its descendants."""
    try:
        return {process, *process.children(recursive=True)}
    except psutil.NoSuchProcess:
        return set()


def find_marked_processes(
    mark: str, session: int | None = None, service: str | None = None
) -> set[psutil.Process]:
    """Return the processes with our variable, also those whose parent has ended.

    `session` and `service` restrict them to one session, or to what one child and its descendants started.

    The session id alone is not enough: ids are reused, and another program's daemon may have this one.
    """
    found = set()
    for pid in psutil.pids():
        try:
            if session is not None and os.getsid(pid) != session:
                continue
            process = psutil.Process(pid)
            variables = process.environ()
            is_ours = variables.get(MARK_VARIABLE) == mark
            if pid != os.getpid() and is_ours and service in {None, variables.get(SERVICE_VARIABLE)}:
                found.add(process)
        except (psutil.Error, OSError):
            continue  # it has ended, or belongs to another user
    return found


def send_signal(process: psutil.Process, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended already."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def wait_for_exit(processes: Iterable[psutil.Process], patience: timedelta) -> set[psutil.Process]:
    """Wait for processes to end; return those that still run after `patience`. A zombie counts as ended.

    psutil's own wait can't be used: it waits for zombies too, and takes the exit code away from Popen.
    """
    deadline = monotonic_seconds() + patience.total_seconds()
    while True:
        processes = {process for process in processes if _is_alive(process)}
        if not processes or monotonic_seconds() > deadline:
            return processes
        time.sleep(_POLL_SECONDS)


def kill_trees(processes: Iterable[psutil.Process]) -> None:
    """Kill processes, their descendants, and what these start meanwhile."""
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
