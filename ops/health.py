"""Health checks for containers: exit 0 is well, anything else is not, and one line says why.

`health.py http ADDRESS`: it answers 200. `health.py worker ROLE`: this container's worker takes
messages. `health.py wakes ARGUMENT`: the Celery process with this argument still wakes up.
"""

import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 5.0
WATCH_S = 3.0
"""Beat wakes each second (beat_max_loop_interval): one that slept through this long hangs."""


def http(url: str) -> str | None:
    """Return None when `url` answers 200, else what is wrong."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 -- our own address
            return None if answer.status == 200 else f"{url} answers {answer.status}"
    except (urllib.error.URLError, OSError) as error:
        return f"{url} does not answer: {error}"


def worker(role: str) -> str | None:
    """Return None when the worker of this container takes messages of all its queues, or is busy with one."""
    from worker import queues  # noqa: PLC0415 -- the other checks need not pay for it
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


def wakes(argument: str, proc: Path = Path("/proc"), watch_s: float = WATCH_S) -> str | None:
    """Return None when the main thread of the process with `argument` was awake at least once just now."""
    for status in proc.glob("[0-9]*/status"):
        if argument.encode() in _arguments(status) and int(status.parent.name) != _own_pid(proc):
            before = _switches(status)
            time.sleep(watch_s)
            return None if _switches(status) > before else f"{argument} has not woken for {watch_s:.0f} s"
    return f"there is no process with the argument {argument}"


def _own_pid(proc: Path) -> int:
    return int((proc / "self").resolve().name)


def _arguments(status: Path) -> list[bytes]:
    try:
        words = status.with_name("cmdline").read_bytes().split(b"\0")
    except OSError:  # it ended between the listing and now
        return []
    return words if any(word.endswith(b"celery") for word in words) else []


def _switches(status: Path) -> int:
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(lines["voluntary_ctxt_switches"])


CHECKS: dict[str, Callable[[str], str | None]] = {"http": http, "worker": worker, "wakes": wakes}

if __name__ == "__main__":
    wrong = CHECKS[sys.argv[1]](sys.argv[2])
    if wrong:
        sys.exit(wrong)
