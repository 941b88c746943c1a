"""Run a process of Rapport with its clock ahead: `python -m tests.faults.skewed SECONDS worker control ...`.

It shifts worker.clock, the time stamps of kombu and Celery, and the clock that Celery compares a message's
expiry with. Production code has no hook for this.
"""

import runpy
import sys
import time
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NoReturn, Self

import celery.worker.request

from api_stub.cli.main import main
from api_stub.cli.stack import processes
from worker import clock

_really = time.time  # noqa: TID251 -- the very clock that is shifted


def shift(by: timedelta) -> None:
    """Shift the clock of this process, and of all that it forks, by `by`."""

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(_really() + by.total_seconds(), tz)

    def now() -> datetime:
        return datetime.fromtimestamp(_really() + by.total_seconds(), UTC)

    def seconds() -> float:
        return _really() + by.total_seconds()

    clock.now = now
    celery.worker.request.datetime = Shifted
    time.time = seconds  # noqa: TID251 -- replaced, not asked


def stay(module: str, *arguments: str) -> NoReturn:
    """Continue as `python -m module` in this process, whose clock is shifted."""
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    seconds_ahead = sys.argv.pop(1)
    shift(timedelta(seconds=float(seconds_ahead)))
    processes._exec_module = stay
    main()
