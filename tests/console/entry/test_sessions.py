"""Sessions: which cookies are accepted, how their tokens change, and what ends them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import event
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.console import sessions, users
from tests.console.entry.conftest import (
    HASH,
    Visitors,
    add_user,
    app_of,
    count,
    execute,
    key_of,
    make_link,
    read_token,
    sign_in,
)
from tests.http.conftest import TestClient
from worker.rules.console.users import Language, Role


@pytest.fixture
def browser(visitor: Visitors, database: Database) -> TestClient:
    """A browser in which ann, an owner, is signed in."""
    user_id = add_user(database)
    browser = visitor()
    assert browser.get(make_link(database, user_id)).status_code == 303
    return browser


def is_in(browser: TestClient, cookie: str | None = None) -> bool:
    """Return whether the first page is shown to the browser, with its own cookie or this one."""
    if cookie is not None:
        browser.cookies.clear()
        browser.cookies.set("rapport", cookie)
    answer = browser.get("/sessions")
    assert answer.status_code in {200, 303}
    return bool(answer.status_code == 200)


@contextmanager
def statements(browser: TestClient) -> Iterator[list[str]]:
    """Collect the statements that the application executes."""
    found: list[str] = []

    def note(*given: object) -> None:
        found.append(str(given[2]))

    engine = app_of(browser).state.database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def chosen(browser: TestClient, language: str) -> dict[str, str]:
    return {"csrf": read_token(browser.get("/sessions").text), "language": language}


def test_a_user_chooses_the_language(browser: TestClient, database: Database) -> None:
    told = browser.post("/sessions/language", data=chosen(browser, "fr"))
    assert (told.status_code, told.headers["location"]) == (303, "/sessions")
    page = browser.get("/sessions").text
    assert '<html lang="fr">' in page
    assert "La console parle français maintenant." in page
    assert browser.post("/sessions/language", data=chosen(browser, "xx")).status_code == 400
    with database.transaction() as session:
        assert users.get_user(session, "ann").language is Language.FRENCH


def test_a_cookie_that_was_not_signed_here_costs_no_query(browser: TestClient) -> None:
    good = browser.cookies["rapport"]
    token, _, signature = good.partition(".")
    other = "A" if token[-1] != "A" else "B"
    forged = (
        "", "x", token, f"{token}.", f"{token}.{signature[:-2]}", f"{token[:-1]}{other}.{signature}",
        f"{token}.{signature}x", f"{signature}.{token}", f".{signature}", "a.b",
    )  # fmt: skip
    with statements(browser) as executed:
        assert not any(is_in(browser, each) for each in forged)
    assert not executed
    assert is_in(browser, good)


def test_a_signature_for_a_form_is_none_for_a_cookie(browser: TestClient) -> None:
    keys = app_of(browser).state.console.keys
    token = browser.cookies["rapport"].partition(".")[0]
    assert not is_in(browser, f"{token}.{keys.sign('form', token)}")


def test_keys_are_rotated_without_signing_anybody_out(visitor: Visitors, database: Database) -> None:
    user_id = add_user(database)
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    browser = visitor(console_keys=old)
    browser.get(make_link(database, user_id))
    cookie = browser.cookies["rapport"]
    assert is_in(visitor(console_keys=f"{new},{old}"), cookie)
    assert not is_in(visitor(console_keys=new), cookie)


def test_the_token_changes_every_hour_and_the_former_one_ends(
    browser: TestClient, visitor: Visitors, database: Database
) -> None:
    first = browser.cookies["rapport"]
    assert is_in(browser)
    assert browser.cookies["rapport"] == first
    execute(database, "update console_sessions set rotated_at = now() - interval '61 minutes'")
    assert is_in(browser)
    second = browser.cookies["rapport"]
    assert second != first
    other = visitor(console_keys=key_of(browser))
    assert is_in(other, first), "its answer with the new token may have been lost"
    assert is_in(browser), "the new one has come back"
    assert is_in(other, first), "requests are under way for a minute"
    execute(database, "update console_sessions set former_until = now() - interval '1 second'")
    assert not is_in(other, first)
    assert is_in(browser)
    assert count(database, "console_sessions") == 1


def test_a_browser_that_never_got_the_new_token_gets_another_one(
    browser: TestClient, database: Database
) -> None:
    first = browser.cookies["rapport"]
    execute(database, "update console_sessions set rotated_at = now() - interval '61 minutes'")
    assert is_in(browser)
    lost = browser.cookies["rapport"]
    assert is_in(browser, first)
    assert browser.cookies["rapport"] == first, "one request gets it, others at the same time don't"
    execute(database, "update console_sessions set rotated_at = now() - interval '2 minutes'")
    assert is_in(browser, first)
    kept = [each.value for each in browser.cookies.jar if each.value not in {first, lost}]
    assert len(kept) == 1
    assert not is_in(browser, lost)
    assert is_in(browser, kept[0])


@pytest.mark.parametrize(
    "change",
    [
        "update console_sessions set used_at = now() - interval '7 days 1 second'",
        "update console_sessions set created_at = now() - interval '30 days 1 second'",
        "update console_users set disabled_at = now()",
        "delete from console_sessions",
    ],
)
def test_a_session_ends(browser: TestClient, database: Database, change: str) -> None:
    assert is_in(browser)
    execute(database, change)
    assert not is_in(browser)
    (session_id,) = _ids(database) or (UUID(int=1),)
    with database.transaction() as session:
        assert not sessions.is_open(session, session_id)
        assert not sessions.list_sessions(session)


def test_ended_sessions_are_deleted(browser: TestClient, database: Database) -> None:
    with database.transaction() as session:
        assert sessions.delete_ended_sessions(session) == 0
    execute(database, "update console_sessions set used_at = now() - interval '8 days'")
    with database.transaction() as session:
        assert sessions.delete_ended_sessions(session) == 1


def test_another_password_role_or_a_lock_signs_a_user_out_everywhere(
    visitor: Visitors, database: Database
) -> None:
    user_id = add_user(database)
    changes: Sequence[Callable[[Session], None]] = (
        lambda session: users.set_password(session, "ann", HASH, by="tests"),
        lambda session: users.set_role(session, "ann", Role.VIEWER, by="tests"),
        lambda session: users.disable_user(session, "ann", by="tests"),
    )
    for change in changes:
        browser, unused = visitor(), make_link(database, user_id)
        browser.get(make_link(database, user_id))
        assert is_in(browser)
        with database.transaction() as session:
            change(session)
        assert not is_in(browser)
        assert browser.get(unused).status_code == 410


def test_the_list_shows_each_browser_and_ends_one_or_all_others(
    browser: TestClient, visitor: Visitors, database: Database
) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"
    others = [visitor(console_keys=key_of(browser)) for _ in range(3)]
    for other in others:
        other.headers["User-Agent"] = agent
        sign_in(other)
    page = browser.get("/sessions").text
    assert page.count("Safari on iPhone") == 3
    assert page.count("(this browser)") == 1
    mine = _ids(database)[0]
    ended = next(each for each in _ids(database) if each != mine)
    form = {"csrf": read_token(page)}
    assert browser.post(f"/sessions/{ended}/end", data=form).headers["location"] == "/sessions"
    assert sum(map(is_in, others)) == 2
    assert browser.post("/sessions/end-others", data=form).status_code == 303
    assert "2 other browsers were signed out." in browser.get("/sessions").text
    assert not any(map(is_in, others))
    assert is_in(browser)
    with database.transaction() as session:
        told = session.connection().exec_driver_sql(
            "select by, about, detail from changes where change = 'session.end' order by id"
        )
        assert [tuple(row) for row in told] == [("ann", "ann", ""), ("ann", "ann", "2")]


def test_only_an_owner_sees_and_ends_sessions_of_others(
    browser: TestClient, visitor: Visitors, database: Database
) -> None:
    user_id = add_user(database, "vic", Role.VIEWER)
    viewer = visitor(console_keys=key_of(browser))
    viewer.get(make_link(database, user_id))
    page = viewer.get("/sessions").text
    assert "ann" not in page
    owners = _ids(database)[0]
    assert viewer.post(f"/sessions/{owners}/end", data={"csrf": read_token(page)}).status_code == 303
    assert is_in(browser)
    page = browser.get("/sessions").text
    assert "vic" in page
    theirs = _ids(database)[1]
    assert browser.post(f"/sessions/{theirs}/end", data={"csrf": read_token(page)}).status_code == 303
    assert not is_in(viewer)


def test_leaving_ends_the_session_and_a_mere_visit_does_not(browser: TestClient, database: Database) -> None:
    cookie = browser.cookies["rapport"]
    assert browser.get("/leave").headers["location"] == "sessions"
    assert is_in(browser)
    token = read_token(browser.get("/sessions").text)
    answer = browser.post("/leave", data={"csrf": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/enter")
    assert "rapport" not in browser.cookies
    assert not is_in(browser, cookie)
    assert count(database, "console_sessions") == 0


def test_a_session_notes_its_last_use_at_most_once_a_minute(browser: TestClient, database: Database) -> None:
    assert is_in(browser)
    with statements(browser) as executed:
        assert is_in(browser)
    assert not [each for each in executed if each.startswith("UPDATE")]
    execute(database, "update console_sessions set used_at = now() - interval '2 minutes', address = ''")
    assert is_in(browser)
    with database.transaction() as session:
        (found,) = sessions.list_sessions(session)
    assert found.client.address == "testclient"


def test_the_first_start_adds_an_owner_and_later_ones_only_find_it(database: Database) -> None:
    for _ in range(2):
        with database.transaction() as session:
            owner = users.ensure_owner(session, by="tests")
        assert owner is not None
        assert (owner.name, owner.role, owner.has_password) == ("owner", Role.OWNER, False)
    with database.transaction() as session:
        users.disable_user(session, "owner", by="tests")
        assert users.ensure_owner(session, by="tests") is None
        users.remove_user(session, "owner", by="tests")
        users.add_user(session, "ann", Role.OWNER, language=Language.FRENCH, by="tests")
        assert users.ensure_owner(session, by="tests") is None


def _ids(database: Database) -> list[UUID]:
    with database.transaction() as session:
        rows = session.connection().exec_driver_sql("select id from console_sessions order by created_at")
        return [row[0] for row in rows]
