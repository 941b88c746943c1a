"""Schedules in the console: times in the account's zone, checked options, off and on."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from sqlalchemy import update

from api_stub.console.schedules import times
from api_stub.console.session import Role
from db.engine import Database
from db.store.campaigns import schedules
from db.store.campaigns.schedules import ScheduleRecord
from db.store.people.accounts import AccountRecord
from db.tables import Account, Schedule
from tests.console.campaigns.test_start import changes
from tests.console.conftest import Console, with_token
from worker import clock
from worker.rules.model import CampaignKind

FORM: Final[dict[str, object]] = {
    "account": "demo", "when": "weekly", "at": "08:30", "day": ["0", "2", "6"], "cron": "", "late_days": "2",
    "fallback_language": "en", "approval": "on",
}  # fmt: skip


def stored(database: Database) -> ScheduleRecord | None:
    with database.transaction() as session:
        return schedules.find_schedule(session, "demo", CampaignKind.BIRTHDAY)


@pytest.mark.usefixtures("account")
def test_a_schedule_that_is_saved_twice_is_one_and_can_be_read_in_words(
    console: Console, database: Database
) -> None:
    client = console()
    for _ in range(2):
        answer = client.post("/schedules/birthday", data=with_token(**FORM))
        assert answer.headers["location"] == "/schedules?account=demo"
    found = stored(database)
    assert found is not None
    assert (found.cron, found.options["late_days"], found.options["approval"]) == ("30 8 * * 0,1,3", 2, True)
    shown = client.get("/schedules").text
    assert "Monday, Wednesday, Sunday at 08:30" in shown
    assert "up to 2 days late" in shown
    assert shown.count("<li><time") == 5
    form = client.get("/schedules/birthday").text
    assert 'value="08:30"' in form
    assert [f'value="{day}" checked' in form for day in range(7)] == [
        True,
        False,
        True,
        False,
        False,
        False,
        True,
    ]
    assert changes(database)[0] == ("olga", "schedule.set", "demo/birthday")


ERRORS: Final[list[tuple[dict[str, object], str]]] = [
    ({"at": "25:00"}, "give a time such as 09:00"),
    ({"at": ""}, "give a time such as 09:00"),
    ({"day": []}, "choose at least one day"),
    ({"when": "rule", "cron": "0 9 30 2 *"}, "Bad day-of-month"),
    ({"when": "rule", "cron": "* * * * * *"}, "isn&#39;t a cron expression"),
    ({"when": "rule", "cron": "<script>"}, "&lt;script&gt;"),
    ({"late_days": "99"}, "at most 10"),
]


@pytest.mark.usefixtures("account")
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_stored(
    console: Console, database: Database
) -> None:
    client = console()
    for changed, said in ERRORS:
        answer = client.post("/schedules/birthday", data=with_token(**(FORM | changed)))
        assert answer.status_code == 422
        assert said in answer.text
        assert stored(database) is None


def test_the_next_five_starts_follow_the_zone_through_a_change_of_the_clocks(
    console: Console, database: Database, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        session.execute(update(Account).values(time_zone="Europe/Paris"))
    monkeypatch.setattr(clock, "now", lambda: datetime(2027, 3, 26, 12, tzinfo=UTC))
    form = with_token(**(FORM | {"day": list("0123456")}))
    shown = console().post("/schedules/birthday/times", data=form).text
    assert [shown.count(f'datetime="2027-03-{day}T08:30:00+0{offset}:00"') for day, offset in (
        (27, 1), (28, 2), (29, 2), (30, 2), (31, 2),
    )] == [1] * 5  # fmt: skip


@pytest.mark.usefixtures("account")
def test_a_schedule_is_switched_off_and_on_from_its_next_time(console: Console, database: Database) -> None:
    client = console()
    client.post("/schedules/birthday", data=with_token(**FORM))
    client.post("/schedules/birthday/off", data=with_token(account="demo"))
    with database.transaction() as session:
        session.execute(update(Schedule).values(next_fire_at=datetime(2020, 1, 1, tzinfo=UTC)))
    found = stored(database)
    assert found is not None
    assert not found.enabled
    client.post("/schedules/birthday/on", data=with_token(account="demo"))
    again = stored(database)
    assert again is not None
    assert again.enabled
    assert again.next_fire_at > clock.now()
    assert again.options == found.options
    assert [change for _, change, _ in changes(database)] == ["schedule.on", "schedule.off", "schedule.set"]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER])
def test_others_than_an_owner_only_read(console: Console, database: Database, role: Role) -> None:
    client = console(role)
    assert "<form" not in client.get("/schedules").text
    for path in ("birthday", "birthday/off", "birthday/on", "birthday/times"):
        assert client.post(f"/schedules/{path}", data=with_token(**FORM)).status_code == 403
    assert stored(database) is None


def test_days_have_their_names_in_every_language_and_the_week_begins_on_monday() -> None:
    for language, monday in (("en", "Monday"), ("fr", "lundi")):
        assert times.list_day_names(language)[0] == monday
    assert Locale("fr").days["stand-alone"]["wide"][6] == times.list_day_names("fr")[6]
    assert ZoneInfo("Europe/Paris").key == "Europe/Paris"
