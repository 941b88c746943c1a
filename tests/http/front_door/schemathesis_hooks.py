"""What Schemathesis is told besides the configuration file."""

import io
import zipfile
from itertools import count
from typing import Any

import schemathesis
from schemathesis import Case, HookContext, SerializationContext
from schemathesis.generation.meta import TestPhase

from api_stub.http.openapi.document import IDEMPOTENCY_KEY
from api_stub.http.v1.idempotency import HEADER
from api_stub.http.v1.pages import MAX_CURSOR_CHARACTERS
from tests.http.front_door.seeded import ACCOUNTS, FULL_ACCOUNT

_clients = count(1)


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Change what no schema can say of each request.

    It comes from a client of its own: wrong keys of one address get 429 after a while. With the example's
    Idempotency-Key it would be a repetition of another request. A cursor of the right form is left out: only
    one that the list gave is valid.
    """
    number = next(_clients)
    if case.meta and case.meta.phase.name is TestPhase.STATEFUL and case.meta.generation.mode.is_positive:
        _aim(case)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    if case.headers.get(HEADER) == IDEMPOTENCY_KEY["example"]:
        case.headers[HEADER] = f"request-{number}"
    cursor = case.query.get("cursor")
    if isinstance(cursor, str) and len(cursor) <= MAX_CURSOR_CHARACTERS:
        del case.query["cursor"]


def _aim(case: Case[Any]) -> None:
    """Let a request of a sequence find something: an account that exists, and a list that isn't filtered.

    A generated If-Match is left out: no such state was ever read.
    """
    case.headers.pop("If-Match", None)
    if case.method == "GET" and not case.path_parameters:
        case.query = {name: case.query[name] for name in ("account", "who") if name in case.query}
    for values in (case.query, case.body):
        if isinstance(values, dict) and isinstance(values.get("account"), str):
            values["account"] = values["account"] if values["account"] in ACCOUNTS else FULL_ACCOUNT


@schemathesis.serializer("application/zip")
def write_zip(_context: SerializationContext, value: Any) -> bytes:
    """Return an archive with the generated value as its only file."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("Connections.csv", value if isinstance(value, bytes) else str(value))
    return held.getvalue()
