"""Malformed messages by kind: each is a well-formed one with one fault."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from tests.messages.well_formed import ABSENT, TASK, body, changed, encoded, message, old_message, raw
from worker import clock

Kinds = Iterator[tuple[str, bytes]]
Values = Mapping[str, object]

DEEP: Final = 100_000
NO_TEXT: Final[Values] = {"a list": ["x"], "an object": {"x": 1}, "a number": 5, "true": True}
NO_SHORT_TEXT: Final[Values] = {**NO_TEXT, "endless": "x" * 70_000}
NO_ID: Final[Values] = {**NO_SHORT_TEXT, "missing": ABSENT, "null": None, "empty": ""}
NO_COUNT: Final[Values] = {
    "a text": "x", "a list": [1], "true": True, "half": 0.5, "negative": -1, "huge": 10**15,
}  # fmt: skip
NO_OBJECT: Final[Values] = {"null": None, "a number": 5, "a list": [1], "true": True, "a text": "x"}


def kinds() -> dict[str, bytes]:
    """Return every kind of malformed task message by name."""
    parts = (
        _bytes,
        _numbers,
        _envelopes,
        _properties,
        _names,
        _headers,
        _times,
        _bodies,
        _versions,
        _broken_bodies,
        _old,
        _texts,
    )
    every: dict[str, bytes] = {}
    for part in parts:
        for name, item in part():
            assert name not in every, name
            every[name] = item
    return every


def _each(what: str, values: Values, make: Callable[[object], object]) -> Kinds:
    for name, value in values.items():
        yield f"{what} is {name}", raw(make(value))


def _header(field: str) -> Callable[[object], object]:
    return lambda value: message(headers={field: value})


def _property(field: str) -> Callable[[object], object]:
    return lambda value: message(properties={field: value})


def _bytes() -> Kinds:
    good = raw(message())
    yield "nothing at all", b""
    yield "a blank", b" "
    yield "garbage", b"\x00\xff\xfe garbage \x80"
    yield "plain words", b"start the campaign"
    yield "half a message", good[: len(good) // 2]
    yield "two messages", good + good
    yield "text behind it", good + b" and more"
    yield "not UTF-8", good.replace(b"gen1@outside", b"gen1@\xff\xfe")
    yield "UTF-16", json.dumps(message()).encode("utf-16")
    yield "a byte order mark", b"\xef\xbb\xbf" + good
    yield "single quotes", good.replace(b'"', b"'")
    yield "a trailing comma", good[:-1] + b",}"
    yield "pickled", b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x04task\x94K\x01s."
    yield "gzipped", gzip.compress(good)
    yield "two megabytes", good.replace(b"gen1@outside", b"x" * 2_000_000)
    yield "nested lists for ever", b"[" * DEEP
    yield "deep lists", b"[" * DEEP + b"]" * DEEP
    yield "deep objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP
    for depth in (200, 5_000):
        yield f"{depth} levels in a header", good.replace(b'"gen1@outside"', b"[" * depth + b"]" * depth)
    yield "a task named twice", good.replace(b'"task":', b'"task": "tasks.recover", "task":')
    yield "headers twice", good.replace(b'"headers":', b'"headers": {}, "headers":')


def _numbers() -> Kinds:
    good = raw(message())
    for name in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 30, b"9" * 5_000):
        yield f"retries are {name[:31].decode()}", good.replace(b'"retries": 0', b'"retries": ' + name)
        yield f"priority is {name[:31].decode()}", good.replace(b'"priority": 0', b'"priority": ' + name)
    for value in ('{"__type__": "set", "__value__": 1}', '{"__type__": "uuid", "__value__": 1}'):
        yield f"a header of a type: {value}", good.replace(b'"gen1@outside"', value.encode())
    yield (
        "a header of a type that is a list",
        good.replace(b'"gen1@outside"', b'{"__type__": [], "__value__": 1}'),
    )


def _envelopes() -> Kinds:
    yield from _each("the envelope", NO_OBJECT, lambda value: value)
    yield from _each("the envelope", {"{}": {}, "a list of one": [message()]}, lambda value: value)
    for field in ("body", "headers", "properties", "content-type", "content-encoding"):
        missing = {"missing": ABSENT, **NO_OBJECT, "an object": {}}
        yield from _each(field, missing, lambda value, field=field: message(envelope={field: value}))  # type: ignore[misc]  # bound at once
    yield "body is empty", raw(message(envelope={"body": ""}))
    for kind in ("application/x-python-serialize", "application/x-yaml", "text/plain", "application/data"):
        yield f"content type {kind}", raw(message(envelope={"content-type": kind}))
    for encoding in ("utf-16", "latin-1", "rot13", "no-such-encoding", "zlib_codec", "binary"):
        yield f"content encoding {encoding}", raw(message(envelope={"content-encoding": encoding}))


def _properties() -> Kinds:
    yield from _each("delivery tag", {**NO_ID, "long": "x" * 5_000}, _property("delivery_tag"))
    yield from _each("delivery info", {**NO_OBJECT, "missing": ABSENT, "{}": {}}, _property("delivery_info"))
    for field in ("exchange", "routing_key"):
        odd = {**NO_SHORT_TEXT, "missing": ABSENT, "null": None}
        yield from _each(field, odd, lambda value, field=field: message(info={field: value}))  # type: ignore[misc]  # bound at once
    for tag in (["x"], "1"):
        yield f"a consumer tag {tag}", raw(message(info={"consumer_tag": tag}))
    encodings = {"rot13": "rot13", "a number": 5, "a list": ["base64"], "unknown": "hex"}
    yield from _each("body encoding", encodings, _property("body_encoding"))
    yield from _each("priority", NO_COUNT, _property("priority"))
    for field in ("correlation_id", "reply_to"):
        yield from _each(field, NO_SHORT_TEXT, _property(field))


def _names() -> Kinds:
    for field in ("task", "id"):
        yield from _each(field, NO_ID, _header(field))
    for field in ("root_id", "parent_id", "group", "shadow", "lang", "origin", "argsrepr", "kwargsrepr"):
        yield from _each(field, NO_SHORT_TEXT, _header(field))
    for task in ("tasks.no.such", "tasks upkeep", "tasks.upkeep.évidence", "os.system", "__import__"):
        yield f"a task nobody knows: {task}", raw(message(headers={"task": task}))


def _headers() -> Kinds:
    for field in ("retries", "group_index", "replaced_task_nesting"):
        yield from _each(field, NO_COUNT, _header(field))
    limits: Values = {
        "a text": "x", "two letters": "xy", "a number": 5, "one": [1], "three": [1, 2, 3],
        "texts": ["a", "b"], "true": [True, None], "negative": [-5, None],
        "an object": {"a": 1, "b": 2}, "lists": [[1], [2]], "for ever": [1e300, None],
    }  # fmt: skip
    yield from _each("timelimit", limits, _header("timelimit"))
    stamps: Values = {"a number": 5, "a text": "x", "a list": [1], "deep": {"a": {"b": [1]}}}
    yield from _each(
        "stamps", stamps, lambda value: message(headers={"stamps": value, "stamped_headers": ["a"]})
    )
    stamped: Values = {"a number": 5, "a text": "x", "lists": [["a"]], "an object": {"a": 1}}
    yield from _each("stamped_headers", stamped, _header("stamped_headers"))
    yield from _each("ignore_result", {"a text": "x", "a number": 5, "a list": []}, _header("ignore_result"))
    packed: Values = {"gzip": "application/x-gzip", "unknown": "application/x-rar", "a list": ["gzip"]}
    yield from _each("compression", packed, _header("compression"))
    for name in ("args", "callbacks", "errbacks", "chord", "delivery_info", "hostname", "get", "redelivered"):
        yield f"a header {name}", raw(message(headers={name: [5]}))
    yield "five hundred headers", raw(message(headers={f"x{n}": n for n in range(500)}))
    yield "a header with an endless name", raw(message(headers={"x" * 5_000: 1}))


def _times() -> Kinds:
    times: Values = {
        "words": "tomorrow", "empty": "", "a number": 5, "a list": ["2026-01-01"], "true": True,
        "an object": {}, "no day": "2026-02-31T00:00:00+00:00", "year 0": "0000-01-01T00:00:00",
        "a day": "2026-01-01", "without dashes": "20260101T000000",
        "endless": "2026-01-01T00:00:00." + "0" * 9_000, "of an odd zone": "2026-01-01T00:00:00+99:99",
        "too late for UTC": "9999-12-31T23:59:59-12:00", "too early for UTC": "0001-01-01T00:00:00+12:00",
    }  # fmt: skip
    for field in ("eta", "expires"):
        yield from _each(field, times, _header(field))
    hour = clock.now() + timedelta(hours=1)
    later: Values = {
        "in the year 9999": "9999-12-31T23:59:59+00:00", "in the year 9999, naive": "9999-12-31T23:59:59",
        "in an hour": hour.isoformat(), "in an hour, naive": hour.replace(tzinfo=None).isoformat(),
    }  # fmt: skip
    yield from _each("eta", later, _header("eta"))


def _bodies() -> Kinds:
    whole: Values = {
        "two parts": [[], {}], "four parts": [[], {}, {}, {}], "no parts": [], "an object": {"args": []},
        "null": None, "a number": 5, "a text": "abc", "args an object": [{}, {}, {}],
        "args a text": ["abc", {}, {}], "args null": [None, {}, {}], "kwargs a list": [[], [], {}],
        "kwargs null": [[], None, {}], "kwargs a text": [[], "x", {}], "embed a list": [[], {}, [1]],
        "embed a text": [[], {}, "x"], "embed a number": [[], {}, 5],
        "of both protocols": {"task": TASK, "args": [], "kwargs": {}},
    }  # fmt: skip
    yield from _each("the body", whole, lambda value: message(envelope={"body": encoded(json.dumps(value))}))
    followers: Values = {"a number": 5, "a text": "x", "numbers": [5], "objects of nothing": [{}]}
    for field in ("callbacks", "errbacks", "chain", "chord", "on_success"):
        yield from _each(
            field,
            followers,
            lambda value, field=field: message(envelope={"body": body([], {}, {field: value})}),  # type: ignore[misc]  # bound at once
        )


UNKNOWN_VERSIONS: Final[Values] = {
    "the next": 2, "none yet": 0, "negative": -1, "half": 1.5, "huge": 10**15, "true": True, "null": None,
    "a text": "1", "a list": [1], "an object": {"version": 1},
}  # fmt: skip


def _versions() -> Kinds:
    def made(version: object) -> object:
        return message(envelope={"body": body([], {"contract_version": version}, {})})

    yield from _each("the contract version", UNKNOWN_VERSIONS, made)
    yield from _each(
        "the old body's contract version",
        UNKNOWN_VERSIONS,
        lambda version: old_message(kwargs={"contract_version": version}),
    )


def _broken_bodies() -> Kinds:
    yield "the body is not base64", raw(message(envelope={"body": "%%%"}))
    yield "the body is cut off", raw(message(envelope={"body": body()[:-5]}))
    yield "the body is encoded twice", raw(message(envelope={"body": encoded(body())}))
    yield "the body is JSON without its encoding", raw(message(envelope={"body": "[[], {}, {}]"}))
    for name, text in {
        "garbage": b"\xff\xfe\x00garbage", "words": b"start", "NaN": b'[[], {"a": NaN}, {}]',
        "5 000 levels": b'[[], {"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}, {}]",
        "a number of 5 000 digits": b'[[], {"a": ' + b"9" * 5_000 + b"}, {}]",
        "a key twice": b'[[], {"a": 1, "a": 2}, {}]', "a lone surrogate": b'[[], {"a": "\\ud800"}, {}]',
        "a NUL": b'[[], {"a": "\\u0000"}, {}]', "a NUL in a key": b'[[], {"\\u0000": 1}, {}]',
        "a type nobody knows": b'[[], {"a": {"__type__": "set", "__value__": []}}, {}]',
    }.items():  # fmt: skip
        yield f"the body holds {name}", raw(message(envelope={"body": encoded(text)}))


def _old() -> Kinds:
    fields: Mapping[str, tuple[object, ...]] = {
        "task": (ABSENT, ["x"], {}, None, "tasks.no.such"), "id": (ABSENT, ["x"], {}, None),
        "args": ("x", None), "kwargs": ([], "x", None), "retries": ("x",),
        "eta": ("never", "9999-12-31T23:59:59"), "expires": ("x", 5), "timelimit": ("x", [1]),
        "callbacks": (5,), "errbacks": ("x",), "chord": ([5],),
        "taskset": (["x"],), "utc": ("x",), "called_directly": (5,), "shadow": (["x"],), "stamps": (5,),
    }  # fmt: skip
    for field, values in fields.items():
        for value in values:
            name = "missing" if value is ABSENT else repr(value)
            yield f"protocol 1: {field} is {name}", raw(old_message(**{field: value}))
    packed = {"headers": {"compression": "application/x-gzip"}}
    yield "protocol 1: compressed", raw(changed(old_message(), packed))


def _texts() -> Kinds:
    unprintable = {"NUL": "\x00", "ESC": "\x1b[31m", "DEL": "\x7f", "C1": "\x9b", "half a pair": "\ud800"}
    for name, text in unprintable.items():
        for field in ("id", "origin", "rapport_correlation", "anything"):
            yield f"{field} holds {name}", raw(message(headers={field: f"a{text}b"}))
        yield f"a header's name holds {name}", raw(message(headers={f"a{text}b": 1}))
    for field in ("id", "origin", "shadow"):
        yield f"{field} holds a line end", raw(message(headers={field: "a\nb"}))
