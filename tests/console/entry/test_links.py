"""One-time links: who uses one up, and who doesn't."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from api_stub.console.state import MAX_UNKNOWN_LINKS
from db.engine import Database
from db.store.console import links
from tests.console.entry.conftest import Visitors, add_user, count, execute, make_link
from worker.rules.console.users import Role

EXPIRED = (
    "update console_links set created_at = created_at - interval '{days} days', "
    "expires_at = expires_at - interval '{days} days'"
)


def test_a_link_signs_its_user_in_once(visitor: Visitors, database: Database) -> None:
    path = make_link(database, add_user(database, password=False))
    browser = visitor()
    with capture_logs() as lines:
        answer = browser.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Signed in as ann" in browser.get("/").text
    assert path.removeprefix("/enter/") not in repr(lines)
    other = visitor()
    used = other.get(path)
    assert (used.status_code, "rapport" in other.cookies) == (410, False)
    assert "was used already" in used.text
    again = browser.get(path)  # from the history of the browser that used it
    assert (again.status_code, again.headers["location"]) == (303, "/")


def test_a_browser_has_one_session(visitor: Visitors, database: Database) -> None:
    ann, bob = add_user(database), add_user(database, "bob")
    browser = visitor()
    browser.get(make_link(database, ann))
    browser.get(make_link(database, bob))
    assert "Signed in as bob" in browser.get("/sessions").text
    assert count(database, "console_sessions") == 1


@pytest.mark.parametrize(
    "given",
    [
        {"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"}, {"X-Purpose": "preview"}, {"Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Dest": "empty"},
    ],
)  # fmt: skip
def test_what_a_browser_fetches_in_advance_uses_no_link_up(
    visitor: Visitors, database: Database, given: dict[str, str]
) -> None:
    path = make_link(database, add_user(database))
    browser = visitor()
    for answer in (browser.get(path, headers=given), browser.head(path)):
        assert (answer.status_code, "set-cookie" in answer.headers) == (503, False)
    assert browser.get(path, headers={"Sec-Fetch-Dest": "document"}).status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        EXPIRED.format(days=2),
        "update console_users set disabled_at = now()",
        "delete from console_users",
    ],
)
def test_a_link_ends(visitor: Visitors, database: Database, change: str) -> None:
    path = make_link(database, add_user(database))
    execute(database, change)
    browser = visitor()
    assert (browser.get(path).status_code, "rapport" in browser.cookies) == (410, False)


def test_a_new_link_or_password_ends_the_one_before(visitor: Visitors, database: Database) -> None:
    user_id = add_user(database)
    former, latter = make_link(database, user_id), make_link(database, user_id)
    assert [visitor().get(path).status_code for path in (former, latter)] == [410, 303]


def test_of_two_that_open_a_link_at_once_one_gets_in(database: Database) -> None:
    path = make_link(database, add_user(database, role=Role.VIEWER))
    token = path.removeprefix("/enter/")

    def use(_: int) -> bool:
        with database.transaction() as session:
            return links.use_link(session, token) is not None

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(use, range(8))) == 1


def test_the_database_has_no_token(database: Database) -> None:
    path = make_link(database, add_user(database))
    token = path.removeprefix("/enter/")
    with database.transaction() as session:
        rows = session.connection().exec_driver_sql("select console_links::text from console_links").all()
    assert token not in repr(rows)
    assert token.encode().hex() not in repr(rows)


def test_guesses_are_counted_and_used_links_are_not(visitor: Visitors, database: Database) -> None:
    path = make_link(database, add_user(database))
    visitor().get(path)
    browser = visitor()
    for _ in range(3):
        assert browser.get(path).status_code == 410
    statuses = [browser.get(f"/enter/{number}").status_code for number in range(MAX_UNKNOWN_LINKS + 1)]
    assert statuses == [410] * MAX_UNKNOWN_LINKS + [404]


def test_links_that_expired_long_ago_are_deleted(database: Database) -> None:
    make_link(database, add_user(database))
    execute(database, EXPIRED.format(days=32))
    with database.transaction() as session:
        assert links.delete_old_links(session) == 1
