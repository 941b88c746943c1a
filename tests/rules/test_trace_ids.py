"""One correlation id is one trace, in every process."""

from uuid import UUID

import pytest

from worker.rules.wire.trace_ids import (
    SpanIds,
    campaign_span,
    derive_trace_id,
    format_traceparent,
    parse_traceparent,
)


@pytest.mark.parametrize(
    ("correlation_id", "trace"),
    [
        ("5a21c0ffee5a21c0", "00000000000000005a21c0ffee5a21c0"),
        ("0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319c"),
        ("0af76519-16cd-43dd-8448-eb211c80319c", "0af7651916cd43dd8448eb211c80319c"),
    ],
)
def test_an_id_of_digits_is_found_under_the_same_digits(correlation_id: str, trace: str) -> None:
    assert f"{derive_trace_id(correlation_id):032x}" == trace


def test_any_other_id_has_a_valid_trace_of_its_own() -> None:
    given = ["crm-42", "crm-43", "0" * 32, "0" * 16, "5a21", "F" * 16, "f" * 15 + "-"]
    found = {derive_trace_id(each) for each in given}
    assert len(found) == len(given)
    assert all(0 < each < 2**128 for each in found)


def test_two_campaigns_of_one_request_are_two_spans_of_one_trace() -> None:
    first, second = (campaign_span("crm-42", UUID(int=number)) for number in (1, 2))
    assert first.trace_id == second.trace_id == derive_trace_id("crm-42")
    assert first.span_id != second.span_id


@pytest.mark.parametrize(
    "given",
    [
        None, 5, "", "00-0-0-01", f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01",
        f"ff-{'1' * 32}-{'1' * 16}-01", f"00-{'A' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'1' * 16}-01\n",
    ],
)  # fmt: skip
def test_an_invalid_traceparent_is_ignored(given: object) -> None:
    assert parse_traceparent(given) is None


def test_a_traceparent_is_read_as_it_was_written() -> None:
    span = SpanIds(trace_id=0xABC, span_id=0xDEF)
    assert parse_traceparent(format_traceparent(span)) == span
