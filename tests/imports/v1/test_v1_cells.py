"""Parsing V1's cells; no cell raises an error."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.imports.v1 import cell_values
from db.imports.v1.file import Cell
from db.imports.v1.profiles import parse_status
from tests.imports.v1.messy_v1 import NOW, ZONE
from worker.rules.model import ContactStatus

CELLS = st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.binary())
MOMENT = datetime(2024, 6, 14, 14, 25, 38, tzinfo=UTC)  # 16:25:38 in Paris
EVENING = datetime(2024, 6, 14, 21, 59, 59, tzinfo=UTC)  # the day's last second there


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2024-06-14T16:25:38", MOMENT),
        ("2024-06-14 16:25:38", MOMENT),
        (b"2024-06-14 16:25:38", MOMENT),
        ("2024-06-14T16:25:38+02:00", MOMENT),
        ("2024-06-14T14:25:38Z", MOMENT),
        ("2024-06-14T16:25:38.000000", MOMENT),
        ("14/06/2024 16:25:38", MOMENT),
        ("14.06.2024 16:25:38", MOMENT),
        ("1718375138", MOMENT),
        (1718375138, MOMENT),
        (1718375138.0, MOMENT),
        (1718375138000, MOMENT),
        ("2024-06-14", EVENING),
        ("14/06/2024", EVENING),
        ("20240614", EVENING),
        ("06/14/2024", None),
        ("2024-06-31", None),
        ("2024-06-14T25:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (0, None),
        (b"\xff", None),
        ("1999-12-31T12:00:00", None),
        ("2027-01-01T00:00:00", None),
        ("9999-12-31T23:59:59-14:00", None),
    ],
)
def test_dates_in_every_form_that_v1_left_and_those_that_are_none(
    cell: Cell, expected: datetime | None
) -> None:
    assert cell_values.parse_instant(cell, ZONE, NOW) == expected


def test_a_clock_that_is_ahead_wrote_now_at_the_latest() -> None:
    ahead = (NOW + timedelta(hours=5)).isoformat()
    assert cell_values.parse_instant(ahead, ZONE, NOW) == NOW


@given(CELLS)
@example("9" * 400)
@example('["\\ud800", "a\\u0000b"]')
@example("[" * 100_000)
def test_no_cell_is_an_error_and_what_is_kept_can_be_stored(cell: Cell) -> None:
    for told in (cell_values.parse_text(cell), cell_values.parse_name(cell)):
        if told is not None:
            assert "\0" not in told
            assert told.encode()
            assert told == told.strip() != ""
    listed = cell_values.parse_texts(cell)
    assert listed is None or all(each.encode() for each in listed)
    at = cell_values.parse_instant(cell, ZONE, NOW)
    assert at is None or at <= NOW
    cell_values.parse_number(cell)
    cell_values.is_no(cell)
    assert cell_values.parse_whole_number(cell, 0, 10) in {None, *range(11)}


@pytest.mark.parametrize("cell", [0, "0", "False", "no", 0.0, b"0", " OFF "])
def test_a_flag_that_is_off(cell: Cell) -> None:
    assert cell_values.is_no(cell)


@pytest.mark.parametrize("cell", [1, "1", "true", None, "", "perhaps", 2, b"\xff"])
def test_a_flag_that_is_on_missing_or_unreadable_is_not_off(cell: Cell) -> None:
    assert not cell_values.is_no(cell)


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("1st", "connected"),
        ("1st degree connection", "connected"),
        ("1er", "connected"),
        (1, "connected"),
        ("1.0", "connected"),
        ("2nd", "prospect"),
        ("10", "prospect"),
        ("", "prospect"),
        (None, "prospect"),
    ],
)
def test_only_the_first_degree_is_a_connection(cell: Cell, status: str) -> None:
    assert parse_status({"connection_degree": cell}) == ContactStatus(status)
    assert parse_status({"relationship_level": cell}) == ContactStatus(status)
