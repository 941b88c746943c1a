"""Malformed broadcasts by kind, each with the channel that it is published on."""

from collections.abc import Iterator, Mapping
from typing import Final

from tests.messages.malformed import NO_COUNT, NO_OBJECT, NO_SHORT_TEXT
from tests.messages.well_formed import ABSENT, HEARTBEAT, changed, command, encoded, event, events, raw

CONTROL: Final = "/0.celery.pidbox"
EVENTS: Final = "/0.celeryev/worker.heartbeat"

Kinds = Iterator[tuple[str, bytes]]

_BYTES: Final[Mapping[str, bytes]] = {
    "a blank": b" ", "garbage": b"\x00\xff garbage", "words": b"shutdown", "deep": b"[" * 100_000,
    "a number of 5 000 digits": b"9" * 5_000, "null": b"null", "a list": b"[]", "an object": b"{}",
    "a type nobody knows": b'{"__type__": "set", "__value__": 1}', "NaN": b'{"body": NaN}',
}  # fmt: skip


def command_kinds() -> dict[str, bytes]:
    """Malformed commands to workers."""
    return {**_BYTES, **dict(_envelopes(command())), **dict(_commands()), **dict(_arguments())}


def event_kinds() -> dict[str, bytes]:
    """Malformed events."""
    return {**_BYTES, **dict(_envelopes(event())), **dict(_events())}


def _envelopes(good: Mapping[str, object]) -> Kinds:
    for field in ("body", "headers", "properties", "content-type", "content-encoding"):
        for name, value in {"missing": ABSENT, **NO_OBJECT}.items():
            if (field, name) not in {("body", "a text"), ("headers", "missing")}:
                yield f"{field} is {name}", raw(changed(good, {field: value}))
    for body in ("[", "{}" * 2, "NaN", "[" * 50_000, "9" * 5_000, '"ping"', "5", "null", "[5]", "{}"):
        yield f"the body holds {body[:9]}", raw(changed(good, {"body": encoded(body)}))
    for clock in ("x", [1], 10**18, -1, True, 0.5):
        yield f"the header's clock is {clock!r}", raw(changed(good, {"headers": {"clock": clock}}))


def _commands() -> Kinds:
    for name, value in {**NO_SHORT_TEXT, "missing": ABSENT, "null": None, "empty": ""}.items():
        yield f"method is {name}", raw(command(method=value))
    for name, value in {"a text": "x", "a number": 5, "a list": [1]}.items():
        yield f"arguments are {name}", raw(command(arguments=value))
        yield f"reply_to is {name}", raw(command(reply_to=value, ticket="t"))
    yield "reply_to is incomplete", raw(command(reply_to={"exchange": "x"}, ticket="t"))
    for name, value in {"a text": "x", "a number": 5, "an object": {}, "lists": [["x"]]}.items():
        yield f"destination is {name}", raw(command(destination=value))
    yield "pattern is a list", raw(command(pattern=["*"], matcher="glob"))
    yield "matcher is unknown", raw(command(pattern="*", matcher="nobody"))
    yield "a regular expression", raw(command(pattern="(a+)+$", matcher="pcre"))
    yield "a field self", raw(command(self=5))
    yield "ticket is a list", raw(command(ticket=[1]))


def _arguments() -> Kinds:
    for method, arguments in (
        ("add_consumer", {"queue": {}}), ("add_consumer", {"queue": "x", "exchange_type": "no"}),
        ("add_consumer", {"queue": "x", "exchange": [1]}), ("add_consumer", {"queue": "x", "other": 1}),
        ("cancel_consumer", {"queue": []}), ("cancel_consumer", {}), ("pool_grow", {"n": "x"}),
        ("pool_grow", {"n": 10**9}), ("pool_shrink", {"n": -5}),
        ("time_limit", {"task_name": "x", "hard": "x"}), ("rate_limit", {"task_name": "x", "rate_limit": {}}),
        ("rate_limit", {"task_name": [], "rate_limit": 1}),
        ("election", {"id": [1], "topic": "task"}),
    ):  # fmt: skip
        yield f"{method} {arguments}", raw(command(method, arguments))


def _events() -> Kinds:
    for field in ("type", "hostname"):
        for name, value in {**NO_SHORT_TEXT, "missing": ABSENT, "null": None, "empty": ""}.items():
            yield f"{field} is {name}", raw(event(**{field: value}))
    for field in ("timestamp", "freq", "utcoffset", "clock", "local_received"):
        for name, value in {"a text": "x", "a list": [1], "true": True, "huge": 10**18}.items():
            yield f"{field} is {name}", raw(event(**{field: value}))
    for field in ("active", "processed", "pid"):
        for name, value in NO_COUNT.items():
            if name != "huge":
                yield f"{field} is {name}", raw(event(**{field: value}))
    for field in ("event", "heartbeats", "alive", "update"):
        yield f"a field {field}", raw(event(**{field: 5}))
    yield "loadavg is a number", raw(event(loadavg=5))
    yield "a field that is a list", raw(event(sw_sys=[1]))
    yield "a list of a worker's events", raw(events([HEARTBEAT], "worker.heartbeat"))
    yield "an election", raw(event("worker.elect", type="worker-elect", id="x", topic="task"))
    yield "an election by its routing key", raw(event("worker.elect.ack"))
    nobody = changed(HEARTBEAT, {"hostname": ABSENT})
    yield "no host anywhere", raw(events(nobody, "worker.heartbeat", hostname=ABSENT))
    yield "a host that is a list", raw(events(HEARTBEAT, "worker.heartbeat", hostname=["x"]))
    yield "a task's event without its id", raw(event("task.started", type="task-started"))
    yield "numbers for events of tasks", raw(events([5, 6], "task.multi"))
