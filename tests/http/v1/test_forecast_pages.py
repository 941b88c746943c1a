"""Pages of forecasts and of birthdays: together the whole list, and never older than the last commit."""

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from api_stub.responses.birthdays import UpcomingBirthdayOut
from api_stub.responses.forecast import build_forecast_answer
from db.engine import Database
from db.store.people import accounts, contacts, hand_edits, holds
from db.store.people.hand_edits import HandEdits
from db.store.quota import ledger, limits
from db.store.reports.forecasts.birthday_forecast import forecast_birthdays
from db.store.reports.forecasts.upcoming_birthdays import list_upcoming_birthdays
from tests.builders import a_contact, an_account, database_now
from tests.http.conftest import TestClient
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.limits import Limits

BIRTHDAYS = "/v1/birthdays"
PEOPLE = "/v1/accounts/demo/forecast/people"
THREE_A_DAY = Limits(3, 3, 21, timedelta(0), timedelta(0))
NAMES = ["ann", "bob", "cleo", "dan", "eva", "finn", "gina", "hugo", "ida", "jon", "kim", "lea"]
NEVER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def today(database: Database) -> date:
    """Two accounts; in one of them, twelve people of whom some are left out, on hold or late."""
    with database.transaction() as session:
        today = database_now(session).date()
        owner, other = an_account(session, limits=THREE_A_DAY), an_account(session, "other")
        for number in reversed(range(12)):
            day = today + timedelta(days=number % 4 - 1)
            known = a_contact(session, owner, NAMES[number], birthday=day)
            if number in {1, 5}:
                until = today + timedelta(days=2 if number == 5 else 99)
                holds.hold_contact(session, known.id, until, reason=None, by="olga")
            if number == 6:
                contacts.set_do_not_contact(
                    session, owner.id, f"https://sandbox.test/in/{NAMES[6]}/", value=True, by="olga"
                )
            a_contact(session, other, NAMES[number], birthday=day)
        a_contact(session, owner, "nobody", name="???", birthday=today)
        return today


def read_pages(client: TestClient, path: str, limit: int, **filters: object) -> list[dict[str, Any]]:
    """Return the items of all pages."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = client.get(path, params={**filters, "limit": limit, **({"cursor": cursor} if cursor else {})})
        assert page.status_code == 200, page.text
        found += page.json()["items"]
        cursor = page.json()["next"]
        if cursor is None:
            return found


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize("limit", [1, 4, 7, 1000])
def test_the_pages_of_birthdays_are_the_whole_list(v1: TestClient, database: Database, limit: int) -> None:
    with database.snapshot() as session:
        whole = [
            UpcomingBirthdayOut.model_validate(each).model_dump(mode="json")
            for owner in accounts.list_accounts(session)
            for each in sorted(
                list_upcoming_birthdays(session, owner, days=14, default_late_days=3),
                key=lambda each: (each.on, each.contact_id),
            )
        ]
    found = read_pages(v1, BIRTHDAYS, limit)
    assert without_times(found) == without_times(whole)
    assert len(whole) == 9 + 1 + 9
    assert {each["left_out"] for each in found} == {None, "do_not_contact", "on_hold", "no_name"}


def without_times(birthdays: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items with only whether a greeting has a time, which moves with the clock."""
    return [{**each, "greeting_at": each["greeting_at"] is not None} for each in birthdays]


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize("end", [None, "in_time", "late", "missed"])
def test_the_pages_of_a_forecast_are_the_whole_list(
    v1: TestClient, database: Database, end: str | None
) -> None:
    with database.snapshot() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        answer = build_forecast_answer(
            forecast_birthdays(session, account, days=30, default_late_days=3)
        ).model_dump(mode="json")
    whole = sorted(answer["people"], key=lambda each: (each["birthday_on"], each["contact_id"]))
    wanted = [each for each in whole if end in {None, each["end"]}]
    for limit in (1, 3, 1000):
        found = read_pages(v1, PEOPLE, limit, **({"end": end} if end else {}))
        assert [each | {"reached_at": ""} for each in found] == [each | {"reached_at": ""} for each in wanted]


def _hold(session: Session, contact_id: int) -> None:
    holds.hold_contact(session, contact_id, date(2100, 1, 1), reason=None, by="olga")


def _open_breaker(session: Session, _contact_id: int) -> None:
    account = accounts.find_account(session, "demo")
    assert account is not None
    ledger.write_breaker(session, account.id, Kind.GREET, Breaker(3, 1, NEVER))


def _set_no_greetings(session: Session, _contact_id: int) -> None:
    account = accounts.find_account(session, "demo")
    assert account is not None
    limits.set_limits(session, account.id, Kind.GREET, Limits(0, 0, 0, timedelta(0), timedelta(0)), by="olga")


@pytest.mark.parametrize("change", [_hold, _open_breaker, _set_no_greetings])
@pytest.mark.usefixtures("today")
def test_a_commit_shows_in_the_next_page(
    v1: TestClient, database: Database, change: Callable[[Session, int], None]
) -> None:
    def read() -> tuple[str, dict[str, Any]]:
        birthday = v1.get(BIRTHDAYS, params={"limit": 1, "account": "demo"}).json()["items"][0]
        ends = {each["contact_id"]: each["end"] for each in v1.get(PEOPLE).json()["items"]}
        return ends[birthday["contact_id"]], birthday

    end, birthday = read()
    assert (end, birthday["greeting_at"] is None) == ("in_time", False)
    with database.transaction() as session:
        change(session, birthday["contact_id"])
    end, birthday = read()
    assert (end, birthday["greeting_at"]) == ("missed", None)


@pytest.mark.usefixtures("today")
def test_an_edit_shows_in_the_next_page(v1: TestClient, database: Database) -> None:
    first = v1.get(BIRTHDAYS, params={"limit": 1}).json()["items"][0]
    on = date.fromisoformat(first["on"])
    with database.transaction() as session:
        born = HandEdits(birthday=(on.month, on.day, on.year - 40), call_by="Zoë")
        hand_edits.save_hand_edits(session, first["contact_id"], born, by="olga")
    again = v1.get(BIRTHDAYS, params={"limit": 1}).json()["items"][0]
    assert again == first | {"turns": 40, "call_by": "Zoë", "greeting_at": again["greeting_at"]}


@pytest.mark.usefixtures("today")
def test_a_cursor_names_nobody(v1: TestClient) -> None:
    cursor = v1.get(BIRTHDAYS, params={"limit": 1}).json()["next"]
    assert base64.urlsafe_b64decode(cursor.partition(".")[0]).startswith(b'["demo",')
