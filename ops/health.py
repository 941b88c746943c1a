"""Health checks for containers. Exit code 0 means healthy; otherwise one line says why not.

`health.py http ADDRESS`: the address answers 200. `health.py worker ROLE`: this container's worker consumes
its queues. `health.py wakes ARGUMENT`: Rapport's process with this argument still wakes up.
"""

import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

TIMEOUT_S = 5.0
WATCH_S = 3.0
"""Beat wakes up every second (beat_max_loop_interval), so one that sleeps this long hangs."""


def check_http(url: str) -> str | None:
    """Return None if `url` answers 200, else the problem."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 -- our own address
            return None if answer.status == 200 else f"{url} answers {answer.status}"
    except (urllib.error.URLError, OSError) as error:
        return f"{url} does not answer: {error}"


def check_worker(role: str) -> str | None:
    """Return None if this container's worker consumes all its queues or is busy, else the problem."""
    from worker import queues  # noqa: PLC0415 -- only this check needs it
    from worker.errors import TryAgainError  # noqa: PLC0415
    from worker.settings import get_settings  # noqa: PLC0415

    host = socket.gethostname()
    name = f"{role}-{host}@{host}"
    try:
        snapshot = queues.take_snapshot_at(get_settings().redis)
    except TryAgainError as error:
        return str(error)
    its_own = queues.BROWSER_QUEUES if role == "browser" else queues.CONTROL_QUEUES
    unconsumed = [queue for queue in its_own if name not in snapshot.consumers_of(queue)]
    return f"{name} takes no messages of: {', '.join(unconsumed)}" if unconsumed else None


def check_wakes(argument: str, proc: Path = Path("/proc"), watch_s: float = WATCH_S) -> str | None:
    """Return None if the process with `argument` wakes up within `watch_s` seconds, else the problem."""
    for status in proc.glob("[0-9]*/status"):
        if argument.encode() in _read_arguments(status) and int(status.parent.name) != _own_pid(proc):
            before = _count_wakeups(status)
            time.sleep(watch_s)
            if _count_wakeups(status) == before:
                return f"{argument} has not woken for {watch_s:.0f} s"
            return None
    return f"there is no process with the argument {argument}"


def _own_pid(proc: Path) -> int:
    return int((proc / "self").resolve().name)


def _read_arguments(status: Path) -> list[bytes]:
    try:
        words = status.with_name("cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended meanwhile
        return []
    return words if any(word.endswith((b"rapport", b"celery")) for word in words) else []


def _count_wakeups(status: Path) -> int:
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(lines["voluntary_ctxt_switches"])


CHECKS: dict[str, Callable[[str], str | None]] = {
    "http": check_http,
    "worker": check_worker,
    "wakes": check_wakes,
}

if __name__ == "__main__":
    problem = CHECKS[sys.argv[1]](sys.argv[2])
    if problem:
        sys.exit(problem)
