"""Ids of W3C Trace Context, derived from our own ids.

Work waits in Postgres between two processes, so a trace can't be handed on in memory or in a message. Every
row has a correlation id; the trace id is derived from it, so rows need no column for it.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

TRACEPARENT: Final = "traceparent"
"""Header of HTTP requests and of messages."""

_DIGITS: Final = re.compile(r"(?!0+$)(?:[0-9a-f]{16}|[0-9a-f]{32})")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FORM: Final = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class SpanIds:
    """A span, as another process names it."""

    trace_id: int
    span_id: int


def derive_trace_id(correlation_id: str) -> int:
    """Return the trace id of a correlation id: its own hexadecimal digits where it has 16 or 32, else a hash.

    16 digits are padded with zeros on the left, as the specification says for systems with short ids.
    """
    digits = correlation_id.replace("-", "") if _UUID.fullmatch(correlation_id) else correlation_id
    if _DIGITS.fullmatch(digits):
        return int(digits, 16)
    return int.from_bytes(hashlib.sha256(correlation_id.encode()).digest()[:16], "big")


def campaign_span(correlation_id: str, campaign_id: UUID) -> SpanIds:
    """Return the span of a campaign: the parent of what its actions do later, in any process."""
    digest = hashlib.sha256(campaign_id.bytes).digest()
    return SpanIds(derive_trace_id(correlation_id), int.from_bytes(digest[:8], "big"))


def parse_traceparent(given: object) -> SpanIds | None:
    """Return the span that a `traceparent` header names, or None if the header is missing or invalid."""
    found = _FORM.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        return None
    ids = SpanIds(int(found[1], 16), int(found[2], 16))
    return ids if ids.trace_id and ids.span_id else None


def format_traceparent(span: SpanIds) -> str:
    """Return the header that names this span."""
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-01"
