"""Processes read only well-formed messages from Redis, and every read has a timeout."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from queue import Empty
from threading import Thread
from typing import Any, Final

import pytest
import redis
from celery import Celery
from kombu.transport import TRANSPORT_ALIASES, _transport_cache, get_transport_cls

from tests.messages.well_formed import TASK, changed, command, encoded, event, message, raw
from worker.celery_extensions import broker
from worker.celery_extensions.broker import BoundedPubSub
from worker.rules.wire.refusals import RefusedMessage


def test_reading_a_silent_subscription_ends(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        subscription = BoundedPubSub(client.connection_pool)
        subscription.subscribe("news")
        assert subscription.parse_response()[0] == "subscribe"
        answers: list[object] = []
        reader = Thread(target=lambda: answers.append(subscription.parse_response()), daemon=True)
        reader.start()
        reader.join(10)
        assert answers == [None]
        client.publish("news", "hello")
        assert subscription.parse_response()[-1] == "hello"
        subscription.close()


def test_our_processes_read_redis_that_way(redis_url: str) -> None:
    broker.install()
    with Celery(broker=redis_url, set_as_current=False).connection_for_read() as connection:
        assert isinstance(connection.default_channel.subclient, BoundedPubSub)


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_a_connection_made_before_changes_nothing_of_that(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setitem(TRANSPORT_ALIASES, scheme, "kombu.transport.redis:Transport")
    monkeypatch.delitem(_transport_cache, scheme, raising=False)
    assert get_transport_cls(scheme) is not broker.Transport
    broker.install()
    assert get_transport_cls(scheme) is broker.Transport


DEFAULT_QUEUE_SCRIPT: Final = """
import sys
from celery.app.trace import trace_task
from worker.celery_extensions import broker
from worker.app import app

app.loader.import_default_modules()
for name, queue in (
    ("tasks.birthday.greet", "celery"), ("tasks.birthday.greet", "birthday"), ("tasks.dispatch", "celery"),
):
    came_by = {"delivery_info": {"routing_key": queue}}
    trace_task(app.tasks[name], "an-id", (), {"no such": "argument"}, came_by, app=app)
print([broker._handlers.is_task(name) for name in ("tasks.dispatch", "tasks.nobodys")])
"""


def test_a_task_in_the_default_queue_goes_on_to_a_browser_worker_once_and_a_control_worker_s_stays(
    redis_url: str, database_url: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("REDIS_URL", redis_url)
    environment.setenv("DATABASE_URL", database_url)
    done = subprocess.run(
        [sys.executable, "-c", DEFAULT_QUEUE_SCRIPT], check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[True, False]"
    with redis.Redis.from_url(redis_url) as client:
        (item,) = client.lrange("birthday", 0, -1)
        assert client.llen("control") == client.llen("celery") == 0
    sent = json.loads(item)
    assert sent["headers"]["task"] == "tasks.birthday.greet"
    assert json.loads(base64.b64decode(sent["body"]))[1] == {"no such": "argument"}


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


WELL_FORMED: Final = {"/0.celery.pidbox": raw(command()), "/0.celeryev/worker.heartbeat": raw(event())}


@pytest.mark.parametrize("how", ["subscribe", "psubscribe"])
def test_what_is_published_is_checked_by_its_channel(
    redis_url: str, refused: list[RefusedMessage], how: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        subscription = BoundedPubSub(client.connection_pool)
        for channel in (*WELL_FORMED, "/0.anothers"):
            getattr(subscription, how)(channel)
            subscription.parse_response()
        taken = []
        for channel in (*WELL_FORMED, "/0.anothers"):
            for item in (b"[]", WELL_FORMED.get(channel, b"what it likes")):
                client.publish(channel, item)
                taken.append(subscription.parse_response())
        subscription.close()
    found = [answer[-1] for answer in taken if answer]
    assert found == [*WELL_FORMED.values(), b"[]", b"what it likes"]
    assert [one.queue for one in refused] == ["celery.pidbox", "celeryev"]


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


def test_a_key_that_becomes_another_kind_lets_celery_connect_anew(connection: Any) -> None:
    with connection.SimpleQueue("control").consumer:
        connection.default_channel.client.set("control", "no list")
        with pytest.raises(connection.connection_errors):
            connection.drain_events(timeout=5)


def test_what_is_in_a_queue_when_a_worker_connects_stays_there(connection: Any) -> None:
    connection.default_channel.client.lpush("control", raw(message()))
    assert len(received(connection, "control")) == 1


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
    channel._accept_queued(b"full", b"garbage")
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


def test_commands_of_a_channel_share_a_client_until_its_pool_is_another(connection: Any) -> None:
    channel = connection.default_channel
    with channel.conn_or_acquire() as first, channel.conn_or_acquire() as second:
        assert first is second
    assert channel.client is not first  # it reads messages, on a connection of its own
    channel._disconnect_pools()
    with channel.conn_or_acquire() as later:
        assert later is not first
        assert later.ping()
