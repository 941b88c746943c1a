"""Signing in with a password: what opens a session, what doesn't, and what each answer tells."""

import json
from datetime import timedelta

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from api_stub.console import sign_in_desk
from api_stub.console.entry.return_path import add_return_path, read_return_path
from api_stub.console.sign_in_desk import SignInDesk
from api_stub.console.state import MAX_ATTEMPTS
from db.engine import Database
from db.store.console import attempts
from tests.console.entry.conftest import (
    PASSWORD,
    WRONG,
    Visitors,
    add_user,
    count,
    execute,
    make_link,
    read_token,
    sign_in,
)
from worker.passwords import verify_password
from worker.rules.console.passwords import FREE_ATTEMPTS, LONGEST_WAIT, wait_after


def test_the_right_password_opens_the_page_that_was_asked_for(visitor: Visitors, database: Database) -> None:
    add_user(database)
    browser = visitor()
    sent_away = browser.get("/people?text=zo")
    assert (sent_away.status_code, sent_away.headers["location"]) == (303, "/enter?next=/people%3Ftext%3Dzo")
    page = browser.get(sent_away.headers["location"])
    assert 'name="next" value="/people?text=zo"' in page.text
    answer = sign_in(browser, name=" Ann ", next="/people?text=zo")
    assert (answer.status_code, answer.headers["location"]) == (303, "/people?text=zo")
    kept = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("rapport="))
    assert kept.partition(";")[2] == " Path=/; HttpOnly; Max-Age=2592000; SameSite=Lax"
    assert browser.get("/").status_code == 200
    again = browser.get("/enter?next=/people")
    assert (again.status_code, again.headers["location"]) == (303, "/people")


def test_a_session_has_a_new_token_whatever_the_browser_held_before(
    visitor: Visitors, database: Database
) -> None:
    add_user(database)
    browser = visitor()
    sign_in(browser)
    planted = browser.cookies["rapport"]
    execute(database, "delete from console_sessions")  # a token that was valid once, or never
    page = browser.get("/enter")
    assert (page.status_code, browser.cookies["rapport"]) == (200, planted)
    sign_in(browser)
    assert browser.cookies["rapport"] != planted
    other = visitor()
    other.cookies.set("rapport", planted)
    assert other.get("/").status_code == 303


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer_and_neither_is_logged(
    visitor: Visitors, database: Database
) -> None:
    add_user(database)
    add_user(database, "bob", password=False)
    add_user(database, "eve")
    execute(database, "update console_users set disabled_at = now() where name = 'eve'")
    browser = visitor()
    pages = set()
    with capture_logs() as lines:
        for name, password in (
            ("ann", WRONG), ("nobody", PASSWORD), ("bob", ""), ("bob", PASSWORD), ("eve", PASSWORD),
            ("ann\0", PASSWORD), ("ann", "x" * 5000),
        ):  # fmt: skip
            answer = sign_in(browser, name, password)
            assert answer.status_code == 422
            token = read_token(answer.text)
            pages.add(answer.text.replace(token, "").replace(f'value="{name}"', "").replace("ann\0", ""))
    assert len(pages) <= 2, "with and without the typed name"
    assert "rapport" not in browser.cookies
    written = json.dumps(lines, default=str)
    assert "sign_in_refused" in written
    for secret in (PASSWORD, WRONG, "nobody", "bob"):
        assert secret not in written
    assert count(database, "console_sessions") == 0


def test_after_wrong_passwords_a_name_waits_longer_and_longer_even_for_the_right_one(
    visitor: Visitors, database: Database
) -> None:
    user_id = add_user(database)
    browser = visitor()
    for name in ("ann", "nobody"):
        for _ in range(FREE_ATTEMPTS):
            assert sign_in(browser, name, WRONG).status_code == 422
        answer = sign_in(browser, name)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 30
        assert "Wait 1 minute" in answer.text
    assert "rapport" not in browser.cookies
    assert browser.get(make_link(database, user_id)).status_code == 303
    execute(database, "update sign_in_attempts set wait_until = now() - interval '1 second'")
    other = visitor()
    assert sign_in(other, password=WRONG).status_code == 422
    assert int(sign_in(other).headers["retry-after"]) > 30, "it grows"
    execute(database, "update sign_in_attempts set wait_until = now() - interval '1 second'")
    assert sign_in(other).status_code == 303
    assert sign_in(visitor(), password=WRONG).status_code == 422, "the count began anew"


def test_the_waits_grow_to_a_bound() -> None:
    waits = [wait_after(number) for number in range(30)]
    assert waits[: FREE_ATTEMPTS - 1] == [timedelta(0)] * (FREE_ATTEMPTS - 1)
    assert sorted(waits) == waits
    assert waits[FREE_ATTEMPTS] > timedelta(0)
    assert waits[-1] == LONGEST_WAIT


