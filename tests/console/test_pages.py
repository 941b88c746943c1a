"""What every page of the console has, at each width, and what its faults look like."""

from base64 import urlsafe_b64encode

import pytest

from api_stub.console.session import Role
from db.engine import Database
from tests.builders import a_contact, an_account
from tests.console.conftest import (
    DESK,
    PHONE,
    Console,
    LiveConsoleFactory,
    check_at_each_width,
    check_page,
    with_token,
)


def test_pages_are_accessible_at_each_width(live_console: LiveConsoleFactory, database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
        an_account(session, "second")
    served = live_console()
    page = served.page_at(PHONE, None)
    for path, width in (("/", DESK), ("/people/none", PHONE)):
        page.goto(path)
        check_at_each_width(page, width)
    check_page(served.page_at(360, dark=True))


@pytest.mark.parametrize("path", ["/people/none", "/campaigns/x", "/actions/nonsense"])
def test_an_unknown_page_is_a_page_that_says_so(console: Console, path: str) -> None:
    answer = console(Role.VIEWER).get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_a_long_message_fits_into_the_cookie_that_carries_it(console: Console, database: Database) -> None:
    with database.transaction() as session:
        contact = a_contact(session, an_account(session), "ann", name="\U0001f600" * 300).id
    client = console()
    answer = client.post(f"/people/{contact}/never", data=with_token())
    assert len(answer.headers["set-cookie"]) < 4096  # browsers drop a longer one
    assert "\U0001f600" in client.get(answer.headers["location"]).text


def test_a_message_that_cannot_be_read_is_none(console: Console) -> None:
    client = console()
    for planted in (b"[" * 3000, b"\xff"):
        client.cookies.set("rapport_said", urlsafe_b64encode(planted).decode())
        assert client.get("/stop").status_code == 200


def test_an_address_that_postgres_cannot_store_is_no_page(console: Console, database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
    assert console().get("/searches/a%00/edit").status_code == 404
    for path in ("/doubts/same/a%00/1/2/distinct", "/setup/notices/a%00/pause"):
        assert console().post(path, data=with_token()).status_code == 404
