"""Malformed messages: each is a well-formed one with one thing wrong, as the bytes that Redis would hold."""

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

ABSENT: Final = object()
"""As a value: the key is left out."""

TASK: Final = "tasks.dispatch"
DEEP: Final = 100_000


def body(*parts: object) -> str:
    """A body as Celery encodes it; without parts, that of a task without arguments."""
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    return encoded(json.dumps(list(parts) if parts else [[], {}, embed]))


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def message(
    task: str = TASK,
    *,
    headers: Mapping[str, object] | None = None,
    properties: Mapping[str, object] | None = None,
    info: Mapping[str, object] | None = None,
    **envelope: object,
) -> dict[str, Any]:
    """A message as Celery 5 publishes it, with these fields instead of its own."""
    name = str(uuid4())
    made: dict[str, Any] = {
        "body": body(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py", "task": task, "id": name, "shadow": None, "eta": None, "expires": None,
            "group": None, "group_index": None, "retries": 0, "timelimit": [None, None], "root_id": name,
            "parent_id": None, "argsrepr": "()", "kwargsrepr": "{}", "origin": "gen1@outside",
            "ignore_result": False, "replaced_task_nesting": 0, "stamped_headers": None, "stamps": {},
        },
        "properties": {
            "correlation_id": name, "reply_to": "", "delivery_mode": 2, "priority": 0,
            "delivery_info": {"exchange": "control", "routing_key": "control"},
            "body_encoding": "base64", "delivery_tag": str(uuid4()),
        },
    }  # fmt: skip
    _change(made["headers"], headers or {})
    _change(made["properties"]["delivery_info"], info or {})
    _change(made["properties"], properties or {})
    _change(made, {name.replace("_", "-"): value for name, value in envelope.items()})
    return made


def old_message(**fields: object) -> dict[str, Any]:
    """A message of protocol 1, in which all is in the body."""
    content: dict[str, Any] = {
        "task": TASK, "id": str(uuid4()), "args": [], "kwargs": {}, "retries": 0, "eta": None,
        "expires": None, "utc": True, "callbacks": None, "errbacks": None, "timelimit": [None, None],
        "taskset": None, "chord": None,
    }  # fmt: skip
    _change(content, fields)
    made = message(body=encoded(json.dumps(content)))
    made["headers"] = {}
    return made


def _change(fields: dict[str, Any], changes: Mapping[str, object]) -> None:
    for name, value in changes.items():
        if value is ABSENT:
            fields.pop(name, None)
        else:
            fields[name] = value


def raw(made: object) -> bytes:
    return json.dumps(made).encode()


def kinds() -> dict[str, bytes]:
    """Every kind of malformed task message by its name."""
    every: dict[str, bytes] = {}
    for part in (_bytes(), _envelopes(), _properties(), _headers(), _times(), _bodies(), _old(), _texts()):
        for name, item in part:
            assert name not in every, name
            every[name] = item
    return every


def _bytes() -> Iterator[tuple[str, bytes]]:
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
    yield "nested lists for ever", b"[" * DEEP
    yield "deep lists", b"[" * DEEP + b"]" * DEEP
    yield "deep objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP
    yield "deep in a header", good.replace(b'"gen1@outside"', b"[" * 5_000 + b"]" * 5_000)
    yield "deep in a header, a little", good.replace(b'"gen1@outside"', b"[" * 200 + b"]" * 200)
    yield "NaN", good.replace(b'"priority": 0', b'"priority": NaN')
    yield "infinity", good.replace(b'"retries": 0', b'"retries": Infinity')
    yield "minus infinity", good.replace(b'"priority": 0', b'"priority": -Infinity')
    yield "a number past a double", good.replace(b'"priority": 0', b'"priority": 1e999')
    yield "a number of 5 000 digits", good.replace(b'"retries": 0', b'"retries": ' + b"9" * 5_000)
    yield "a number of 30 digits", good.replace(b'"retries": 0', b'"retries": ' + b"9" * 30)
    yield "a task named twice", good.replace(b'"task":', b'"task": "tasks.recover", "task":')
    yield "two headers objects", good.replace(b'"headers":', b'"headers": {}, "headers":')
    yield "a lone surrogate in a header", good.replace(b"gen1@outside", b"gen1@\\ud800")
    yield "a lone surrogate as a key", good.replace(b'"lang"', b'"\\udfff"')
    yield "two megabytes", good.replace(b"gen1@outside", b"x" * 2_000_000)
    yield "a type nobody knows", good.replace(b'"gen1@outside"', b'{"__type__": "set", "__value__": 1}')
    yield "a UUID that is none", good.replace(b'"gen1@outside"', b'{"__type__": "uuid", "__value__": 1}')
    yield "a typed list", good.replace(b'"gen1@outside"', b'{"__type__": [], "__value__": 1}')


