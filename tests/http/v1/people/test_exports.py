"""`/v1/exports`: streams of rows."""

import csv
import io
import json
from datetime import date

import pyarrow.parquet as pq
import pytest

from api_stub.http.v1.people import exports
from db.engine import Database
from db.exports import formats
from db.exports.formats import Format
from db.exports.sheets import CONTACTS
from db.store import audit
from tests.builders import a_contact, an_account
from tests.http.conftest import TestClient


@pytest.fixture
def _people(database: Database) -> None:
    with database.transaction() as session:
        demo, other = an_account(session), an_account(session, "other")
        for number in range(5):
            a_contact(
                session, demo, f"p{number}", name=f"Person {number}", birthday=date(2000, 3, number + 1)
            )
        a_contact(session, other, "risky", name='=HYPERLINK("https://evil.test")')


@pytest.mark.usefixtures("_people")
def test_people_are_exported_in_each_format(v1: TestClient, database: Database) -> None:
    lines = v1.get("/v1/exports/contacts").text.splitlines()
    names = [f"Person {number}" for number in range(5)]
    assert [json.loads(line)["full_name"] for line in lines][:5] == names
    sheet = v1.get("/v1/exports/contacts", params={"format": "csv", "account": "other"})
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert sheet.headers["content-disposition"] == 'attachment; filename="contacts.csv"'
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [row["full_name"] for row in rows] == ['\'=HYPERLINK("https://evil.test")']
    table = pq.read_table(
        io.BytesIO(v1.get("/v1/exports/contacts?format=parquet&account=demo").content)
    ).to_pylist()
    assert [row["full_name"] for row in table] == names
    assert v1.get("/v1/exports/interactions").text == ""
    with database.transaction() as session:
        made = [(each.change, each.about, each.by) for each in audit.list_changes(session)]
    assert made[::-1] == [
        ("export.contacts", "all accounts", "api"),
        ("export.contacts", "other", "api"),
        ("export.contacts", "demo", "api"),
        ("export.interactions", "all accounts", "api"),
    ]


@pytest.mark.usefixtures("_people")
def test_parquet_is_refused_with_the_name_of_its_extra_if_that_is_not_installed(
    v1: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "is_installed", lambda _extra: False)
    refused = v1.get("/v1/exports/contacts?format=parquet")
    assert refused.status_code == 422
    assert "install the extra `parquet`" in refused.json()["detail"]
    assert v1.get("/v1/exports/contacts?format=csv").status_code == 200


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize("as_format", list(Format))
def test_a_batch_is_read_when_the_client_takes_it_and_no_transaction_waits(
    database: Database, as_format: Format
) -> None:
    chunks = exports.stream_sheet(database, CONTACTS, as_format, None, batch=2)
    taken = [next(chunks)]
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of its class
    with database.transaction() as session:
        a_contact(session, an_account(session, "late"), "late", name="Late")
    taken += chunks
    assert len(taken) == 5
    whole = b"".join(taken)
    if as_format is Format.PARQUET:
        names = [row["full_name"] for row in pq.read_table(io.BytesIO(whole)).to_pylist()]
        assert (names[0], names[-1], len(names)) == ("Person 0", "Late", 7)
    else:
        assert whole.count(b"Person") == 5
        assert b"Late" in taken[-2]


@pytest.mark.usefixtures("_people")
def test_only_some_exports_run_at_once(v1: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    held = [exports._places.acquire(blocking=False) for _ in range(exports.MAX_EXPORTS)]
    try:
        answer = v1.get("/v1/exports/contacts")
    finally:
        for _ in held:
            exports._places.release()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert v1.get("/v1/exports/contacts").status_code == 200
