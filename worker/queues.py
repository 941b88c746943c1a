"""The queues: the backlog of each, and the workers that consume it.

The main process of each worker records its consumer every few seconds
(worker/celery_extensions/watchdog.py). This distinguishes a working worker from one that answers pings but
takes no messages. All times are those of Redis.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import redis
from pydantic import BaseModel, ConfigDict, ValidationError
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.errors import Reason, TryAgainError
from worker.rules.model import Kind
from worker.servers import redis_clients
from worker.servers.redis_address import RedisAddress

BROWSER_QUEUES: Final = ("birthday", "visitor", "sourcing")
DEFAULT_QUEUE: Final = "celery"
CONTROL_QUEUES: Final = ("control", DEFAULT_QUEUE)
"""Clients without Rapport's code publish to Celery's default queue."""
ALL_QUEUES: Final = (*BROWSER_QUEUES, *CONTROL_QUEUES)

QUEUE_OF_KIND: Final[Mapping[Kind, str]] = {
    Kind.GREET: "birthday",
    Kind.VISIT: "visitor",
    Kind.COLLECT: "sourcing",
    Kind.WITHDRAW: "visitor",
}
"""The queue of each kind of action, in agreement with the routes in celeryconfig.py."""

FRESH_S: Final = 15.0
"""A record older than this belongs to a worker that has ended; records are written every 5 s."""
POLL_LIMIT_S: Final = 30.0
"""An idle worker polls every second (Kombu's BRPOP timeout); Kombu repairs a dead connection within 21 s."""

RETURN_S: Final = 30.0
"""After Redis has started, workers connect again within 21 s, and record it within 5 s."""

_TIMEOUT_S: Final = 2.0
_CONSUMERS: Final = "rapport:consumers"
_HEADS: Final = "rapport:heads"
_EXPIRE_S: Final = 3600
_PRIORITIES: Final = ("", "\x06\x163", "\x06\x166", "\x06\x169")
"""The suffixes of Kombu's lists, one for each priority. Other clients may use them."""
_SCRIPT: Final = files("worker").joinpath("waiting.lua").read_text("utf-8")


class Load(BaseModel):
    """What a worker's processes do: `running` of its `children` run a task, and it has been up for `up_s`.

    `memory_bytes` is the resident memory of all its processes with their browsers, None if it isn't known.
    """

    model_config = ConfigDict(frozen=True)

    up_s: float
    children: int
    running: int
    memory_bytes: int | None


class Consumer(BaseModel):
    """A worker's record of its consumer, made at `at` by Redis' clock. All times are in seconds.

    `asked_s` is how long ago it polled Redis for a message, None for never. `busy_s` is how long its oldest
    task within the time limit has run, None if it is idle. A busy worker doesn't poll. `load` is for people
    only; a worker of an earlier version doesn't record it.
    """

    model_config = ConfigDict(frozen=True)

    at: float
    queues: tuple[str, ...]
    asked_s: float | None
    busy_s: float | None
    load: Load | None = None

    @property
    def is_busy(self) -> bool:
        """Whether it runs a task."""
        return self.busy_s is not None

    @property
    def is_consuming(self) -> bool:
        """Whether it takes messages, or will after its task."""
        return self.is_busy or (self.asked_s is not None and self.asked_s < POLL_LIMIT_S)


@dataclass(frozen=True, slots=True)
class Backlog:
    """The length of a queue, and for how long, at least, its next message has been first in line."""

    count: int
    oldest_s: float

    def __str__(self) -> str:
        """Return it as part of a sentence."""
        return f"{self.count} waiting" + (f" for {self.oldest_s:.0f} s or more" if self.oldest_s >= 1 else "")


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """The backlog of every queue and the workers with a fresh record, by name, at the time `at`."""

    at: float
    waiting: Mapping[str, Backlog]
    consumers: Mapping[str, Consumer]

    def consumers_of(self, queue: str) -> list[str]:
        """Return the names of the workers that consume `queue`.

        Returns none if all are idle and the next message has not changed for long: they don't take it.
        """
        found = {name: c for name, c in self.consumers.items() if queue in c.queues and c.is_consuming}
        stuck = self.waiting[queue].oldest_s >= POLL_LIMIT_S and not any(c.is_busy for c in found.values())
        return [] if stuck else sorted(found)

    def unconsumed(self, queues: Collection[str]) -> list[str]:
        """Return those of `queues` that no worker consumes."""
        return [queue for queue in queues if not self.consumers_of(queue)]

    def describe(self, queues: Collection[str]) -> str:
        """Return one line that names the workers that consume `queues`, or the queues without a worker."""
        if unconsumed := self.unconsumed(queues):
            numbers = ", ".join(f"{queue} has {self.waiting[queue]}" for queue in unconsumed)
            return f"nobody takes messages of: {', '.join(unconsumed)} ({numbers})"
        return "; ".join(
            f"{queue}: {self.waiting[queue]}, taken by {', '.join(self.consumers_of(queue))}"
            for queue in queues
        )


def connect(address: RedisAddress) -> redis.Redis:
    """Return a client whose calls all end within seconds."""
    return redis_clients.connect(
        address,
        decode_responses=True,
        encoding_errors="replace",  # anyone may have written what is read here
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


def take_snapshot_at(address: RedisAddress) -> QueueSnapshot:
    """Connect, and return a snapshot of all queues. Raises TryAgainError if Redis fails."""
    with connect(address) as client:
        return take_snapshot(client)


def may_workers_return(address: RedisAddress) -> bool:
    """Return whether Redis has just started, and its workers have yet to connect to it again.

    Raises TryAgainError if Redis fails.
    """
    with _translate_errors(), connect(address) as client:
        uptime_s = int(client.info("server")["uptime_in_seconds"])
        return uptime_s < RETURN_S and client.hlen(_CONSUMERS) > 0


def take_snapshot(client: redis.Redis) -> QueueSnapshot:
    """Return a snapshot of all queues, changing nothing. Raises TryAgainError if Redis fails."""
    with _translate_errors():
        return _take_snapshot(client, "read")


def record_consumer(
    client: redis.Redis,
    name: str,
    queues: Collection[str],
    *,
    asked_s: float | None,
    busy_s: float | None,
    load: Load | None = None,
) -> QueueSnapshot:
    """Record the consumer of the worker `name`, and return a snapshot of the state before.

    Also records the next message of each queue. Raises TryAgainError if Redis fails.
    """
    with _translate_errors():
        before = _take_snapshot(client, "record")
        record = Consumer(at=before.at, queues=tuple(queues), asked_s=asked_s, busy_s=busy_s, load=load)
        with client.pipeline(transaction=False) as pipe:
            pipe.hset(_CONSUMERS, name, record.model_dump_json())
            pipe.expire(_CONSUMERS, _EXPIRE_S)
            pipe.expire(_HEADS, _EXPIRE_S)
            pipe.hkeys(_CONSUMERS)
            *_, known = pipe.execute()
        if stale := set(known) - {name, *before.consumers}:
            client.hdel(_CONSUMERS, *stale)
        return before


def remove_consumer(client: redis.Redis, name: str) -> None:
    """Delete the record of a worker that ends. Raises TryAgainError if Redis fails."""
    with _translate_errors():
        client.hdel(_CONSUMERS, name)


def drop_unacknowledged(client: redis.Redis, tags: Collection[str]) -> None:
    """Delete unacknowledged messages by delivery tag, so that Kombu doesn't redeliver them.

    Raises TryAgainError if Redis fails.
    """
    with _translate_errors(), client.pipeline() as pipe:
        for tag in tags:
            pipe.zrem("unacked_index", tag)
            pipe.hdel("unacked", tag)
        pipe.execute()


def _take_snapshot(client: redis.Redis, mode: str) -> QueueSnapshot:
    lists = [queue + priority for queue in ALL_QUEUES for priority in _PRIORITIES]
    with client.pipeline(transaction=False) as pipe:
        pipe.eval(_SCRIPT, len(lists) + 1, _HEADS, *lists, mode)
        pipe.hgetall(_CONSUMERS)
        (now_ms, *numbers), written = pipe.execute()
    at, per_queue = now_ms / 1000, 2 * len(_PRIORITIES)
    waiting = {}
    for place, queue in enumerate(ALL_QUEUES):
        part = numbers[place * per_queue : (place + 1) * per_queue]
        waiting[queue] = Backlog(count=sum(part[::2]), oldest_s=max(part[1::2]) / 1000)
    return QueueSnapshot(at, waiting, dict(_fresh(written, at)))


def _fresh(written: Mapping[str, Any], at: float) -> Iterator[tuple[str, Consumer]]:
    for name, text in written.items():
        try:
            consumer = Consumer.model_validate_json(text)
        except ValidationError:  # not written by a worker; the next record deletes it
            continue
        if abs(at - consumer.at) < FRESH_S:
            yield name, consumer


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise TryAgainError(
            Reason.BROKER_UNREACHABLE, f"Redis does not answer: {type(error).__name__}"
        ) from error