def _envelopes() -> Iterator[tuple[str, bytes]]:
    for name, value in (
        ("null", None), ("true", True), ("a number", 7), ("a text", "x"), ("a list", []),
        ("an empty object", {}), ("a list of one message", [message()]),
    ):  # fmt: skip
        yield f"the envelope is {name}", raw(value)
    for field in ("body", "headers", "properties", "content-type", "content-encoding"):
        yield f"no {field}", raw({key: value for key, value in message().items() if key != field})
        for name, value in (("null", None), ("a number", 5), ("a list", [1]), ("true", True)):
            yield f"{field} is {name}", raw({**message(), field: value})
    yield "body is an object", raw(message(body={"args": []}))
    yield "body is empty", raw(message(body=""))
    yield "headers are empty", raw({**message(), "headers": {}})
    yield "headers are a text", raw({**message(), "headers": "task"})
    yield "properties are empty", raw({**message(), "properties": {}})
    yield "properties are a text", raw({**message(), "properties": "x"})
    for kind in (
        "application/x-python-serialize",
        "application/x-yaml",
        "text/plain",
        "",
        "application/data",
    ):
        yield f"content type {kind or 'empty'}", raw(message(content_type=kind))
    for encoding in ("utf-16", "latin-1", "rot13", "no-such-encoding", "zlib_codec", "binary"):
        yield f"content encoding {encoding}", raw(message(content_encoding=encoding))


def _properties() -> Iterator[tuple[str, bytes]]:
    odd = (("null", None), ("a number", 5), ("a list", ["x"]), ("an object", {}), ("empty", ""))
    for name, value in odd:
        yield f"delivery tag is {name}", raw(message(properties={"delivery_tag": value}))
    yield "no delivery tag", raw(message(properties={"delivery_tag": ABSENT}))
    yield "delivery tag is endless", raw(message(properties={"delivery_tag": "x" * 5_000}))
    yield "no delivery info", raw(message(properties={"delivery_info": ABSENT}))
    for name, value in (("null", None), ("a text", "x"), ("a list", []), ("empty", {})):
        yield f"delivery info is {name}", raw(message(properties={"delivery_info": value}))
    for field in ("exchange", "routing_key"):
        yield f"no {field}", raw(message(info={field: ABSENT}))
        for name, value in (("null", None), ("a number", 5), ("a list", ["x"]), ("an object", {})):
            yield f"{field} is {name}", raw(message(info={field: value}))
    for name, value in (("rot13", "rot13"), ("a number", 5), ("a list", ["base64"]), ("unknown", "hex")):
        yield f"body encoding is {name}", raw(message(properties={"body_encoding": value}))
    for name, value in (("a text", "high"), ("a list", [1]), ("true", True), ("huge", 10**12), ("half", 0.5)):
        yield f"priority is {name}", raw(message(properties={"priority": value}))
    for field in ("correlation_id", "reply_to"):
        for name, value in (
            ("a number", 5),
            ("a list", ["x"]),
            ("an object", {"x": 1}),
            ("long", "x" * 5_000),
        ):
            yield f"{field} is {name}", raw(message(properties={field: value}))


_ODD_TEXTS: Final = (
    ("a list", ["x"]), ("an object", {"x": 1}), ("a number", 5), ("true", True), ("endless", "x" * 70_000),
)  # fmt: skip


