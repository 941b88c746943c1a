"""When schedules fire: across clock changes, after beat was down, and once for each instant."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from db.store.campaigns import campaigns, schedules
from db.store.people import accounts
from db.tables import Account, Action, Campaign, Schedule, ScheduleFire
from tasks.campaigns.start import start_stored_campaign
from tasks.services import Services
from tasks.upkeep.schedules import CATCH_UP, fire_schedules, start_due_campaigns
from tests.builders import an_account, database_now
from worker import logs
from worker.rules.dates.schedule_times import next_fire
from worker.rules.model import CampaignKind

ZONES = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Asia/Kathmandu",
]

_MINUTES = 3 * 365 * 24 * 60
MOMENTS = st.integers(0, _MINUTES).map(lambda m: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=m))
"""Any minute of three years."""


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("cron", "zone", "after", "fires"),
    [
        # the hour that doesn't exist: the first moment after it
        ("30 2 * * *", "Europe/Paris", "2027-03-27T12:00", ["03-28T03:00", "03-29T02:30"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2027-10-02T12:00", ["10-03T02:30", "10-04T02:15"]),
        ("45 2 * * *", "Pacific/Chatham", "2027-09-25T12:00", ["09-26T03:45", "09-27T02:45"]),
        # the hour that comes twice: once for a daily schedule, each real hour for an hourly one
        ("30 2 * * *", "Europe/Paris", "2027-10-30T12:00", ["10-31T02:30", "11-01T02:30"]),
        ("0 * * * *", "Europe/Paris", "2027-10-31T00:30", ["10-31T01:00", "10-31T02:00", "10-31T02:00"]),
    ],
)
def test_clock_changes(cron: str, zone: str, after: str, fires: list[str]) -> None:
    moment, seen = at(after, zone), []
    for _ in fires:
        moment = next_fire(cron, ZoneInfo(zone), moment)
        seen.append(f"{moment.astimezone(ZoneInfo(zone)):%m-%dT%H:%M}")
    assert seen == fires


@given(
    zone=st.sampled_from(ZONES),
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    start=MOMENTS,
)
def test_a_daily_schedule_fires_once_on_each_date(zone: str, minute: int, hour: int, start: datetime) -> None:
    moment, days = start, []
    for _ in range(10):
        following = next_fire(f"{minute} {hour} * * *", ZoneInfo(zone), moment)
        assert following > moment
        moment = following
        days.append(moment.astimezone(ZoneInfo(zone)).date())
    assert days == [days[0] + timedelta(days=number) for number in range(10)]


@given(zone=st.sampled_from(ZONES), start=MOMENTS)
def test_an_hourly_schedule_never_fires_twice_at_one_instant_nor_skips_an_hour(
    zone: str, start: datetime
) -> None:
    moment = next_fire("0 * * * *", ZoneInfo(zone), start)
    for _ in range(30):
        following = next_fire("0 * * * *", ZoneInfo(zone), moment)
        assert timedelta(0) < following - moment <= timedelta(minutes=90)  # Lord Howe's half hour
        moment = following


def schedule(services: Services, *, overdue: timedelta, cron: str = "0 * * * *") -> datetime:
    with services.database.transaction() as session:
        account = an_account(session)
        fire_at = database_now(session) - overdue
        schedules.save_schedule(
            session, account_id=account.id, kind=CampaignKind.BIRTHDAY, cron=cron,
            options={"late_days": 1, "read_site": False}, next_fire_at=fire_at,
        )  # fmt: skip
    return fire_at


def count(services: Services, table: type[Campaign] | type[ScheduleFire]) -> int:
    with services.database.transaction() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_of_the_fires_that_beat_missed_one_is_made_up_for(without_pages: Services) -> None:
    schedule(without_pages, overdue=timedelta(hours=3))
    for _ in range(3):
        assert fire_schedules(without_pages) == []  # nothing to read from the site
    assert count(without_pages, Campaign) == count(without_pages, ScheduleFire) == 1
    with without_pages.database.transaction() as session:
        assert session.scalars(select(Schedule.next_fire_at)).one() > database_now(session)


def test_a_scheduled_campaign_has_an_id_of_its_own_and_not_the_ticks(
    without_pages: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule(without_pages, overdue=timedelta(minutes=1))
    with without_pages.database.transaction() as session:
        session.scalars(select(Schedule)).one().options = {"late_days": 1}
    read: list[tuple[UUID, str]] = []
    monkeypatch.setattr(
        "tasks.upkeep.schedules.request_reading",
        lambda _, campaign_id: read.append((campaign_id, logs.current_correlation_id())),
    )
    with logs.bound(correlation_id="tick"):
        start_due_campaigns(without_pages)
    with without_pages.database.transaction() as session:
        found = session.scalars(select(Campaign)).one()
        assert found.correlation_id == str(found.id)
        assert read == [(found.id, str(found.id))]


def test_a_fire_that_was_missed_for_too_long_is_skipped(without_pages: Services) -> None:
    schedule(without_pages, overdue=CATCH_UP + timedelta(minutes=1))
    fire_schedules(without_pages)
    assert count(without_pages, Campaign) == count(without_pages, ScheduleFire) == 0
    with without_pages.database.transaction() as session:
        assert session.scalars(select(Schedule.next_fire_at)).one() > database_now(session)


def test_the_campaign_of_a_fire_whose_message_was_lost_is_asked_for_again(without_pages: Services) -> None:
    schedule(without_pages, overdue=timedelta(minutes=1))
    with without_pages.database.transaction() as session:
        session.scalars(select(Schedule)).one().options = {"late_days": 1}
    ((_, reading),) = fire_schedules(without_pages)  # and nobody publishes it
    with without_pages.database.transaction() as session:
        assert campaigns.take_stale_readings(session, timedelta(minutes=2)) == []
        session.scalars(select(Campaign)).one().nudged_at = database_now(session) - timedelta(minutes=3)
        session.flush()
        assert [record.id for record in campaigns.take_stale_readings(session, timedelta(minutes=2))] == [
            reading
        ]


def test_a_schedule_of_a_search_starts_it_anew_each_time(without_pages: Services) -> None:
    with without_pages.database.transaction() as session:
        account = an_account(session, site="ledger")
        schedules.save_schedule(
            session, account_id=account.id, kind=CampaignKind.SOURCING, cron="0 * * * *",
            options={"url": "https://ledger.test/?people=3", "criteria": {"skills": ["Planning"]}},
            next_fire_at=database_now(session) - timedelta(minutes=1),
        )  # fmt: skip
    assert fire_schedules(without_pages) == []  # the first page is planned, nothing is to be read before
    with without_pages.database.transaction() as session:
        campaign = session.scalars(select(Campaign)).one()
        page = session.scalars(select(Action)).one()
    assert (campaign.kind, page.kind, page.occasion) == ("sourcing", "collect", f"search:{campaign.id}:1")


def test_a_schedule_that_cannot_work_any_more_does_not_stop_the_others(
    without_pages: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    with without_pages.database.transaction() as session:
        overdue = database_now(session) - timedelta(minutes=1)
        for name, site, options in (
            ("old", "ledger", {"colour": "vermilion"}),
            ("fine", "ledger", {"read_site": False}),
        ):
            account = accounts.add_account(session, name=name, site=site, zone=ZoneInfo("UTC"))
            schedules.save_schedule(
                session, account_id=account.id, kind=CampaignKind.BIRTHDAY, cron="0 * * * *",
                options=options, next_fire_at=overdue,
            )  # fmt: skip
    fire_schedules(without_pages)
    assert "vermilion" not in "".join(capsys.readouterr())  # what is stored may be somebody's address
    with without_pages.database.transaction() as session:
        started = session.scalars(
            select(Account.name).join(Campaign, Campaign.account_id == Account.id)
        ).all()
        assert started == ["fine"]
        assert session.scalars(select(func.count()).where(Schedule.next_fire_at <= overdue)).one() == 0


def test_a_schedule_that_postgres_refuses_stops_no_other(
    without_pages: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = start_stored_campaign

    def broken(session: Session, kind: CampaignKind, account: str, *rest: Any) -> bool:
        if account == "demo":
            session.execute(text("select 1 / 0"))
        return really(session, kind, account, *rest)

    monkeypatch.setattr("tasks.upkeep.schedules.start_stored_campaign", broken)
    schedule(without_pages, overdue=timedelta(minutes=1))
    with without_pages.database.transaction() as session:
        other = an_account(session, "other")
        schedules.save_schedule(
            session, account_id=other.id, kind=CampaignKind.BIRTHDAY, cron="0 * * * *",
            options={"read_site": False}, next_fire_at=database_now(session) - timedelta(minutes=1),
        )  # fmt: skip
    fire_schedules(without_pages)
    with without_pages.database.transaction() as session:
        assert session.scalars(select(Campaign.account_id)).all() == [other.id]
        due = session.scalars(select(Schedule.next_fire_at <= func.now()).order_by(Schedule.id)).all()
    assert due == [True, False]  # the broken one is tried again by the next tick


@pytest.mark.parametrize(("hours", "started"), [(11, 1), (13, 0)])
def test_a_fire_is_made_up_for_within_twelve_hours(without_pages: Services, hours: int, started: int) -> None:
    schedule(without_pages, overdue=timedelta(hours=hours))
    fire_schedules(without_pages)
    assert count(without_pages, Campaign) == started


def test_one_fire_has_one_campaign_and_the_next_another(without_pages: Services) -> None:
    first = schedule(without_pages, overdue=timedelta(hours=3))
    for fire_at in (first, first, first + timedelta(hours=1)):
        with without_pages.database.transaction() as session:
            session.execute(delete(ScheduleFire))
            session.execute(update(Schedule).values(next_fire_at=fire_at))
        fire_schedules(without_pages)
    assert count(without_pages, Campaign) == 2
