"""Processes read only well-formed messages from Redis, and every read has a timeout."""

import json
from collections.abc import Iterator
from queue import Empty
from threading import Thread
from typing import Any

import pytest
import redis
from celery import Celery

from tests.messages.well_formed import TASK, changed, command, encoded, message, raw
from worker import broker
from worker.broker import BoundedPubSub
from worker.rules.wire.refusals import RefusedMessage


def test_reading_a_silent_subscription_ends(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        subscription = BoundedPubSub(client.connection_pool)
        subscription.subscribe("news")
        assert subscription.parse_response()[0] == "subscribe"
        answers: list[object] = []
        reader = Thread(target=lambda: answers.append(subscription.parse_response()), daemon=True)
        reader.start()
        reader.join(30)
        assert answers == [None]
        client.publish("news", "hello")
        assert subscription.parse_response()[-1] == "hello"
        subscription.close()


def test_our_processes_read_redis_that_way(redis_url: str) -> None:
    broker.install()
    with Celery(broker=redis_url, set_as_current=False).connection_for_read() as connection:
        assert isinstance(connection.default_channel.subclient, BoundedPubSub)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[RefusedMessage]:
    """The messages refused during the test."""
    found: list[RefusedMessage] = []
    monkeypatch.setattr(broker._handlers, "on_refused", found.append)
    monkeypatch.setattr(broker._handlers, "is_task", {TASK}.__contains__)
    return found


@pytest.fixture
def connection(redis_url: str, refused: list[RefusedMessage]) -> Iterator[Any]:
    broker.install()
    with Celery(broker=redis_url, set_as_current=False).connection_for_read() as connection:
        yield connection


def received(connection: Any, queue: str) -> list[object]:
    """Return the bodies that a consumer of this queue receives until it is empty."""
    found: list[object] = []

    def take(body: object, taken: Any) -> None:
        found.append(body)
        taken.ack()

    with connection.SimpleQueue(queue).consumer as consumer:
        consumer.register_callback(take)
        while connection.default_channel.client.llen(queue):
            connection.drain_events(timeout=5)
    return found


@pytest.mark.parametrize(
    "key", ["control", "control\x06\x163", "unacked", "unacked_index", "_kombu.binding.control"]
)
def test_a_key_of_another_kind_is_moved_aside_and_messages_come(
    redis_url: str, key: str, refused: list[RefusedMessage]
) -> None:
    broker.install()
    with redis.Redis.from_url(redis_url) as client:
        client.set(key, "x")
        with Celery(broker=redis_url, set_as_current=False).connection_for_read() as connection:
            connection.SimpleQueue("control").close()
            client.lpush("control", raw(message()))
            assert len(received(connection, "control")) == 1
        assert client.get(f"rapport:refused:{key}") == b"x"
    assert refused == []


def test_a_refused_message_is_gone_and_the_next_one_comes(
    connection: Any, refused: list[RefusedMessage]
) -> None:
    client = connection.default_channel.client
    client.lpush("control", b"garbage", raw(message(headers={"shadow": ["x"]})), raw(message()))
    assert len(received(connection, "control")) == 1
    assert [(one.queue, one.reason, one.task) for one in refused] == [
        ("control", "not_json", None), ("control", "bad_header", TASK),
    ]  # fmt: skip
    assert client.hlen("unacked") == client.zcard("unacked_index") == 0


def test_many_refused_in_one_queue_do_not_hold_up_another(
    connection: Any, refused: list[RefusedMessage]
) -> None:
    channel = connection.default_channel
    channel._queue_cycle.update(["full", "other"])
    channel._admits(b"full", b"garbage")
    assert channel._queue_cycle.consume(2) == ["other", "full"]


def test_an_answer_to_a_command_is_checked_as_one(connection: Any, refused: list[RefusedMessage]) -> None:
    queue = "some-id.reply.celery.pidbox"
    answer = changed(command(), {"headers": {"ticket": "t"}, "body": encoded(json.dumps({"a@b": "pong"}))})
    connection.default_channel.client.lpush(
        queue, b"[]", raw(changed(answer, {"headers": {"clock": "x"}})), raw(answer)
    )
    assert received(connection, queue) == [{"a@b": "pong"}]
    assert [one.reason for one in refused] == ["bad_envelope", "bad_reply"]


BROKEN = {
    "words": b"no JSON", "null": b"null", "a list": b"[]", "deep": b"[" * 50_000, "a number": b"9" * 5_000,
    "nothing": b"", "no message": b'[null, "control", "control"]',
    "no key": json.dumps([message(), "control", None]).encode(),
    "no headers": json.dumps([changed(message(), {"headers": 5}), "", "control"]).encode(),
    "odd priority": json.dumps([message(properties={"priority": 10**30}), "", "control"]).encode(),
}  # fmt: skip


def test_what_is_unacknowledged_is_put_back_and_what_is_broken_is_dropped(
    connection: Any, refused: list[RefusedMessage]
) -> None:
    channel = connection.default_channel
    for tag, entry in {**BROKEN, "well": json.dumps([message(), "", "control"]).encode()}.items():
        channel.client.hset("unacked", tag, entry)
        channel.client.zadd("unacked_index", {tag: 0})
    channel.qos.restore_visible(interval=1, num=100)
    assert channel.client.hlen("unacked") == channel.client.zcard("unacked_index") == 0
    assert {one.reason for one in refused} == {"bad_unacked"}
    assert len(refused) == len(BROKEN)
    assert len(received(connection, "control")) == 1


def test_without_a_message_a_consumer_waits(connection: Any) -> None:
    with pytest.raises((TimeoutError, Empty)), connection.SimpleQueue("control").consumer:
        connection.drain_events(timeout=0.1)