def _headers() -> Iterator[tuple[str, bytes]]:
    for field in ("task", "id"):
        yield f"no {field} header", raw(message(headers={field: ABSENT}))
        for name, value in (("null", None), ("empty", ""), *_ODD_TEXTS):
            yield f"{field} is {name}", raw(message(headers={field: value}))
    for field in ("root_id", "parent_id", "group", "shadow", "lang", "origin", "argsrepr", "kwargsrepr"):
        for name, value in _ODD_TEXTS:
            yield f"{field} is {name}", raw(message(headers={field: value}))
    for field in ("retries", "group_index", "replaced_task_nesting"):
        for name, value in (
            ("a text", "x"), ("a list", [1]), ("true", True), ("half", 0.5), ("negative", -1), ("huge", 10**15),
        ):  # fmt: skip
            yield f"{field} is {name}", raw(message(headers={field: value}))
    for name, value in (
        ("a text", "x"), ("two letters", "xy"), ("a number", 5), ("one", [1]), ("three", [1, 2, 3]),
        ("texts", ["a", "b"]), ("true", [True, None]), ("negative", [-5, None]), ("an object", {"a": 1, "b": 2}),
        ("lists", [[1], [2]]), ("for ever", [1e300, None]),
    ):  # fmt: skip
        yield f"timelimit is {name}", raw(message(headers={"timelimit": value}))
    for name, value in (("a number", 5), ("a text", "x"), ("a list", [1]), ("deep", {"a": {"b": [1]}})):
        yield f"stamps are {name}", raw(message(headers={"stamps": value, "stamped_headers": ["a"]}))
    for name, value in (("a number", 5), ("a text", "x"), ("lists", [["a"]]), ("an object", {"a": 1})):
        yield f"stamped headers are {name}", raw(message(headers={"stamped_headers": value}))
    for name, value in (("a text", "x"), ("a number", 5), ("a list", [])):
        yield f"ignore_result is {name}", raw(message(headers={"ignore_result": value}))
    yield "a task nobody knows", raw(message("tasks.no.such"))
    yield "a task with spaces", raw(message("tasks dispatch"))
    yield "a task of control characters", raw(message("tasks.\x1b]0;x\x07"))
    yield "compressed", raw(message(headers={"compression": "application/x-gzip"}))
    yield "compressed by nobody knows what", raw(message(headers={"compression": "application/x-rar"}))
    yield "compression is a list", raw(message(headers={"compression": ["gzip"]}))
    for name in (
        "args",
        "kwargs",
        "callbacks",
        "errbacks",
        "chord",
        "delivery_info",
        "hostname",
        "properties",
    ):
        yield f"a header {name}", raw(message(headers={name: [5]}))
    yield "a header redelivered that is a list", raw(message(headers={"redelivered": [1]}))
    yield "five hundred headers", raw(message(headers={f"x{n}": n for n in range(500)}))
    yield "a header with an endless name", raw(message(headers={"x" * 5_000: 1}))


def _times() -> Iterator[tuple[str, bytes]]:
    soon = datetime.now(UTC)  # noqa: DTZ005, TID251 -- what a client would write
    for field in ("eta", "expires"):
        for name, value in (
            ("words", "tomorrow"), ("empty", ""), ("a number", 5), ("a list", ["2026-01-01"]), ("true", True),
            ("an object", {}), ("a day that isn't", "2026-02-31T00:00:00+00:00"), ("year 0", "0000-01-01T00:00:00"),
            ("endless", "2026-01-01T00:00:00." + "0" * 9_000), ("an odd zone", "2026-01-01T00:00:00+99:99"),
            ("at the end of time, west", "9999-12-31T23:59:59-12:00"),
            ("at the beginning, east", "0001-01-01T00:00:00+12:00"),
        ):  # fmt: skip
            yield f"{field} is {name}", raw(message(headers={field: value}))
    for name, value in (
        ("in the year 9999", "9999-12-31T23:59:59+00:00"), ("in the year 9999 of no zone", "9999-12-31T23:59:59"),
        ("in an hour", (soon + timedelta(hours=1)).isoformat()),
        ("in an hour of another zone", (soon + timedelta(hours=1)).isoformat().replace("+00:00", "Z")),
    ):  # fmt: skip
        yield f"eta {name}", raw(message(headers={"eta": value}))


