"""`/v1/imports`: a file is sent, looked at, imported once and undone; doubts and subscriptions."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from api_stub.http.limits import uploads
from api_stub.imports.jobs import Run, RunKind, Runs, RunState
from db.engine import Database
from db.store import audit
from db.store.imports import subscriptions
from db.store.people import accounts
from db.tables import Contact
from tests.builders import SANDBOX, a_contact, an_account, contact_by_slug
from tests.cluster import wait_for
from tests.http.conftest import TestClient
from tests.http.v1.conftest import ClientAs
from worker.rules.subscriptions.readings import SourceKind

PEOPLE = f"profile_url,full_name,birthday\n{SANDBOX}ann/,Ann Roe,1990-03-04\n{SANDBOX}bob/,Bob Roe,--05-06\n"


@pytest.fixture(autouse=True)
def _account(database: Database) -> None:
    with database.transaction() as session:
        an_account(session)


def send(client: TestClient, content: str | bytes = PEOPLE, **asked: Any) -> Any:
    headers = {"Content-Type": asked.pop("content_type", "text/csv")}
    params = {"account": "demo", "file_name": "people.csv", **asked}
    return client.post("/v1/imports", params=params, content=content, headers=headers)


def settle(client: TestClient, started: Any) -> dict[str, Any]:
    """Wait until the run that an answer names has ended, and return it."""
    assert started.status_code == 202, started.text
    assert started.headers["location"] == f"/v1/imports/runs/{started.json()['id']}"
    found: dict[str, Any] = {}

    def has_ended() -> bool:
        found.update(client.get(started.headers["location"]).json())
        return bool(found["state"] != RunState.RUNNING)

    wait_for("the run", has_ended)
    return found


def count_people(database: Database) -> int:
    with database.transaction() as session:
        return session.scalars(select(func.count()).select_from(Contact)).one()


def runs_of(client: TestClient) -> Runs:
    app: Any = client.app
    runs: Runs = app.state.import_runs
    return runs


def kept_files(client: TestClient) -> list[Path]:
    folder = runs_of(client).folder
    return list(folder.iterdir()) if folder.exists() else []


def test_a_file_is_looked_at_then_imported_once_and_undone(v1_as: ClientAs, database: Database) -> None:
    crm = v1_as("control")
    checked = settle(crm, send(crm, dry_run=True))
    assert (checked["kind"], checked["state"], checked["by"]) == ("check", "done", "control-key")
    assert (checked["checked"]["source"], checked["checked"]["report"]["new"]) == ("csv", 2)
    assert [each["name"] for each in checked["checked"]["samples"]] == ["Ann Roe", "Bob Roe"]
    assert count_people(database) == 0
    path, digest = f"/v1/imports/runs/{checked['id']}/import", hashlib.sha256(PEOPLE.encode()).hexdigest()
    wrong = crm.post(path, json={"digest": "0" * 64})
    assert wrong.json()["errors"][0]["field"] == "body.digest"
    done = settle(crm, crm.post(path, json={"digest": digest}))
    assert (done["kind"], done["state"], count_people(database)) == ("import", "done", 2)
    again = crm.post(path, json={"digest": digest})
    assert (again.status_code, again.json()["type"]) == (404, "/problems/import-run-unknown")
    shown = crm.get(f"/v1/imports/{done['import_id']}").json()
    assert (shown["file_name"], shown["started_by"], shown["report"]["new"]) == (
        "people.csv",
        "control-key",
        2,
    )
    undone = settle(crm, crm.post(f"/v1/imports/{done['import_id']}/undo"))
    assert (undone["undone"]["contacts"], count_people(database)) == (2, 0)
    twice = crm.post(f"/v1/imports/{done['import_id']}/undo")
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/conflict")
    with database.transaction() as session:
        made = [(each.change, each.by) for each in audit.list_changes(session)]
    assert made == [("import.undo", "control-key"), ("import.file", "control-key")]
    assert kept_files(crm) == []


def test_imports_come_in_pages_newest_first(v1: TestClient) -> None:
    ids = [settle(v1, send(v1))["import_id"] for _ in range(3)]
    page = v1.get("/v1/imports", params={"limit": 2, "account": "demo"}).json()
    rest = v1.get("/v1/imports", params={"limit": 2, "account": "demo", "cursor": page["next"]}).json()
    assert [each["id"] for each in page["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None


def test_a_file_that_cannot_be_read_changes_nothing(v1: TestClient, database: Database) -> None:
    refused = settle(v1, send(v1, "no,such,columns\n1,2,3\n"))
    assert (refused["state"], count_people(database)) == ("refused", 0)
    assert "people.csv" in refused["refusal"]
    assert v1.get("/v1/imports").json()["items"] == []
    assert kept_files(v1) == []


@pytest.mark.parametrize(
    ("status", "kind", "content", "asked"),
    [
        (404, "account-unknown", PEOPLE, {"account": "nobody"}),
        (422, "fields-wrong", "", {}),
        (422, "fields-wrong", PEOPLE, {"format": "v1"}),
        (422, "fields-wrong", PEOPLE, {"encoding": "a b"}),
        (422, "fields-wrong", PEOPLE, {"file_name": "a\0b"}),
        (415, "media-type-unsupported", PEOPLE, {"content_type": "application/json"}),
    ],
)
def test_a_wrong_upload_keeps_nothing(
    v1: TestClient, status: int, kind: str, content: str, asked: dict[str, Any]
) -> None:
    answer = send(v1, content, **asked)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    assert kept_files(v1) == []


@pytest.mark.parametrize("declared", [True, False])
def test_a_file_that_is_too_large_is_refused(
    v1: TestClient, monkeypatch: pytest.MonkeyPatch, declared: bool
) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 1_000)
    pieces = (b"x" * 500 for _ in range(5))
    answer = send(v1, b"x" * 1_001) if declared else send(v1, pieces)  # type: ignore[arg-type]  # in chunks
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
    assert kept_files(v1) == []


@contextmanager
def a_run(runs: Runs) -> Iterator[Run]:
    """Let a run go on until the block ends."""
    ended = threading.Event()
    run = runs.start(lambda _database, _run: ended.wait(30), kind=RunKind.UNDO, account="demo", by="tests")
    try:
        yield run
    finally:
        ended.set()
        assert run.thread is not None
        run.thread.join(30)


def test_one_runs_at_a_time(v1: TestClient) -> None:
    checked = settle(v1, send(v1, dry_run=True))
    with a_run(runs_of(v1)) as running:
        digest = checked["checked"]["digest"]
        for answer in (
            send(v1),
            v1.post(f"/v1/imports/runs/{checked['id']}/import", json={"digest": digest}),
        ):
            assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")
            assert answer.headers["retry-after"] == "10"
        assert v1.delete(f"/v1/imports/runs/{running.id}").status_code == 409
    assert len(kept_files(v1)) == 1  # the checked one, which can still be imported
    assert v1.delete(f"/v1/imports/runs/{checked['id']}").status_code == 204
    assert kept_files(v1) == []
    assert v1.get(f"/v1/imports/runs/{checked['id']}").status_code == 404


def test_a_repeated_upload_imports_once(v1: TestClient, database: Database) -> None:
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "the-file-of-today"}
    first, again = (v1.post("/v1/imports?account=demo", content=PEOPLE, headers=headers) for _ in range(2))
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["location"] == again.headers["location"]
    settle(v1, first)
    other = v1.post("/v1/imports?account=demo", content=f"{PEOPLE}\n", headers=headers)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/idempotency-key-reused")
    assert len(v1.get("/v1/imports").json()["items"]) == 1


@pytest.fixture
def doubts(v1: TestClient, database: Database) -> list[int]:
    """Three doubts: two Anns of whom one is meant, and Bob, of whom there is one."""
    with database.transaction() as session:
        account = an_account(session, "other")
        for slug, name in (("ann", "Ann Roe"), ("ann2", "Ann Roe"), ("bob", "Bob Roe")):
            a_contact(session, account, slug, name=name)
    settle(v1, send(v1, "name,birthday\nAnn Roe,1990-03-04\nBob Roe,--05-06\n", account="other"))
    found: list[int] = []
    cursor: str | None = None
    while True:
        asked = {"account": "other", "limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = v1.get("/v1/imports/doubts", params=asked).json()
        found += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


def test_a_doubt_is_answered_once_and_taken_back(
    v1_as: ClientAs, database: Database, doubts: list[int]
) -> None:
    crm = v1_as("control")
    first, second, bob = doubts

    def answer(doubt: int, verb: str) -> int:
        return int(crm.post(f"/v1/imports/doubts/{doubt}/{verb}").status_code)

    assert answer(first, "confirm") == 204
    assert (answer(second, "confirm"), answer(first, "refuse"), answer(bob, "reopen")) == (409, 409, 409)
    assert answer(first, "reopen") == 204
    assert answer(bob, "refuse") == 204
    assert [each["id"] for each in crm.get("/v1/imports/doubts").json()["items"]] == [first, second]
    assert answer(999_999, "confirm") == 404
    with database.transaction() as session:
        made = [(each.change, each.about, each.by) for each in audit.list_changes(session, limit=3)]
    assert made == [
        (f"doubt.{verb}", str(doubt), "control-key")
        for verb, doubt in (("refuse", bob), ("reopen", first), ("confirm", first))
    ]


def test_those_of_one_contact_only_are_confirmed_at_once(
    v1: TestClient, database: Database, doubts: list[int]
) -> None:
    unique = v1.get("/v1/imports/doubts", params={"unique": True}).json()["items"]
    assert [each["id"] for each in unique] == doubts[2:]
    assert v1.post("/v1/imports/doubts/confirm-unique", json={}).json() == {"ids": doubts[2:], "more": False}
    with database.transaction() as session:
        other = accounts.find_account(session, "other")
        assert other is not None
        bob = contact_by_slug(session, other, "bob")
        assert (bob.birth_month, bob.birth_day) == (5, 6)


def test_a_subscription_is_read_soon_and_ended_and_its_address_is_not_shown(
    v1: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        owner = an_account(session, "third")
        ids = [
            subscriptions.save_subscription(
                session, account_id=owner.id, kind=SourceKind.CARDDAV, title="Contacts",
                origin="https://cloud.example.org", address_hash=bytes([number]), sealed=b"a secret path",
            )
            for number in range(2)
        ]  # fmt: skip
    first = v1.get("/v1/imports/subscriptions", params={"limit": 1, "account": "third"}).json()
    asked = {"limit": 1, "account": "third", "cursor": first["next"]}
    rest = v1.get("/v1/imports/subscriptions", params=asked).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == ids
    assert "secret" not in str(first)
    assert v1.post(f"/v1/imports/subscriptions/{ids[0]}/read").json()["next_at"] is not None
    assert v1.delete(f"/v1/imports/subscriptions/{ids[0]}").status_code == 204
    gone = v1.delete(f"/v1/imports/subscriptions/{ids[0]}")
    assert (gone.status_code, gone.json()["type"]) == (404, "/problems/subscription-unknown")
