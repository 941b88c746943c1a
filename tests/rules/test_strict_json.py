"""JSON from other programs: what is accepted and refused, exactly at each limit."""

import pytest

from worker.rules.wire.refusals import MessageRefusedError, Refusal
from worker.rules.wire.strict_json import MAX_BYTES, parse

MEGABYTE = 1024 * 1024


def nested(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"[]" + b"}" * (levels - 1)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"1.5", 1.5),
        (b"-1e300", -1e300),
        ('"a\\tb\\nc é 李 \U0001f382 \\u00a0"'.encode(), "a\tb\nc é 李 \U0001f382 \u00a0"),
    ],
)
def test_what_every_reader_reads_alike_is_taken(raw: bytes, value: object) -> None:
    assert parse(raw) == value


def test_a_message_may_be_as_large_and_as_deep_as_this_and_no_more() -> None:
    assert MAX_BYTES == MEGABYTE
    assert parse(b" " * (MEGABYTE - 2) + b"[]") == []
    parse(nested(32))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b" " * (MEGABYTE - 1) + b"[]", Refusal.TOO_LARGE),
        (nested(33), Refusal.TOO_DEEP),
        (b"[" * 100_000, Refusal.TOO_DEEP),
        (b'{"a": 1, "a": 1}', Refusal.NOT_JSON),
        (b"12345678901234567890", Refusal.NOT_JSON),
        (b"1e999", Refusal.NOT_JSON),
        (b"-1e999", Refusal.NOT_JSON),
        (b"NaN", Refusal.NOT_JSON),
        (b"-Infinity", Refusal.NOT_JSON),
        (b'"\xff"', Refusal.NOT_JSON),
        (b"", Refusal.NOT_JSON),
        *((f'"\\u{code:04x}"'.encode(), Refusal.BAD_TEXT) for code in (0, 8, 0xB, 0x1F, 0x7F, 0x9F, 0xD800)),
        (b'{"\\u0000": 1}', Refusal.BAD_TEXT),
        (b'[{"a": ["\\u001b"]}]', Refusal.BAD_TEXT),
    ],
)
def test_anything_else_is_refused_for_its_reason(raw: bytes, reason: Refusal) -> None:
    with pytest.raises(MessageRefusedError) as refused:
        parse(raw)
    assert refused.value.reason is reason


def test_where_any_text_is_taken_the_rest_is_still_refused() -> None:
    assert parse(b'"\\u001b[2m"', any_text=True) == "\x1b[2m"
    with pytest.raises(MessageRefusedError):
        parse(nested(33), any_text=True)


def test_what_an_object_stands_for_is_looked_at_too() -> None:
    with pytest.raises(MessageRefusedError) as refused:
        parse(b'{"a": 1}', hook=lambda _: "\0")
    assert refused.value.reason is Refusal.BAD_TEXT
