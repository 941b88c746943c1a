"""The queues: what waits in each, and which workers take messages from it.

The main process of each worker records what it consumes every few seconds (worker/watchdog.py), so that a
worker that answers pings and takes nothing is told from one that works. All times are Redis' own.
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
from worker.redis_address import RedisAddress
from worker.rules.model import Kind

BROWSER_QUEUES: Final = ("birthday", "visitor", "sourcing")
DEFAULT_QUEUE: Final = "celery"
CONTROL_QUEUES: Final = ("control", DEFAULT_QUEUE)
"""A client without our code knows only Celery's default queue."""
ALL_QUEUES: Final = (*BROWSER_QUEUES, *CONTROL_QUEUES)

QUEUE_OF_KIND: Final[Mapping[Kind, str]] = {
    Kind.GREET: "birthday",
    Kind.VISIT: "visitor",
    Kind.COLLECT: "sourcing",
    Kind.WITHDRAW: "visitor",
}
"""Where an action's message goes, as the routes in celeryconfig.py have it."""

FRESH_S: Final = 15.0
"""A record that is older is that of a worker that is gone; it is written every 5 s."""
ASKS_S: Final = 30.0
"""An idle worker asks each second (Kombu's BRPOP timeout). Kombu mends a dead connection within 21 s."""

_TIMEOUT_S: Final = 2.0
_CONSUMERS: Final = "rapport:consumers"
_HEADS: Final = "rapport:heads"
_FORGET_S: Final = 3600
_PRIORITIES: Final = ("", "\x06\x163", "\x06\x166", "\x06\x169")
"""Kombu keeps a list for each of four priorities, which a foreign client may use."""
_SCRIPT: Final = files("worker").joinpath("waiting.lua").read_text("utf-8")


class Consumer(BaseModel):
    """What a worker recorded of itself at the time `at`, by Redis' clock. All in seconds.

    `asked_s` ago it asked Redis for a message, None where it never did. `busy_s` ago at the latest it began a
    task that is not over and within its time limit; meanwhile it asks for nothing.
    """

    model_config = ConfigDict(frozen=True)

    at: float
    queues: tuple[str, ...]
    asked_s: float | None
    busy_s: float | None

    @property
    def busy(self) -> bool:
        """Whether it carries out a task."""
        return self.busy_s is not None

    @property
    def takes(self) -> bool:
        """Whether it takes messages of its queues, or will when its task is over."""
        return self.busy or (self.asked_s is not None and self.asked_s < ASKS_S)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many messages wait in a queue, and how long at least the longest has been next in line."""

    count: int
    oldest_s: float

    def __str__(self) -> str:
        """As part of a sentence."""
        return f"{self.count} waiting" + (f" for {self.oldest_s:.0f} s or more" if self.oldest_s >= 1 else "")


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """All queues and the workers whose record is fresh, by name, at the time `at`."""

    at: float
    waiting: Mapping[str, Backlog]
    consumers: Mapping[str, Consumer]

    def consumers_of(self, queue: str) -> list[str]:
        """Return the names of the workers that take messages of `queue`.

        An idle worker that has left the same message waiting for long takes none, whatever it asks for.
        """
        here = {name: c for name, c in self.consumers.items() if queue in c.queues and c.takes}
        stuck = self.waiting[queue].oldest_s >= ASKS_S and not any(c.busy for c in here.values())
        return [] if stuck else sorted(here)

    def unconsumed(self, queues: Collection[str]) -> list[str]:
        """Return those of `queues` that nobody takes messages of."""
        return [queue for queue in queues if not self.consumers_of(queue)]

    def says(self, queues: Collection[str]) -> str:
        """Say in one line who takes messages of `queues`, or of which of them nobody does."""
        if unconsumed := self.unconsumed(queues):
            numbers = ", ".join(f"{queue} has {self.waiting[queue]}" for queue in unconsumed)
            return f"nobody takes messages of: {', '.join(unconsumed)} ({numbers})"
        return "; ".join(
            f"{queue}: {self.waiting[queue]}, taken by {', '.join(self.consumers_of(queue))}"
            for queue in queues
        )


def connect(address: RedisAddress) -> redis.Redis:
    """Return a client whose every call ends within seconds."""
    return redis.Redis(
        **address.client_options(),
        decode_responses=True,
        encoding_errors="replace",  # anybody may have written what is read here
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


def take_snapshot_at(address: RedisAddress) -> QueueSnapshot:
    """Look at all queues once. Changes nothing. Raises TryAgainError where Redis can't tell."""
    with connect(address) as client:
        return take_snapshot(client)


