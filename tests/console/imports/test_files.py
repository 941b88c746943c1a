"""A file is looked at, imported as it was shown, and undone; nothing of it stays behind."""

import asyncio
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message

from api_stub.console.imports import multipart
from api_stub.console.session import Role
from api_stub.http.limits import uploads
from api_stub.imports import jobs
from api_stub.imports.jobs import Runs
from api_stub.imports.kept_files import FileWriter
from db.engine import Database
from db.store import audit
from db.store.people import accounts, import_lock
from tests.builders import an_account
from tests.cluster import run_apart
from tests.console.conftest import UPLOADS, Console, with_token
from tests.console.hostile import HOSTILE
from tests.console.imports.helpers import (
    PEOPLE,
    check,
    count_people,
    digest_in,
    import_it,
    left_in,
    runs_of,
    send,
    settle,
)
from tests.http.conftest import TestClient


@pytest.fixture
def owner(console: Console, database: Database) -> Iterator[TestClient]:
    with database.transaction() as session:
        an_account(session)
    client = console()
    yield client
    for run in list(runs_of(client)._runs.values()):
        if run.thread is not None:
            run.thread.join(30)


def test_a_file_is_looked_at_before_anything_changes(owner: TestClient, database: Database) -> None:
    path, page = check(owner, PEOPLE)
    assert "3 new people" in page
    assert "Ann Roe" in page
    assert "4 March 1990" in page
    assert "31 Feb" in page  # the day that does not exist is named
    assert count_people(database) == 0
    shown = owner.get("/imports").text
    assert "Nothing was imported yet" in shown
    assert "looked at, not imported" in shown  # whoever closed the page finds it here
    assert path in shown
    assert len(left_in(UPLOADS)) == 1  # it waits for the person

    answer = owner.post(path, data=with_token(digest=digest_in(page)))
    page = settle(owner, answer.headers["location"])
    assert "Imported." in page
    assert count_people(database) == 3
    assert left_in(UPLOADS) == []
    shown = owner.get("/imports").text
    assert "people.csv" in shown
    assert "olga" in shown
    with database.transaction() as session:
        assert [each.change for each in audit.list_changes(session)] == ["import.file"]


def test_only_the_file_that_was_shown_is_imported(owner: TestClient, database: Database) -> None:
    path, page = check(owner, PEOPLE)
    answer = owner.post(path, data=with_token(digest="0" * 64))
    assert "isn&#39;t the one that was shown" in settle(owner, answer.headers["location"])
    assert "nothing was changed" in owner.get("/imports").text
    assert owner.post(path, data=with_token(digest=digest_in(page))).headers["location"] == "/imports"

    path, page = check(owner, PEOPLE)
    (kept,) = left_in(UPLOADS)
    kept.write_text(PEOPLE.replace("Ann", "Eve"))  # somebody else on this machine
    answer = owner.post(path, data=with_token(digest=digest_in(page)))
    assert "isn&#39;t the one that was shown" in settle(owner, answer.headers["location"])
    assert count_people(database) == 0
    assert left_in(UPLOADS) == []


def test_one_press_imports_once(owner: TestClient, database: Database) -> None:
    path, page = check(owner, PEOPLE)
    given = with_token(digest=digest_in(page))
    first, second = (owner.post(path, data=given).headers["location"] for _ in range(2))
    settle(owner, first)
    assert second == "/imports"
    assert owner.get("/imports").text.count("people.csv") == 1


def test_a_discarded_file_is_deleted(owner: TestClient, database: Database) -> None:
    path, _ = check(owner, PEOPLE)
    assert owner.post(f"{path}/discard", data=with_token()).headers["location"] == "/imports"
    assert (left_in(UPLOADS), count_people(database)) == ([], 0)
    assert owner.get(path).headers["location"] == "/imports"


def _zip(**members: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("_", "."), text)
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"\x00\x01\x02" * 400, "photo.jpg", "photo.jpg"),
        ("hello\n", "letter.txt", "letter.txt isn&#39;t in a format that Rapport reads"),
        (_zip(a_csv="name\n" + "A" * (40 << 20)), "bomb.zip", "would unpack to far more than an export has"),
        (_zip(**{"../up_csv": "name\nAnn\n"}), "up.zip", "has a path outside itself"),
        (b"PK\x03\x04broken", "broken.zip", "broken.zip is damaged"),
    ],
)
def test_a_file_that_is_none_is_refused_and_deleted(
    owner: TestClient, content: str | bytes, name: str, says: str
) -> None:
    _, page = check(owner, content, name)
    assert says in page
    assert "Import this file" not in page
    assert left_in(UPLOADS) == []


