"""What the machine and the servers do while the bench `load` runs, every two seconds, from another thread."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread

from sqlalchemy import text

from bench.start import read_processor_time
from bench.system.memory import list_processes, measure_memory
from db.engine import Database

EVERY_S = 2.0
_CONNECTIONS = text(
    "select application_name, count(*) from pg_stat_activity where datname = current_database() "
    "group by application_name"
)
_ACTIONS = text(
    "select count(*) filter (where state = 'done'), "
    "count(*) filter (where state not in ('done', 'skipped', 'failed')), "
    "coalesce(max(now() - not_before) "
    "filter (where state in ('planned', 'queued') and not_before <= now()), '0') "
    "from actions"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What there is after so many seconds; `processor_s` are seconds of processor since each part's start."""

    seconds: float
    done: int
    left: int
    oldest_due: timedelta
    processor_s: Mapping[str, float]
    memory: Mapping[str, int]
    connections: Mapping[str, int]


class Sampler:
    """Takes samples of `parts`, the pids of the processes of each part of the system."""

    def __init__(self, database: Database, parts: Mapping[str, Sequence[int]]) -> None:
        self.samples: list[Sample] = []
        self._database = database
        self._parts = parts
        self._began = time.perf_counter()

    def take(self) -> Sample:
        """Take a sample, and keep it."""
        with self._database.transaction() as session:
            done, left, oldest_due = session.execute(_ACTIONS).one()
            connections = dict(map(tuple, session.execute(_CONNECTIONS)))
        sample = Sample(
            time.perf_counter() - self._began,
            done,
            left,
            oldest_due,
            {part: _processor_s(pids) for part, pids in self._parts.items()},
            {part: measure_memory(list_processes(pids)).total for part, pids in self._parts.items()},
            connections,
        )
        self.samples.append(sample)
        return sample

    @contextmanager
    def running(self) -> Iterator[None]:
        """Take samples until the block ends."""
        ended = Event()

        def run() -> None:
            while not ended.wait(EVERY_S):
                self.take()

        thread = Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _processor_s(pids: Sequence[int]) -> float:
    return sum(read_processor_time(pid).total_seconds() for pid in pids)
