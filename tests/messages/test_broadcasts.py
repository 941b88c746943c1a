"""Commands, replies and events: malformed ones are refused, Celery's own are accepted."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from celery import Celery
from hypothesis import given
from hypothesis import strategies as st

from tests.messages.broadcasts import command_kinds, event_kinds
from tests.messages.test_tasks import anything
from tests.messages.well_formed import changed, command, encoded, event, events, raw
from worker.messages.broadcast import check_command, check_event, check_reply
from worker.rules.wire.refusals import MessageRefusedError


def test_every_kind_of_malformed_command_is_refused() -> None:
    assert [kind for kind, item in command_kinds().items() if not is_refused(check_command, item)] == []


def test_a_command_holds_nothing_that_acts_on_a_terminal() -> None:
    check_command(raw(command("query_task", {"ids": ["an-id"]})))
    assert is_refused(check_command, raw(command("query_task", {"ids": ["\x1b[2J"]})))


def test_every_kind_of_malformed_event_is_refused() -> None:
    assert [kind for kind, item in event_kinds().items() if not is_refused(check_event, item)] == []


def is_refused(check: Any, item: bytes) -> bool:
    try:
        check(item)
    except MessageRefusedError:
        return True
    return False


def test_what_was_changed_to_make_the_kinds_is_well_formed() -> None:
    check_command(raw(command()))
    check_event(raw(event()))


@contextmanager
def listening(redis_url: str, pattern: str) -> Iterator[list[bytes]]:
    """Collect what is published on these channels while the block runs."""
    found: list[bytes] = []
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as subscription:
        subscription.psubscribe(pattern)
        assert subscription.get_message(timeout=60) is not None
        yield found
        while message := subscription.get_message(timeout=0.1):
            found.append(message["data"])


def test_the_commands_of_flower_and_the_command_line_are_taken(redis_url: str) -> None:
    with listening(redis_url, "*pidbox*") as found, Celery(broker=redis_url, set_as_current=False) as client:
        control, inspect = client.control, client.control.inspect(timeout=0.01)
        control.enable_events()
        control.broadcast("heartbeat")
        control.pool_grow(2, ["a@b"])
        control.pool_shrink(1)
        control.rate_limit("tasks.dispatch", "10/m")
        control.rate_limit("tasks.dispatch", 0)
        control.time_limit("tasks.dispatch", soft=5, hard=10)
        control.add_consumer("birthday")
        control.cancel_consumer("birthday", ["a@b"])
        control.revoke(["x", "y"], terminate=True, signal="SIGKILL")
        control.shutdown(["a@b"])
        for ask in (
            inspect.ping,
            inspect.stats,
            inspect.active_queues,
            inspect.registered,
            inspect.conf,
            inspect.active,
        ):
            ask()
        inspect.hello("a@b", ["x"])
        inspect.query_task("x")
    assert len(found) > 15
    for item in found:
        check_command(item)


def test_the_events_of_workers_and_clients_are_taken(redis_url: str) -> None:
    with (
        listening(redis_url, "*celeryev*") as found,
        Celery(broker=redis_url, set_as_current=False) as client,
    ):
        with client.events.Dispatcher(
            client.connection_for_write(), hostname="a@b", buffer_group={"task"}
        ) as dispatcher:
            dispatcher.send(
                "worker-online",
                freq=2.0,
                active=0,
                processed=3,
                loadavg=(0.1, 0.2, 0.3),
                sw_ident="py-celery",
            )
            dispatcher.send(
                "task-received", uuid="x", name="tasks.dispatch", args="()", kwargs="{}", retries=0, eta=None
            )
            dispatcher.send("task-failed", uuid="x", exception="Error('\x1b[2m')", traceback="line\nline")
            dispatcher.send("task-revoked", uuid="x", terminated=True, signum="15", expired=False)
            dispatcher.flush()
        client.conf.task_send_sent_event = True
        client.send_task("tasks.dispatch", kwargs={"a": 1}, queue="taken")
    assert len(found) == 3
    for item in found:
        check_event(item)


def test_a_reply_is_an_object(redis_url: str) -> None:
    reply = changed(command(), {"headers": {"ticket": "t", "clock": 7}})
    check_reply(raw({**reply, "body": encoded(json.dumps({"a@b": {"ok": "pong"}}))}))
    for odd in ("[]", "5", "null", '"x"'):
        with pytest.raises(MessageRefusedError):
            check_reply(raw({**reply, "body": encoded(odd)}))


@given(
    name=st.sampled_from(["method", "arguments", "destination", "reply_to", "ticket", "pattern"]),
    value=anything,
)
def test_nothing_but_a_refusal_comes_of_any_command(name: str, value: object) -> None:
    is_refused(check_command, raw(command(**{"method": "time_limit", name: value})))


@given(content=anything, routing_key=st.sampled_from(["worker.heartbeat", "task.multi"]))
def test_nothing_but_a_refusal_comes_of_any_event(content: object, routing_key: str) -> None:
    is_refused(check_event, raw(events(content, routing_key)))