def test_a_zip_with_one_table_is_read(owner: TestClient) -> None:
    _, page = check(owner, _zip(people_csv=PEOPLE), "export.zip")
    assert "3 new people" in page
    assert "export.zip" in page


def test_format_and_encoding_can_be_chosen(owner: TestClient) -> None:
    table = "name,profile_url\nZo\u00eb,https://sandbox.test/in/zoe/\n".encode("cp850")
    answer = send(owner, table, encoding="cp850", format="csv")
    page = settle(owner, answer.headers["location"])
    assert "Zo\u00eb" in page
    assert "csv, cp850" in page
    refused = settle(owner, send(owner, table, encoding="nonsense").headers["location"])
    assert "isn&#39;t a text encoding" in refused


def test_hostile_names_stay_texts(owner: TestClient, database: Database) -> None:
    quoted = [f'"{text.replace(chr(34), chr(34) * 2)}"' for text in HOSTILE]
    rows = "".join(
        f"{text},https://sandbox.test/in/h{number}/,--01-02,{text}\n" for number, text in enumerate(quoted)
    )
    path, page = check(owner, "name,profile_url,birthday,company\n" + rows, "<b>\u202egnp.csv")
    answer = owner.post(path, data=with_token(digest=digest_in(page)))
    pages = [page, settle(owner, answer.headers["location"]), owner.get("/imports").text]
    for shown in pages:
        assert "<b>" not in shown
        assert "<img" not in shown
        assert "document.title=" not in shown.replace("document.title=&#39;", "")
        assert not any(character in shown for character in "\u202e\u2066\x1b\x00\x85")
        assert "49" not in shown.partition("{{7*7}}")[1]


def test_a_form_of_another_page_or_without_a_file_keeps_nothing(owner: TestClient) -> None:
    assert send(owner, PEOPLE, csrf="wrong").status_code == 400
    assert left_in(UPLOADS) == []
    assert "Choose the account" in send(owner, PEOPLE, account="nobody").text
    for fields in ({"account": "de\0mo"}, {"encoding": "utf-8\0"}):
        assert send(owner, PEOPLE, **fields).status_code == 400
    assert send(owner, "").headers["location"] == "/imports"
    boundary = {"Content-Type": "multipart/form-data; boundary=b"}
    for body in (b"", b"--b\r\nnonsense", b"--b--\r\n", b"--b\r\n" + b"X: " + b"y" * 9000):
        assert owner.post("/imports", content=body, headers=boundary).status_code == 400
    assert left_in(UPLOADS) == []


def test_only_one_file_is_taken(owner: TestClient) -> None:
    twice = [("file", ("p.csv", PEOPLE, "text/csv"))] * 2
    assert owner.post("/imports", data=with_token(account="demo"), files=twice).status_code == 400
    assert left_in(UPLOADS) == []


def test_the_file_comes_after_the_fields_that_allow_it(owner: TestClient) -> None:
    parts = [("file", ("p.csv", PEOPLE, "text/csv"))]
    answer = owner.post("/imports", files=[*parts, *((k, (None, v)) for k, v in with_token().items())])
    assert answer.status_code == 400
    assert left_in(UPLOADS) == []


def test_an_interrupted_upload_leaves_nothing(tmp_path: Path) -> None:
    seen: list[int] = []

    async def receive() -> Message:
        found = left_in(tmp_path)
        if found:  # the file has begun, and the client goes away
            seen.extend(path.stat().st_mode & 0o777 for path in found)
            return {"type": "http.disconnect"}
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="p.csv"\r\n\r\nname'
        return {"type": "http.request", "body": head, "more_body": True}

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    with pytest.raises(ClientDisconnect):
        run_apart(lambda: multipart.receive_form(request, tmp_path, lambda _: None))
    assert seen == [0o600]
    assert left_in(tmp_path) == []


def test_what_a_dead_process_left_is_deleted_by_the_next(tmp_path: Path, database_url: str) -> None:
    writer = FileWriter(tmp_path)
    writer.write(b"held by a process that lives")
    kept = writer.finish("a")
    (tmp_path / "abandoned").write_text("of one that died")
    runs = Runs(database_url, tmp_path)
    assert left_in(tmp_path) == [kept.path]
    kept.discard()
    runs.close()


