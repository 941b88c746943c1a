"""Which workers count as consumers of a queue, and when an idle worker is frozen."""

import json
import runpy
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis
from celery import Celery

from tasks.actions.kinds import ACTION_TYPES
from worker import queues
from worker.celery_extensions import watchdog
from worker.celery_extensions.consumer_probe import ConsumerSnapshot
from worker.celery_extensions.watchdog import BEATS_UNTIL_FROZEN, Watchdog
from worker.errors import TryAgainError
from worker.queues import Load, QueueSnapshot
from worker.servers import redis_address
from worker.settings import get_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with queues.connect(redis_address.parse(redis_url)) as client:
        yield client


def record(
    client: redis.Redis, *consumed: str, asked_s: float | None = 0, busy_s: float | None = None
) -> QueueSnapshot:
    """Record a worker, and return a snapshot."""
    queues.record_consumer(client, "one@box", consumed, asked_s=asked_s, busy_s=busy_s)
    return queues.take_snapshot(client)


def test_only_who_asks_or_is_busy_takes_messages(client: redis.Redis) -> None:
    assert record(client, "birthday").consumers_of("birthday") == ["one@box"]
    assert record(client, "visitor").consumers_of("birthday") == []
    for asked_s in (None, queues.POLL_LIMIT_S + 1):
        assert record(client, "birthday", asked_s=asked_s).consumers_of("birthday") == []
        assert record(client, "birthday", asked_s=asked_s, busy_s=100).consumers_of("birthday") == ["one@box"]


def test_the_load_of_a_worker_is_recorded_and_a_record_without_one_is_read(client: redis.Redis) -> None:
    load = Load(up_s=60, children=2, running=1, memory_bytes=300_000_000)
    queues.record_consumer(client, "new@box", ["birthday"], asked_s=0, busy_s=None, load=load)
    of_old = {"at": queues.take_snapshot(client).at, "queues": ["birthday"], "asked_s": 0, "busy_s": None}
    client.hset("rapport:consumers", "old@box", json.dumps(of_old))
    consumers = queues.take_snapshot(client).consumers
    assert consumers["new@box"].load == load
    assert consumers["old@box"].load is None
    assert consumers["old@box"].is_consuming