def _bodies() -> Iterator[tuple[str, bytes]]:
    for name, value in (
        ("two parts", [[], {}]), ("four parts", [[], {}, {}, {}]), ("no parts", []), ("an object", {"args": []}),
        ("null", None), ("a number", 5), ("a text", "abc"), ("a hybrid", {"task": TASK, "args": [], "kwargs": {}}),
        ("args an object", [{}, {}, {}]), ("args a text", ["abc", {}, {}]), ("args null", [None, {}, {}]),
        ("kwargs a list", [[], [], {}]), ("kwargs null", [[], None, {}]), ("kwargs a text", [[], "x", {}]),
        ("embed a list", [[], {}, [1]]), ("embed a text", [[], {}, "x"]), ("embed a number", [[], {}, 5]),
    ):  # fmt: skip
        yield (
            f"the body is {name}" if name[0] != "k" else f"body: {name}",
            raw(message(body=encoded(json.dumps(value)))),
        )
    for field in ("callbacks", "errbacks", "chain", "chord"):
        for name, value in (("a number", 5), ("a text", "x"), ("numbers", [5]), ("objects of nothing", [{}])):
            yield f"{field}: {name}", raw(message(body=body([], {}, {field: value})))
    yield "embedded nobody knows what", raw(message(body=body([], {}, {"on_success": []})))
    yield "the body is not base64", raw(message(body="%%%"))
    yield "the body is cut off", raw(message(body=body()[:-5]))
    yield "the body is garbage", raw(message(body=encoded(b"\xff\xfe\x00garbage")))
    yield "the body is words", raw(message(body=encoded("start")))
    yield "the body is encoded twice", raw(message(body=encoded(body())))
    yield "the body is JSON without its encoding", raw(message(body="[[], {}, {}]"))
    yield "the body is deep", raw(message(body=encoded('[[], {"a": ' + "[" * 5_000 + "]" * 5_000 + "}, {}]")))
    yield "the body has NaN", raw(message(body=encoded('[[], {"a": NaN}, {}]')))
    yield (
        "the body has a number of 5 000 digits",
        raw(message(body=encoded(f'[[], {{"a": {"9" * 5_000}}}, {{}}]'))),
    )
    yield "the body has a key twice", raw(message(body=encoded('[[], {"a": 1, "a": 2}, {}]')))
    yield "the body has a lone surrogate", raw(message(body=encoded('[[], {"a": "\\ud800"}, {}]')))
    yield "the body has a NUL", raw(message(body=encoded('[[], {"a": "\\u0000"}, {}]')))
    yield "the body has a NUL as a key", raw(message(body=encoded('[[], {"\\u0000": 1}, {}]')))
    yield (
        "the body has a type nobody knows",
        raw(message(body=encoded('[[], {"a": {"__type__": "set", "__value__": []}}, {}]'))),
    )


def _old() -> Iterator[tuple[str, bytes]]:
    for field in ("task", "id"):
        for name, value in (("missing", ABSENT), ("a list", ["x"]), ("an object", {}), ("null", None)):
            yield f"protocol 1: {field} is {name}", raw(old_message(**{field: value}))
    for field, value in (
        ("args", "x"), ("args", None), ("kwargs", []), ("kwargs", "x"), ("kwargs", None), ("retries", "x"),
        ("eta", "never"), ("eta", "9999-12-31T23:59:59"), ("expires", "x"), ("expires", 5), ("timelimit", "x"),
        ("timelimit", [1]), ("callbacks", 5), ("errbacks", "x"), ("chord", [5]), ("taskset", ["x"]), ("utc", "x"),
    ):  # fmt: skip
        yield f"protocol 1: {field} is {value!r}", raw(old_message(**{field: value}))
    yield "protocol 1: a task nobody knows", raw(old_message(task="tasks.no.such"))


def _texts() -> Iterator[tuple[str, bytes]]:
    for name, text in (
        ("NUL", "a\x00b"),
        ("ESC", "a\x1b[31mb"),
        ("DEL", "a\x7fb"),
        ("C1", "a\x9bb"),
        ("a line", "a\nb"),
    ):
        yield f"id holds {name}", raw(message(headers={"id": text}))
        yield f"origin holds {name}", raw(message(headers={"origin": text}))
        if name != "a line":
            yield f"correlation header holds {name}", raw(message(headers={"rapport_correlation": text}))
