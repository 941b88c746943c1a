"""Start a stack in the background, and stop the one that runs on a data folder."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import psutil

from api_stub.stack.errors import AlreadyRunningError, StackError
from api_stub.stack.lock import LockHolder, Purpose, read_holder
from api_stub.stack.process_tree import find_process, send_signal, wait_for_exit
from api_stub.stack.processes import OUTPUT_LOG
from api_stub.stack.state_file import StackState, read_state
from worker.clock import monotonic_seconds
from worker.files import make_private_folder

STOP_TIMEOUT: Final = timedelta(seconds=60)
"""A stop takes at most about 20 s; the machine may be slow."""
_POLL_SECONDS: Final = 0.1


def find_stack(data_dir: Path) -> LockHolder | None:
    """Return the process of the stack that runs, starts or stops on a data folder, or None."""
    holder = read_holder(data_dir)
    return holder if holder is not None and holder.purpose is Purpose.STACK else None


def start_in_background(data_dir: Path, *, workers: int, on_line: Callable[[str], object]) -> StackState:
    """Start `rapport up` in a session of its own and return when everything is ready.

    What it prints goes to `<data>/logs/up.log` and, until it is ready, to `on_line`. Raises StackError if it
    ends before, and AlreadyRunningError if a stack runs already. An interrupt stops it again.
    """
    if (running := find_stack(data_dir)) is not None:
        raise AlreadyRunningError(f"Rapport is running already (pid {running.pid}): `rapport status`")
    log = data_dir.absolute() / "logs" / OUTPUT_LOG
    make_private_folder(log.parent)
    command = ("up", "--in-background", "--data", str(data_dir.absolute()), "--workers", str(workers))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "api_stub.cli", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # it outlives the terminal
        )
    try:
        return _wait_until_ready(process, log, data_dir, on_line)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise


def _wait_until_ready(
    process: subprocess.Popen[bytes], log: Path, data_dir: Path, on_line: Callable[[str], object]
) -> StackState:
    with log.open(errors="replace") as printed:
        while True:
            ended = process.poll() is not None
            state = read_state(data_dir)
            ready = state is not None and state.pid == process.pid and state.ready_at is not None
            for line in printed:
                on_line(line.rstrip("\n"))
            if ended:
                raise StackError(f"Rapport did not start; the reason is above, and in {log}")
            if ready and state is not None:
                return state
            time.sleep(_POLL_SECONDS)


def stop_running(holder: LockHolder, data_dir: Path, *, on_wait: Callable[[], object]) -> None:
    """Stop a stack in order and return when it has ended; `on_wait` is called every tenth of a second.

    Raises StackError if it belongs to another user, or has not ended in time.
    """
    process = find_process(holder.pid, holder.born)
    if process is None:
        return
    try:
        send_signal(process, signal.SIGTERM)
    except psutil.AccessDenied:
        raise StackError(f"another user started Rapport (pid {holder.pid}): stop it as that user") from None
    deadline = monotonic_seconds() + STOP_TIMEOUT.total_seconds()
    while wait_for_exit([process], timedelta(0)):
        if monotonic_seconds() > deadline:
            raise StackError(
                f"Rapport (pid {holder.pid}) is still stopping after {STOP_TIMEOUT.total_seconds():.0f} s. "
                f"See {data_dir / 'logs'}; `kill -9 {holder.pid}` ends it, and the next start ends the rest"
            )
        on_wait()
        time.sleep(_POLL_SECONDS)
