"""What is read out of a worker: since when it is busy, and what it took and did not acknowledge."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from celery.worker import state

from worker.celery_extensions.consumer_probe import OVERDUE_S, POOL_GRACE_S, ConsumerProbe, ConsumerSnapshot

LIMIT_S = 30.0


class Now:
    """The monotonic clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1000.0
        monkeypatch.setattr("worker.clock.monotonic_seconds", lambda: self.seconds)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    return Now(monkeypatch)


def a_job(limit_s: float | None = LIMIT_S) -> Any:
    job = SimpleNamespace(over=False, _timeout=limit_s)
    job.ready = lambda: job.over
    return job


def a_worker(
    *,
    jobs: dict[int, Any] | None = None,
    delivered: dict[str, Any] | None = None,
    children: Sequence[int | None] = (os.getpid(),),
) -> Any:
    """Celery's worker, as far as it is looked at."""
    channel = SimpleNamespace(
        active_queues={"birthday"}, _brpop_sent_at=990.0, qos=SimpleNamespace(_delivered=delivered or {})
    )
    return SimpleNamespace(
        app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from={"birthday": 1}))),
        pool=SimpleNamespace(
            _pool=SimpleNamespace(_cache=jobs or {}, _pool=[SimpleNamespace(pid=pid) for pid in children])
        ),
        consumer=SimpleNamespace(task_consumer=SimpleNamespace(channel=channel)),
    )


def test_children_are_counted_with_those_that_run_a_task(now: Now) -> None:
    over = a_job()
    over.over = True
    probe = ConsumerProbe(a_worker(jobs={1: a_job(), 2: a_job(), 3: over}, children=(1, 2, 3, 4)))
    probe.take_snapshot()
    assert probe.count_children() == (4, 2)
    assert ConsumerProbe(SimpleNamespace()).count_children() == (0, 0)  # before the pool runs


def test_a_worker_is_busy_since_its_oldest_task_that_is_not_over(now: Now) -> None:
    first, second = a_job(), a_job()
    jobs = {1: first}
    worker = ConsumerProbe(a_worker(jobs=jobs))
    assert worker.busy_since() == 1000
    now.seconds += 5
    jobs[2] = second
    assert worker.busy_since() == 1000
    first.over = True
    assert worker.busy_since() == 1005
    second.over = True
    assert worker.busy_since() is None


def test_a_task_long_beyond_its_limit_keeps_nobody_busy(now: Now) -> None:
    worker = ConsumerProbe(a_worker(jobs={1: a_job()}))
    unlimited = ConsumerProbe(a_worker(jobs={1: a_job(None)}))
    assert worker.busy_since() == unlimited.busy_since() == 1000
    now.seconds += LIMIT_S + OVERDUE_S - 1
    assert worker.busy_since() == 1000
    now.seconds += 1
    assert worker.busy_since() is None
    now.seconds += 86_400
    assert unlimited.busy_since() == 1000


def test_a_worker_without_a_connection_consumes_nothing(now: Now) -> None:
    worker = a_worker(jobs={1: a_job()})
    assert ConsumerProbe(worker).take_snapshot() == ConsumerSnapshot(
        ("birthday",), {"birthday"}, 990.0, 1000.0
    )
    worker.consumer.task_consumer = None
    assert ConsumerProbe(worker).take_snapshot() == ConsumerSnapshot(("birthday",), busy_since=1000.0)
    assert ConsumerProbe(worker).held() == {}


def test_a_worker_whose_pool_is_dead_consumes_nothing_whatever_it_asks_for(now: Now) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        worker = ConsumerProbe(a_worker(jobs={1: a_job()}, children=[child.pid]))
        assert worker.take_snapshot().has_pool
        child.communicate(b"\n")
    assert worker.take_snapshot().has_pool  # it is about to be replaced
    now.seconds += POOL_GRACE_S
    assert worker.take_snapshot() == ConsumerSnapshot(("birthday",), has_pool=False)
    shrunk = ConsumerProbe(a_worker(children=[]))
    shrunk.take_snapshot()
    now.seconds += POOL_GRACE_S
    assert not shrunk.take_snapshot().has_pool


def test_a_child_that_is_replaced_makes_no_dead_pool(now: Now) -> None:
    found = a_worker(children=[])
    worker = ConsumerProbe(found)
    worker.take_snapshot()
    now.seconds += POOL_GRACE_S - 1
    found.pool._pool._pool.append(SimpleNamespace(pid=os.getpid()))
    worker.take_snapshot()
    now.seconds += POOL_GRACE_S
    assert worker.take_snapshot().has_pool  # the new child is still there
    found.pool._pool._pool.clear()
    now.seconds += POOL_GRACE_S - 1
    assert worker.take_snapshot().has_pool


def test_a_pool_whose_children_all_die_at_their_start_is_dead(now: Now) -> None:
    found = a_worker(children=[])
    worker = ConsumerProbe(found)
    looks = []
    for pid in (os.getpid(), os.getppid(), None, os.getpid()):  # None: it could not be started
        found.pool._pool._pool[:] = [SimpleNamespace(pid=pid)]
        looks.append(worker.take_snapshot().has_pool)
        now.seconds += POOL_GRACE_S / 3
    assert looks == [True, True, True, False]


def test_a_child_that_could_not_be_started_is_none(now: Now) -> None:
    worker = ConsumerProbe(a_worker(children=[None]))
    worker.take_snapshot()
    now.seconds += POOL_GRACE_S
    assert not worker.take_snapshot().has_pool


@pytest.fixture
def waiting() -> Iterator[None]:
    """The worker holds a message for later."""
    later = SimpleNamespace(eta="2026-11-28", message=SimpleNamespace(delivery_tag="later"))
    state.requests["later"] = later
    yield
    del state.requests["later"]


def test_what_only_waits_for_its_time_is_not_held(waiting: None) -> None:
    worker = ConsumerProbe(a_worker(delivered={"later": "a message", "now": "another"}))
    assert worker.held() == {"now": "another"}