def take_snapshot(client: redis.Redis) -> QueueSnapshot:
    """Look at all queues. Changes nothing. Raises TryAgainError where Redis can't tell."""
    with _told_as_ours():
        return _look(client, "look")


def record_consumer(
    client: redis.Redis, name: str, queues: Collection[str], *, asked_s: float | None, busy_s: float | None
) -> QueueSnapshot:
    """Record what the worker `name` consumes now, and return what there was before.

    Also remembers for how long the next message of each queue has been that. Raises TryAgainError where
    Redis can't be written to.
    """
    with _told_as_ours():
        before = _look(client, "note")
        mine = Consumer(at=before.at, queues=tuple(queues), asked_s=asked_s, busy_s=busy_s)
        with client.pipeline(transaction=False) as pipe:
            pipe.hset(_CONSUMERS, name, mine.model_dump_json())
            pipe.expire(_CONSUMERS, _FORGET_S)
            pipe.expire(_HEADS, _FORGET_S)
            pipe.hkeys(_CONSUMERS)
            *_, known = pipe.execute()
        if gone := set(known) - {name, *before.consumers}:
            client.hdel(_CONSUMERS, *gone)
        return before


def remove_consumer(client: redis.Redis, name: str) -> None:
    """Take out the record of a worker that ends. Raises TryAgainError where Redis can't be written to."""
    with _told_as_ours():
        client.hdel(_CONSUMERS, name)


def drop_unacknowledged(client: redis.Redis, tags: Collection[str]) -> None:
    """Drop messages that a worker took and did not acknowledge; Kombu gives them back to nobody then.

    Raises TryAgainError where Redis can't be written to.
    """
    with _told_as_ours(), client.pipeline() as pipe:
        for tag in tags:
            pipe.zrem("unacked_index", tag)
            pipe.hdel("unacked", tag)
        pipe.execute()


def _look(client: redis.Redis, how: str) -> QueueSnapshot:
    lists = [queue + priority for queue in ALL_QUEUES for priority in _PRIORITIES]
    with client.pipeline(transaction=False) as pipe:
        pipe.eval(_SCRIPT, len(lists) + 1, _HEADS, *lists, how)
        pipe.hgetall(_CONSUMERS)
        (now_ms, *numbers), written = pipe.execute()
    at, per_queue = now_ms / 1000, 2 * len(_PRIORITIES)
    waiting = {}
    for place, queue in enumerate(ALL_QUEUES):
        told = numbers[place * per_queue : (place + 1) * per_queue]
        waiting[queue] = Backlog(count=sum(told[::2]), oldest_s=max(told[1::2]) / 1000)
    return QueueSnapshot(at, waiting, dict(_fresh(written, at)))


def _fresh(written: Mapping[str, Any], at: float) -> Iterator[tuple[str, Consumer]]:
    for name, text in written.items():
        try:
            consumer = Consumer.model_validate_json(text)
        except ValidationError:  # not a worker's; the next one to record itself takes it out
            continue
        if abs(at - consumer.at) < FRESH_S:
            yield name, consumer


@contextmanager
def _told_as_ours() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise TryAgainError(
            Reason.BROKER_UNREACHABLE, f"Redis does not answer: {type(error).__name__}"
        ) from error
