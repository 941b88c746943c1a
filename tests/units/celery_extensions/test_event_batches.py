"""Events of a worker's tasks are sent together, a moment later, and before it ends."""

import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from celery.events.dispatcher import EventDispatcher
from celery.worker.consumer import Consumer

from worker.celery_extensions.event_batches import FLUSH_AFTER_S, BatchingConsumer
from worker.settings import get_settings


class Sent:
    """The event loop and the dispatcher of a consumer: what is due, and how often events were sent."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []
        self.flushed = 0

    def call_later(self, delay_s: float, call: Callable[[], None]) -> object:
        assert delay_s == FLUSH_AFTER_S
        self.due.append(call)
        return SimpleNamespace(cancelled=False)

    def flush(self) -> None:
        self.flushed += 1


def make_consumer(sent: Sent) -> BatchingConsumer:
    """Return a consumer that was not started: Celery's own set-up needs a worker."""
    consumer = BatchingConsumer.__new__(BatchingConsumer)
    consumer.hub, consumer.event_dispatcher, consumer._flush_due = sent, sent, None
    consumer.blueprint = SimpleNamespace(shutdown=lambda _consumer: None)
    consumer.perform_pending_operations = lambda: None
    return consumer


def test_many_events_are_sent_once_and_later_ones_again() -> None:
    sent = Sent()
    consumer = make_consumer(sent)
    for _ in range(3):
        consumer.on_send_event_buffered()
    assert (len(sent.due), sent.flushed) == (1, 0)
    sent.due.pop()()
    assert sent.flushed == 1
    consumer.on_send_event_buffered()
    assert len(sent.due) == 1


def test_events_are_sent_again_after_the_timer_was_cleared() -> None:
    sent = Sent()
    consumer = make_consumer(sent)
    cleared: Any = SimpleNamespace(cancelled=True)
    consumer._flush_due = cleared
    consumer.on_send_event_buffered()
    assert len(sent.due) == 1


def test_what_waits_is_sent_before_the_worker_ends() -> None:
    sent = Sent()
    consumer = make_consumer(sent)
    consumer.on_send_event_buffered()
    consumer.shutdown()
    assert sent.flushed == 1


def test_what_waits_is_handed_on_to_the_next_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Consumer, "on_close", lambda _consumer: None)
    consumer = make_consumer(Sent())
    consumer.event_dispatcher = EventDispatcher(None, enabled=False, app=Celery())
    consumer.event_dispatcher._group_buffer["task"].append({"type": "task-succeeded"})
    consumer.on_close()
    following = EventDispatcher(None, enabled=False, app=Celery())
    following.extend_buffer(consumer.event_dispatcher)
    assert list(following._outbound_buffer) == [([{"type": "task-succeeded"}], "task.multi")]


def test_without_an_event_loop_nothing_waits() -> None:
    consumer = make_consumer(Sent())
    consumer.hub = None
    consumer.on_send_event_buffered()
    assert consumer._flush_due is None


def test_workers_have_this_consumer(environment: pytest.MonkeyPatch) -> None:
    get_settings.cache_clear()
    config = runpy.run_path(str(Path(__file__).parents[3] / "celeryconfig.py"))
    get_settings.cache_clear()
    assert config["worker_consumer"] == f"{BatchingConsumer.__module__}:{BatchingConsumer.__name__}"
