"""Well-formed messages as the bytes in Redis, with single fields changed."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

ABSENT: Final = object()
"""As a value: the key is left out."""

TASK: Final = "tasks.upkeep.evidence"
"""A task that does little and asks no server."""

Fields = Mapping[str, object]


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def body(*parts: object) -> str:
    """Return a body as Celery encodes it, by default that of a task without arguments."""
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    return encoded(json.dumps(list(parts) if parts else [[], {}, embed]))


def message(
    *,
    headers: Fields | None = None,
    properties: Fields | None = None,
    info: Fields | None = None,
    envelope: Fields | None = None,
) -> dict[str, Any]:
    """Return a task's message as Celery 5 publishes it, with these fields changed."""
    name = str(uuid4())
    task: dict[str, object] = {
        "lang": "py", "task": TASK, "id": name, "shadow": None, "eta": None, "expires": None, "group": None,
        "group_index": None, "retries": 0, "timelimit": [None, None], "root_id": name, "parent_id": None,
        "argsrepr": "()", "kwargsrepr": "{}", "origin": "gen1@outside", "ignore_result": False,
        "replaced_task_nesting": 0, "stamped_headers": None, "stamps": {},
    }  # fmt: skip
    return changed(
        _enveloped(task, name, body(), properties, info),
        {"headers": changed(task, headers)} | (dict(envelope or {})),
    )


def old_message(**fields: object) -> dict[str, Any]:
    """Return a task's message of protocol 1, which has everything in the body."""
    name = str(uuid4())
    task = {
        "task": TASK, "id": name, "args": [], "kwargs": {}, "retries": 0, "eta": None, "expires": None,
        "utc": True, "callbacks": None, "errbacks": None, "timelimit": [None, None], "taskset": None,
        "chord": None,
    }  # fmt: skip
    return _enveloped({}, name, encoded(json.dumps(changed(task, fields))))


def command(method: object = "ping", arguments: object = None, **fields: object) -> dict[str, Any]:
    """Return a remote control command as Kombu publishes it."""
    asked = {
        "method": method, "arguments": arguments, "destination": None, "pattern": None, "matcher": None,
    }  # fmt: skip
    text = encoded(json.dumps(changed(asked, fields)))
    return _enveloped(
        {"clock": 3, "expires": 0}, None, text, info={"exchange": "celery.pidbox", "routing_key": ""}
    )


HEARTBEAT: Final[Fields] = {
    "type": "worker-heartbeat", "hostname": "other@outside", "utcoffset": 0, "pid": 77, "clock": 5,
    "freq": 2.0, "active": 0, "processed": 7, "loadavg": [0.1, 0.2, 0.3], "timestamp": 1_795_000_000.5,
    "sw_ident": "py-celery", "sw_ver": "5.7.0", "sw_sys": "Linux",
}  # fmt: skip


def event(routing_key: str = "worker.heartbeat", /, **fields: object) -> dict[str, Any]:
    """Return a heartbeat as a worker sends it, with these fields changed."""
    return events(changed(HEARTBEAT, fields), routing_key)


def events(content: object, routing_key: str, **headers: object) -> dict[str, Any]:
    """Return a message of the event exchange with any content."""
    told = {"hostname": "other@outside", **headers}
    info = {"exchange": "celeryev", "routing_key": routing_key}
    return _enveloped(changed({}, told), None, encoded(json.dumps(content)), info=info)


def _enveloped(
    headers: Fields, name: str | None, text: str, properties: Fields | None = None, info: Fields | None = None
) -> dict[str, Any]:
    where = {"exchange": "control", "routing_key": "control"}
    own = {
        "correlation_id": name, "reply_to": "", "delivery_mode": 2, "priority": 0, "body_encoding": "base64",
        "delivery_info": changed(where, info), "delivery_tag": str(uuid4()),
    }  # fmt: skip
    return {
        "body": text, "content-encoding": "utf-8", "content-type": "application/json",
        "headers": dict(headers), "properties": changed(own, properties),
    }  # fmt: skip


def changed(fields: Fields, changes: Fields | None) -> dict[str, Any]:
    """Return the fields with these changes; ABSENT removes one."""
    return {name: value for name, value in {**fields, **(changes or {})}.items() if value is not ABSENT}


def raw(made: object) -> bytes:
    return json.dumps(made).encode()
