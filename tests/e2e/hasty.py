"""A worker of all queues that can be frozen, with short watchdog timeouts.

`python -m tests.e2e.hasty NAME FULL`: while the file FULL exists, each child process dies at its start, as on
a machine without memory.

The task `tests.freeze` freezes it: Celery fails to accept the message, so it stays unacknowledged and
occupies its slot for ever. SIGUSR2 blocks the main thread for good. The task `tests.hold` keeps a child busy
until the file that it names is deleted.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from celery import signals
from celery.worker.request import Request

from tests.faults.skewed import stay
from worker.app import app
from worker.celery_extensions import watchdog
from worker.queues import ALL_QUEUES

_accept = Request.on_accepted


def _accept_most(request: Any, pid: int, time_accepted: float) -> None:
    if request.name == "tests.freeze":
        raise TypeError("Celery can't account for this")
    _accept(request, pid, time_accepted)


def _die_while(full: Path) -> Callable[..., None]:
    """Return what a child runs at its start."""

    def die(**_: object) -> None:
        if full.exists():
            os.kill(os.getpid(), signal.SIGKILL)

    return die


@app.task(name="tests.freeze")
def freeze(_asked: dict[str, str]) -> None:
    """Do nothing; Celery fails to accept its message, which freezes the worker."""


@app.task(name="tests.done")
def done(asked: dict[str, str]) -> None:
    """Create a file."""
    Path(asked["path"]).touch()


@app.task(name="tests.hold")
def hold(asked: dict[str, str]) -> None:
    """Keep the child busy until the file is deleted."""
    while Path(asked["path"]).exists():
        time.sleep(0.02)


@signals.worker_ready.connect(weak=False)
def let_it_be_blocked(**_: object) -> None:
    """Set the handler after Celery has set its own."""
    signal.signal(signal.SIGUSR2, lambda *_: Event().wait())


if __name__ == "__main__":
    # Six beats are longer than the second that Kombu waits in each BRPOP.
    watchdog.BEAT_S, watchdog.GRACE_S, watchdog.MIN_UPTIME_S = 0.3, 1.0, 0.0
    Request.on_accepted = _accept_most
    signals.worker_process_init.connect(_die_while(Path(sys.argv[2])), weak=False)
    arguments = ["--hostname", f"{sys.argv[1]}@%h", "--queues", ",".join(ALL_QUEUES)]
    stay("celery", "--quiet", "--app", "worker.app", "worker", *arguments)