def test_attempts_at_the_same_time_are_counted_before_any_is_checked(database: Database) -> None:
    taken = []
    for _ in range(FREE_ATTEMPTS + 3):
        with database.transaction() as session:
            taken.append(attempts.take_attempt(session, "ann"))
    assert [bool(wait) for wait in taken] == [False] * FREE_ATTEMPTS + [True] * 3


def test_wrong_passwords_of_yesterday_count_no_more(database: Database) -> None:
    for _ in range(FREE_ATTEMPTS - 1):
        with database.transaction() as session:
            attempts.take_attempt(session, "ann")
    execute(database, "update sign_in_attempts set last_at = now() - interval '25 hours'")
    with database.transaction() as session:
        assert not attempts.take_attempt(session, "ann")
        assert not attempts.take_attempt(session, "ann")
        assert attempts.delete_old_attempts(session) == 0
    execute(database, "update sign_in_attempts set last_at = now() - interval '25 hours'")
    with database.transaction() as session:
        assert attempts.delete_old_attempts(session) == 1


def test_one_network_may_try_so_often_in_a_minute(visitor: Visitors, database: Database) -> None:
    add_user(database)
    browser = visitor()
    page = browser.get("/enter")
    form = {"csrf": read_token(page.text), "name": "nobody", "password": ""}
    statuses = [
        browser.post("/enter", data={**form, "name": f"n{number}"}).status_code
        for number in range(MAX_ATTEMPTS + 1)
    ]
    assert statuses == [422] * MAX_ATTEMPTS + [429]


def test_an_unknown_name_is_checked_as_long_as_a_known_one(
    visitor: Visitors, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(database, "bob", password=False)
    checked: list[str | None] = []

    def verify(password: SecretStr, stored: str | None) -> bool:
        checked.append(stored)
        return verify_password(password, stored)

    monkeypatch.setattr(sign_in_desk, "verify_password", verify)
    browser = visitor()
    for name in ("nobody", "bob", "not a name!"):
        assert sign_in(browser, name).status_code == 422
    assert checked == [None] * 3


def test_a_user_who_is_disabled_while_the_password_is_checked_gets_no_session(
    visitor: Visitors, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(database)

    def verify(password: SecretStr, stored: str | None) -> bool:
        execute(database, "update console_users set disabled_at = now()")
        return verify_password(password, stored)

    monkeypatch.setattr(sign_in_desk, "verify_password", verify)
    assert sign_in(visitor()).status_code == 422
    assert count(database, "console_sessions") == 0


def test_a_crowd_is_told_to_come_again(
    visitor: Visitors, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(database)
    monkeypatch.setattr(SignInDesk, "is_crowded", property(lambda _desk: True))
    answer = sign_in(visitor())
    assert (answer.status_code, "in a few seconds" in answer.text) == (503, True)
    assert count(database, "sign_in_attempts") == 0


@pytest.mark.parametrize("given", ["", "x", "a.b", "0" * 22])
def test_a_form_from_elsewhere_signs_nobody_in(visitor: Visitors, database: Database, given: str) -> None:
    add_user(database)
    browser, other = visitor(), visitor()
    browser.get("/enter")
    token = given or read_token(other.get("/enter").text)  # another browser's, of the same key
    answer = browser.post("/enter", data={"csrf": token, "name": "ann", "password": PASSWORD})
    assert answer.status_code == 400
    assert "must accept cookies" in answer.text
    assert count(database, "sign_in_attempts") == 0
    good = browser.post("/enter", data={"csrf": read_token(answer.text), "name": "ann", "password": PASSWORD})
    assert good.status_code == 303


def test_a_form_without_a_cookie_signs_nobody_in(visitor: Visitors, database: Database) -> None:
    add_user(database)
    browser = visitor()
    form = {"csrf": read_token(browser.get("/enter").text), "name": "ann", "password": PASSWORD}
    browser.cookies.clear()
    assert browser.post("/enter", data=form).status_code == 400


@pytest.mark.parametrize(
    "given",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "javascript:alert(1)", "/enter", "/leave", "/live", "/data/contacts", "/people/../../elsewhere",
        "/people/%2e%2e/x", "/people\r\nSet-Cookie: a=b", "people", "", "/people/é", "/" + "x" * 2000,
        "/assets/x", "/evidence/x", "/people\\..\\x",
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_after_signing_in(given: str) -> None:
    assert read_return_path(given) == "/"
    assert add_return_path("/enter", given) == "/enter"


@pytest.mark.parametrize(
    "given", ["/people", "/people/3?text=a%20b", "/campaigns/new/birthday", "/?account=a"]
)
def test_pages_of_ours_are_gone_back_to(given: str) -> None:
    assert read_return_path(given) == given


def test_the_target_in_the_form_is_read_as_strictly(visitor: Visitors, database: Database) -> None:
    add_user(database)
    answer = sign_in(visitor(), next="//evil.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "evil" not in visitor().get("/enter?next=//evil.example").text