def test_a_worker_that_falls_silent_takes_nothing_and_its_record_goes(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(client, "birthday")
    monkeypatch.setattr(queues, "FRESH_S", 0)
    assert queues.take_snapshot(client).consumers == {}
    queues.record_consumer(client, "two@box", ["birthday"], asked_s=0, busy_s=None)
    assert client.hkeys("rapport:consumers") == ["two@box"]
    queues.remove_consumer(client, "two@box")
    assert client.hkeys("rapport:consumers") == []


def grow_older(client: redis.Redis, by_s: float) -> None:
    """Pretend that the next message of `birthday` was first seen `by_s` seconds earlier."""
    known = str(client.hget("rapport:heads", "birthday"))
    client.hset("rapport:heads", "birthday", known[:40] + str(int(known[40:]) - int(1000 * by_s)))


def test_a_message_that_idle_workers_leave_waiting_is_taken_by_nobody(client: redis.Redis) -> None:
    client.lpush("birthday", "first", "second")
    assert record(client, "birthday").consumers_of("birthday") == ["one@box"]
    grow_older(client, by_s=queues.POLL_LIMIT_S)
    look = record(client, "birthday")
    assert look.consumers_of("birthday") == []
    assert look.describe(["birthday"]).startswith(
        "nobody takes messages of: birthday (birthday has 2 waiting for 3"
    )
    assert record(client, "birthday", busy_s=3).consumers_of("birthday") == ["one@box"]


def test_how_long_a_message_waits_is_counted_from_when_it_became_the_next(client: redis.Redis) -> None:
    def oldest_s() -> float:
        return queues.take_snapshot(client).waiting["birthday"].oldest_s

    client.lpush("birthday", "first")
    assert oldest_s() == 0  # nobody has seen it before
    record(client, "birthday")
    grow_older(client, by_s=5)
    assert oldest_s() >= 5
    client.lpush("birthday", "second")
    assert oldest_s() >= 5  # it joined at the other end
    client.rpop("birthday")
    assert oldest_s() == 0
    client.delete("birthday")
    record(client, "birthday")
    assert client.hkeys("rapport:heads") == []


def test_a_message_of_any_priority_is_counted(client: redis.Redis, redis_url: str) -> None:
    with Celery(broker=redis_url, set_as_current=False) as outsider:
        for priority in (0, 4, 9):
            outsider.send_task("any", queue="birthday", priority=priority)
    assert queues.take_snapshot(client).waiting["birthday"].count == 3


def test_what_a_frozen_worker_took_is_given_back_to_nobody(client: redis.Redis) -> None:
    for tag in ("held", "another"):
        client.hset("unacked", tag, "a message")
        client.zadd("unacked_index", {tag: 1})
    queues.drop_unacknowledged(client, ["held"])
    assert client.hkeys("unacked") == client.zrange("unacked_index", 0, -1) == ["another"]


def test_looking_changes_nothing(client: redis.Redis) -> None:
    queues.take_snapshot(client)
    client.lpush("birthday", "one")
    queues.take_snapshot(client)
    assert client.keys("*") == ["birthday"]


@pytest.mark.parametrize("junk", [b"", b"{}", b"\xff\xfe", b'{"at": "x"}', b"[" * 5000])
def test_what_others_wrote_into_our_keys_harms_nobody(client: redis.Redis, junk: bytes) -> None:
    client.hset("rapport:consumers", "evil", junk)
    client.lpush("birthday", "one")
    client.hset("rapport:heads", "birthday", junk)
    assert record(client, "birthday").consumers_of("birthday") == ["one@box"]
    assert client.hkeys("rapport:consumers") == ["one@box"]
    known = str(client.hget("rapport:heads", "birthday"))
    client.hset("rapport:heads", "birthday", f"{known[:40]}no number")
    assert queues.take_snapshot(client).waiting["birthday"].oldest_s == 0


def test_a_redis_that_accepts_and_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "_TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TryAgainError, match="TimeoutError"):
        queues.take_snapshot_at(redis_address.parse(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))


def test_the_messages_of_each_kind_are_routed_to_its_queue(
    environment: pytest.MonkeyPatch,
) -> None:
    get_settings.cache_clear()
    config = runpy.run_path(str(ROOT / "celeryconfig.py"))
    get_settings.cache_clear()
    with Celery(set_as_current=False) as app:
        app.conf.update(task_routes=config["task_routes"], task_queues=config["task_queues"])
        for kind, action in ACTION_TYPES.items():
            assert app.amqp.router.route({}, action.task)["queue"].name == queues.QUEUE_OF_KIND[kind]


@pytest.mark.parametrize(
    ("restarting", "told", "again"), [(True, False, 1), (True, True, 0), (False, False, 0)]
)
def test_a_worker_starts_again_only_where_it_is_to_and_nobody_told_it_to_end(
    monkeypatch: pytest.MonkeyPatch, *, restarting: bool, told: bool, again: int
) -> None:
    programs: list[object] = []
    monkeypatch.setattr("os.execv", lambda *program: programs.append(program))
    dog = Watchdog(SimpleNamespace(hostname="one@box"))
    dog._restarting = restarting
    if told:
        dog._on_signal()
    dog._on_end()
    assert len(programs) == again


WAITS = ConsumerSnapshot(wanted=["birthday"], consumed=["birthday"], asked_at=1.0)


class Beats:
    """A watchdog with a scripted worker."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self.dog = Watchdog(SimpleNamespace(hostname="one@box"))

    def until_frozen(self, seen: ConsumerSnapshot, most: int = 3 * BEATS_UNTIL_FROZEN) -> int | None:
        """Return on which beat with this snapshot the worker counts as frozen, or None."""
        return next((n for n in range(1, most + 1) if self.dog._beat(self._client, seen)), None)


@pytest.fixture
def beats(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Beats:
    monkeypatch.setattr(watchdog, "MIN_UPTIME_S", -1)
    client.lpush("birthday", "one")
    return Beats(client)


def test_a_worker_is_frozen_when_it_leaves_messages_waiting_for_long(beats: Beats) -> None:
    assert beats.until_frozen(WAITS) == BEATS_UNTIL_FROZEN + 1


def test_a_worker_that_asks_for_messages_is_not_frozen(beats: Beats) -> None:
    seen = [replace(WAITS, asked_at=float(at)) for at in range(3 * BEATS_UNTIL_FROZEN)]
    assert not any(beats.until_frozen(one, most=1) for one in seen)


def test_a_worker_that_lost_a_queue_is_frozen_though_it_asks_for_others(beats: Beats) -> None:
    seen = [
        ConsumerSnapshot(wanted=["birthday", "visitor"], consumed=["visitor"], asked_at=at)
        for at in range(BEATS_UNTIL_FROZEN)
    ]
    assert [beats.until_frozen(one, most=1) for one in seen] == [None] * (BEATS_UNTIL_FROZEN - 1) + [1]


@pytest.mark.parametrize(
    "seen",
    [
        ConsumerSnapshot(wanted=["birthday"], consumed=["birthday"], asked_at=1.0, busy_since=1.0),
        ConsumerSnapshot(wanted=["visitor"], consumed=["visitor"], asked_at=1.0),
        ConsumerSnapshot(wanted=["another"], consumed=["another"], asked_at=1.0),
    ],
    ids=["busy", "a person cancelled the queue", "a queue that a person added"],
)
def test_a_worker_with_a_reason_is_not_frozen(beats: Beats, seen: ConsumerSnapshot) -> None:
    assert beats.until_frozen(seen) is None


def test_a_worker_without_messages_is_not_frozen(beats: Beats, client: redis.Redis) -> None:
    client.delete("birthday")
    assert beats.until_frozen(WAITS) is None


def test_a_young_worker_and_one_that_just_lost_redis_are_given_time(
    beats: Beats, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "MIN_UPTIME_S", 60)
    assert beats.until_frozen(WAITS) is None
    monkeypatch.setattr(watchdog, "MIN_UPTIME_S", -1)
    with queues.connect(redis_address.parse("redis://127.0.0.1:1/0")) as away:
        assert beats.dog._beat(away, WAITS) == {}
    assert beats.until_frozen(WAITS) is None


def test_a_worker_is_first_recorded_when_it_asks_for_messages(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dog = Watchdog(SimpleNamespace(hostname="one@box"))
    seen = iter([ConsumerSnapshot(), replace(WAITS, asked_at=None), WAITS])
    recorded: list[ConsumerSnapshot] = []

    def record(_client: redis.Redis, snapshot: ConsumerSnapshot, _load: Load) -> dict[str, object]:
        recorded.append(snapshot)
        dog._stopped.set()
        return {}

    monkeypatch.setattr(watchdog, "_POLL_S", 0.001)
    monkeypatch.setattr(
        watchdog, "get_settings", lambda: SimpleNamespace(redis=redis_address.parse(redis_url))
    )
    probe = SimpleNamespace(take_snapshot=lambda: next(seen), count_children=lambda: (1, 0))
    monkeypatch.setattr(dog, "_probe", probe)
    monkeypatch.setattr(dog, "_beat", record)
    dog._watch()
    assert recorded == [WAITS]
