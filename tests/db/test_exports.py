"""Exports: texts are exact, all rows are of one snapshot, and no secret is exported."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, literal, text

from db.engine import Database
from db.exports import sheets
from db.exports.formats import Format
from db.exports.sheets import CONTACTS, INTERACTIONS, Column, ColumnType, Sheet
from db.tables import Account, Contact, Interaction
from tests.builders import SANDBOX, a_contact, an_account
from tests.db.helpers import open_database
from worker.rules.texts.csv_cells import unescape_formula

KINDS = tuple(Column(kind, kind, literal(None)) for kind in ColumnType)

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.sampled_from(
    ["=1+1", '"', "a,b;c", "two\r\nlines", "\u2028", "\x85", "\ufeff", "'=", "李小龙 🎂", " ", "\r", "null"]
)
values = {
    ColumnType.TEXT: texts,
    ColumnType.INTEGER: st.integers(-(2**15), 2**15 - 1),
    ColumnType.BOOLEAN: st.booleans(),
    ColumnType.DATE: st.dates(),
    ColumnType.INSTANT: st.datetimes(timezones=st.just(UTC)),
    ColumnType.JSON: st.dictionaries(texts, texts, max_size=2),
}
rows = st.lists(
    st.tuples(
        *(values[kind] if kind is ColumnType.JSON else st.none() | values[kind] for kind in ColumnType)
    ),
    min_size=1,
    max_size=4,
)


def written(form: Format, batches: Sequence[Sequence[Sequence[Any]]]) -> bytes:
    target = io.BytesIO()
    with form.open_writer(target, KINDS) as write:
        for batch in batches:
            write(batch)
    return target.getvalue()


def plain(row: Sequence[Any]) -> list[Any]:
    """A row with days and instants as text."""
    return [
        value.isoformat().replace("+00:00", "Z") if isinstance(value, (date, datetime)) else value
        for value in row
    ]


@given(st.lists(rows, max_size=3))
def test_csv_comes_back_but_for_the_difference_of_nothing_and_an_empty_text(batches: list[Any]) -> None:
    read = csv.reader(io.StringIO(written(Format.CSV, batches).decode("utf-8-sig"), newline=""))
    assert next(read) == [str(kind) for kind in ColumnType]
    for row, cells in zip([row for batch in batches for row in batch], read, strict=True):
        text, number, truth, day, instant, known = plain(row)
        told = ["" if one is None else str(one) for one in (number, truth, day, instant)]
        assert unescape_formula(cells[0]) == (text or "")
        assert cells[1:5] == [told[0], told[1].lower(), *told[2:]]
        assert json.loads(cells[5]) == known


@given(st.lists(rows, max_size=3))
def test_a_json_object_is_one_line_whoever_splits(batches: list[Any]) -> None:
    lines = written(Format.JSONL, batches).decode().splitlines()
    told = [list(json.loads(line).values()) for line in lines]
    assert told == [plain(row) for batch in batches for row in batch]


@given(st.lists(rows, max_size=3))
def test_parquet_comes_back_with_its_types(batches: list[Any]) -> None:
    table = pq.read_table(io.BytesIO(written(Format.PARQUET, batches)))
    assert [str(field.type) for field in table.schema] == [
        "string", "int16", "bool", "date32[day]", "timestamp[us, tz=UTC]", "string",
    ]  # fmt: skip
    told = [[*list(row.values())[:5], json.loads(row["json"])] for row in table.to_pylist()]
    assert told == [list(row) for batch in batches for row in batch]


def test_a_csv_begins_with_the_mark_that_excel_needs_and_ends_lines_as_rfc_4180_has_it() -> None:
    assert written(Format.CSV, []) == b"\xef\xbb\xbftext,integer,boolean,date,instant,json\r\n"


@pytest.fixture
def ann(database: Database) -> int:
    """Add a contact with all values, one with none, and one of another account; return the first account."""
    with database.transaction() as session:
        account = an_account(session, "ann")
        session.get_one(Account, account.id).session = b"a-sealed-session"
        known = a_contact(session, account, "kim", name="=Kim", birthday=date(1980, 3, 5))
        known.birth_year, known.email, known.language, known.score = 1980, "kim@example.org", "fr", 70
        known.profile = {"company": "-Firm", "position": "Chef", "headline": "Hi"}
        known.connected_on, known.last_greeted_on = date(2019, 1, 2), date(2026, 3, 5)
        known.replied_at, known.do_not_contact = datetime(2026, 3, 6, 7, 8, tzinfo=UTC), True
        a_contact(session, account, "lee", birthday=date(2000, 2, 29))
        a_contact(session, an_account(session, "bob"), "moe")
        happened = Interaction(
            account_id=account.id, contact_id=known.id, source_key="x", type="greet", status="seen",
            occasion="birthday:2026", message="Joyeux\nanniversaire", reply="@merci", correlation_id="c",
            screenshot="a-path.png", replied_at=known.replied_at, created_at=known.replied_at,
        )  # fmt: skip
        session.add(happened)
    return account.id


def exported(database: Database, sheet: Sheet, form: Format, account_id: int | None = None) -> bytes:
    target, columns = io.BytesIO(), form.columns(sheet)
    with database.snapshot() as session, form.open_writer(target, columns) as write:
        for batch in sheets.stream_rows(session, sheet, columns, account_id, batch=1):
            write(batch)
    return target.getvalue()


def test_what_is_known_of_a_contact_is_in_the_csv(database: Database, ann: int) -> None:
    told = list(
        csv.DictReader(io.StringIO(exported(database, CONTACTS, Format.CSV, ann).decode("utf-8-sig")))
    )
    assert told[0].pop("created_at").endswith("Z")
    assert told[0] == {
        "account": "ann", "profile_url": f"{SANDBOX}kim/", "full_name": "'=Kim",
        "email": "kim@example.org", "birthday": "1980-03-05", "language": "fr", "company": "'-Firm",
        "position": "Chef", "connected_on": "2019-01-02", "status": "connected", "score": "70",
        "do_not_contact": "true", "last_greeted_on": "2026-03-05", "replied_at": "2026-03-06T07:08:00Z",
        "hold_until": "", "hold_reason": "", "away_until": "",
        "details": '{"company": "-Firm", "headline": "Hi", "position": "Chef"}',
        "member_url": "",
    }  # fmt: skip
    assert (told[1]["birthday"], told[1]["email"], told[1]["score"]) == ("'--02-29", "", "")
    assert len(told) == 2


def test_a_birthday_without_a_year_is_three_typed_columns_in_parquet(database: Database, ann: int) -> None:
    told = pq.read_table(io.BytesIO(exported(database, CONTACTS, Format.PARQUET))).to_pylist()
    born = [(row["birth_year"], row["birth_month"], row["birth_day"]) for row in told]
    assert born == [(1980, 3, 5), (None, 2, 29), (None, None, None)]
    assert told[0]["replied_at"] == datetime(2026, 3, 6, 7, 8, tzinfo=UTC)
    assert [row["account"] for row in told] == ["ann", "ann", "bob"]
    assert ann


def test_an_interaction_is_told_with_its_text_and_answer(database: Database, ann: int) -> None:
    [told] = [json.loads(line) for line in exported(database, INTERACTIONS, Format.JSONL, ann).splitlines()]
    assert told == {
        "account": "ann", "profile_url": f"{SANDBOX}kim/", "full_name": "=Kim", "type": "greet",
        "status": "seen", "occasion": "birthday:2026", "message": "Joyeux\nanniversaire",
        "replied_at": "2026-03-06T07:08:00Z", "reply": "@merci", "created_at": "2026-03-06T07:08:00Z",
        "automatic_at": None, "correlation_id": "c",
    }  # fmt: skip


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("sheet", [CONTACTS, INTERACTIONS], ids=lambda sheet: sheet.name)
def test_nothing_that_signs_in_and_no_path_leaves(
    database: Database, ann: int, sheet: Sheet, form: Format
) -> None:
    told = exported(database, sheet, form, ann)
    assert b"kim" in told
    assert b"a-sealed-session" not in told
    assert b"a-path.png" not in told


@pytest.mark.parametrize("form", Format)
def test_an_empty_table_is_a_file_without_rows(database: Database, form: Format) -> None:
    told = exported(database, CONTACTS, form)
    if form is Format.PARQUET:
        assert pq.read_table(io.BytesIO(told)).num_rows == 0
    else:
        assert told.count(b"\n") == (form is Format.CSV)


def test_what_comes_or_goes_meanwhile_is_not_seen(database: Database, database_url: str, ann: int) -> None:
    names = []
    with open_database(database_url) as other, database.snapshot() as session:
        for batch in sheets.stream_rows(session, CONTACTS, CONTACTS.columns, None, batch=1):
            names += [row.full_name for row in batch]
            with other.transaction() as elsewhere:
                url = f"{SANDBOX}{uuid4()}/"
                elsewhere.execute(insert(Contact).values(account_id=ann, profile_url=url, full_name="New"))
                elsewhere.query(Contact).filter_by(full_name="Moe").delete()
        assert sheets.count_rows(session, CONTACTS, None) == 3
        assert names == ["=Kim", "Lee", "Moe"]
        # without it, a large export on a loaded machine is cut off
        assert session.scalar(text("show idle_in_transaction_session_timeout")) == "10min"