def test_a_file_waits_for_an_hour_at_most(owner: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = check(owner, PEOPLE)
    monkeypatch.setattr(jobs, "KEPT_FOR", timedelta(0))
    runs_of(owner).expire()
    assert left_in(UPLOADS) == []
    assert owner.get(path).headers["location"] == "/imports"


def test_the_end_of_the_process_deletes_what_waits(console: Console, database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
    client = console()
    check(client, PEOPLE)
    runs_of(client).close()
    assert left_in(UPLOADS) == []


def test_one_runs_at_a_time(owner: TestClient, database: Database) -> None:
    path, page = check(owner, PEOPLE)
    with database.transaction() as session:
        import_lock.lock_for_import(session, accounts.list_accounts(session)[0].id)
        answer = send(owner, PEOPLE)  # its dry run waits for the lock of imports
        assert answer.status_code == 303
        busy = answer.headers["location"]
        refused = send(owner, PEOPLE)
        assert (refused.status_code, "Another import is running" in refused.text) == (422, True)
        assert owner.post(path, data=with_token(digest=digest_in(page))).headers["location"] == busy
        shown = owner.get(busy).text
        assert "Reading the file" in shown or "Comparing" in shown
        assert 'hx-trigger="every 1s"' in shown
        assert '<noscript><meta http-equiv="refresh"' in shown
        assert "An import is running" in owner.get("/imports").text
    assert "3 new people" in settle(owner, busy)
    assert len(left_in(UPLOADS)) == 2  # both still wait
    assert "3 new people" in owner.get(path).text


def test_an_import_is_undone_after_one_more_question(owner: TestClient, database: Database) -> None:
    first = import_it(owner)
    second = import_it(owner, PEOPLE.replace("--05-06", "1999-05-06"))
    assert "Undo it" in owner.get(f"/imports/{first}/undo").text
    answer = owner.post(f"/imports/{first}/undo", data=with_token())
    assert f"undo import {second} first" in settle(owner, answer.headers["location"])
    for import_id in (second, first):
        answer = owner.post(f"/imports/{import_id}/undo", data=with_token())
        assert "The import is undone." in settle(owner, answer.headers["location"])
    assert count_people(database) == 0
    assert owner.get("/imports").text.count("undone") == 2
    assert "already undone" in owner.get(f"/imports/{first}/undo").text


def test_the_report_stays(owner: TestClient) -> None:
    import_id = import_it(owner)
    page = owner.get(f"/imports/{import_id}").text
    assert "31 Feb" in page
    assert "Undo this import" in page
    assert owner.get("/imports/999999").status_code == 404
    assert owner.get("/imports/nonsense").status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER])
def test_only_an_owner_imports(console: Console, database: Database, role: Role) -> None:
    with database.transaction() as session:
        an_account(session)
    client = console(role)
    assert send(client, PEOPLE).status_code == 403
    assert left_in(UPLOADS) == []
    assert 'type="file"' not in client.get("/imports").text
    for path in ("/imports/1/undo", "/imports/runs/x", "/imports/runs/x/discard"):
        assert client.post(path, data=with_token()).status_code == 403


def test_a_larger_file_is_refused_also_if_its_size_is_not_declared(
    owner: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert uploads.MAX_UPLOAD_BYTES == 64 << 20
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 1 << 20)

    def pieces() -> Iterator[bytes]:
        head = "--b\r\nContent-Disposition: form-data; name="
        for name, value in with_token(account="demo").items():
            yield f'{head}"{name}"\r\n\r\n{value}\r\n'.encode()
        yield f'{head}"file"; filename="p.csv"\r\n\r\n'.encode()
        for _ in range(32):
            yield b"x" * (1 << 16)

    assert send(owner, b"x" * (1 << 20)).status_code == 413
    boundary = {"Content-Type": "multipart/form-data; boundary=b"}
    assert owner.post("/imports", content=pieces(), headers=boundary).status_code == 413
    assert left_in(UPLOADS) == []


def test_an_upload_that_stops_arriving_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "BODY_TIMEOUT_S", 0)

    async def silent() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def take() -> None:
        await uploads.limit_upload({"type": "http", "headers": []}, silent)()

    with pytest.raises(HTTPException) as refused:
        run_apart(take)
    assert refused.value.status_code == 408
