"""What no transaction sees is told, once each."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api_stub.stack.servers.ports import find_free_port
from db.engine import Database
from db.store import upkeep
from db.store.actions import control
from db.store.campaigns import campaigns
from db.store.mark_matches import FormKey, add_looks
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.reports import conditions
from tasks.notices.watch import Watcher
from tests.builders import a_campaign, a_contact, add_planned, an_account, database_now
from tests.db.helpers import run_without_triggers
from tests.notices_helpers import events, kinds
from worker import clock, queues
from worker.errors import Reason
from worker.settings import Settings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTES_S = 60.0


class Clock:
    """The monotonic clock of the watcher, which a test moves on."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def read(self) -> float:
        return self.now_s


@pytest.fixture
def clock_s(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock, "monotonic_seconds", made.read)
    return made


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str) -> Settings:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    return Settings()


@pytest.fixture
def watcher(database: Database, settings: Settings, clock_s: Clock) -> Watcher:
    return Watcher(database, settings)


def consume(settings: Settings) -> None:
    """Let a worker consume every queue."""
    with queues.connect(settings.redis) as client:
        queues.record_consumer(client, "all@box", queues.ALL_QUEUES, asked_s=0, busy_s=None)


def stop_consuming(settings: Settings) -> None:
    with queues.connect(settings.redis) as client:
        queues.remove_consumer(client, "all@box")


def look(watcher: Watcher, clock_s: Clock, minutes: float = 0) -> None:
    """Look now, and again when so many minutes have passed."""
    run_steps(watcher)
    clock_s.now_s += minutes * MINUTES_S
    run_steps(watcher)


def run_steps(watcher: Watcher) -> None:
    for step in watcher.steps:
        step()


def outages(database: Database) -> list[str]:
    with database.transaction() as session:
        return [payload["state"] for kind, payload in events(session) if kind == "nobody_consumes"]


def test_queues_that_nobody_consumes_are_told_once_when_that_lasts_and_once_when_it_is_over(
    watcher: Watcher, clock_s: Clock, settings: Settings, database: Database
) -> None:
    look(watcher, clock_s, 1.9)  # a start takes as long
    assert outages(database) == []
    look(watcher, clock_s, 0.1)
    look(watcher, clock_s, 60)
    look(Watcher(database, settings), clock_s, 60)  # another notifier, or this one restarted
    assert outages(database) == ["idle"]
    consume(settings)
    look(watcher, clock_s, 0.1)
    assert outages(database) == ["idle"]
    consume(settings)
    look(watcher, clock_s, 1)
    look(Watcher(database, settings), clock_s, 1)
    assert outages(database) == ["idle", "over"]
    stop_consuming(settings)
    look(watcher, clock_s, 3)
    assert outages(database) == ["idle", "over", "idle"]
    with database.transaction() as session:
        assert events(session)[-1][1]["queues"] == sorted(queues.ALL_QUEUES)


def test_a_short_outage_is_not_told(
    watcher: Watcher, clock_s: Clock, settings: Settings, database: Database
) -> None:
    for _ in range(3):
        look(watcher, clock_s, 1)
        consume(settings)
        run_steps(watcher)
        stop_consuming(settings)
    assert outages(database) == []


def test_a_redis_that_is_away_is_told_and_everything_else_is_still_watched(
    settings: Settings, clock_s: Clock, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        expire_in(session, "demo", 3 * DAY)
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{find_free_port()}/0")
    look(Watcher(database, Settings()), clock_s, 3)
    assert outages(database) == ["redis_away"]
    with database.transaction() as session:
        assert "session_expiring" in kinds(session)


def expire_in(session: Session, name: str, left: timedelta) -> int:
    account = an_account(session, name)
    expires_at = database_now(session) + left
    accounts.save_session(session, account.id, b"sealed", expires_at=expires_at)
    return account.id


def test_a_sign_in_that_expires_is_told_a_week_and_a_day_before(
    watcher: Watcher, clock_s: Clock, database: Database
) -> None:
    with database.transaction() as session:
        expire_in(session, "later", 8 * DAY)
        expire_in(session, "week", 6 * DAY)
        expire_in(session, "day", 20 * HOUR)
        stopped = expire_in(session, "stopped", HOUR)
        accounts.stop_account(session, stopped, Reason.NOT_SIGNED_IN)
    look(watcher, clock_s)
    with database.transaction() as session:
        assert expiring(session) == [("day", False), ("week", False)]
        expire_in(session, "day", -HOUR)  # a new session, which has expired already
        expire_in(session, "week", 30 * DAY)
    look(watcher, clock_s)
    with database.transaction() as session:
        assert expiring(session) == [("day", False), ("week", False), ("day", True)]
        expire_in(session, "week", 23 * HOUR)
    look(watcher, clock_s)
    with database.transaction() as session:
        assert expiring(session)[3:] == [("week", False)]


def expiring(session: Session) -> list[tuple[str, bool]]:
    told = [payload for kind, payload in events(session) if kind == "session_expiring"]
    return [(payload["account"], payload["expired"]) for payload in told]


def test_one_session_is_told_twice_at_most(watcher: Watcher, clock_s: Clock, database: Database) -> None:
    with database.transaction() as session:
        account_id = expire_in(session, "demo", 6 * DAY)
        expires_at = accounts.get_account(session, account_id).session_expires_at
        assert expires_at is not None
    look(watcher, clock_s)
    with database.transaction() as session:
        for left in (3 * DAY, DAY, HOUR, -HOUR):
            conditions.record_expiring_sessions(session, accounts.list_accounts(session), expires_at - left)
        assert len(expiring(session)) == 2


def test_late_upkeep_is_told_once_until_it_has_run(
    watcher: Watcher, clock_s: Clock, settings: Settings, database: Database
) -> None:
    with database.transaction() as session:
        upkeep.take_due_jobs(session, lease=HOUR)
        session.execute(text("update upkeep_jobs set last_ok_at = now()"))
        make_late(session)
    look(watcher, clock_s, 4)  # the machine was off: it runs in a minute
    assert late(database) == []
    look(watcher, clock_s, 1)
    look(watcher, clock_s, 60)
    look(Watcher(database, settings), clock_s, 60)
    assert late(database) == ["retention"]
    with database.transaction() as session:
        session.execute(text("update upkeep_jobs set last_ok_at = now()"))
    look(watcher, clock_s, 10)
    with database.transaction() as session:
        make_late(session)
    look(watcher, clock_s, 10)
    assert late(database) == ["retention", "retention"]


def make_late(session: Session) -> None:
    session.execute(
        text("update upkeep_jobs set last_ok_at = now() - interval '13 hours' where name = 'retention'")
    )


def late(database: Database) -> list[str]:
    with database.transaction() as session:
        return [payload["job"] for kind, payload in events(session) if kind == "upkeep_late"]


def test_a_mark_that_is_found_less_is_told_once_in_four_weeks(
    watcher: Watcher, database: Database, settings: Settings, clock_s: Clock
) -> None:
    with database.transaction() as session:
        an_account(session)
        for site in ("sandbox", "linkedin"):  # no account is on the second
            add_looks(session, {FormKey(site, "composer", "1"): 50})
        session.execute(text("update mark_matches set day = day - 5"))
        for site in ("sandbox", "linkedin"):
            add_looks(session, {FormKey(site, "composer", None): 3})
    look(watcher, clock_s)
    with database.transaction() as session:
        assert changed(session) == [{"site": "sandbox", "mark": "composer", "trend": "missing"}]
        session.execute(text("update outbox_events set at = at - interval '20 days', key = key || '-'"))
    look(Watcher(database, settings), clock_s)
    with database.transaction() as session:
        assert len(changed(session)) == 1
        session.execute(text("update outbox_events set at = at - interval '20 days'"))
    look(Watcher(database, settings), clock_s)
    with database.transaction() as session:
        assert len(changed(session)) == 2


def changed(session: Session) -> list[dict[str, str]]:
    return [payload for kind, payload in events(session) if kind == "site_changed"]


def test_a_campaign_is_told_when_its_last_action_has_ended_with_its_counts(
    watcher: Watcher, database: Database, settings: Settings, clock_s: Clock
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ended = plan_campaign(session, account, "ann", "bob", "cleo")
        others = [plan_campaign(session, account, slug) for slug in ("paused", "cancelled", "old")]
        plan_campaign(session, account)  # nobody was to be greeted
        end_actions(session, "occasion_on is not null", "skipped", Reason.NO_NAME)
        end_actions(session, f"campaign_id = '{ended}'", "planned", None)
        control.pause_campaign(session, others[0])
        control.cancel_campaign(session, others[1])
        session.execute(
            text("update actions set updated_at = now() - interval '2 days' where campaign_id = :id"),
            {"id": others[2]},
        )
        end_actions(
            session, f"message in ('ann', 'bob') and campaign_id = '{ended}'", "failed", Reason.NO_TEMPLATE
        )
    look(watcher, clock_s)
    assert ends(database) == []
    with database.transaction() as session:
        end_actions(session, f"message = 'cleo' and campaign_id = '{ended}'", "skipped", Reason.NO_NAME)
    for _ in range(2):
        look(Watcher(database, settings), clock_s)
    (payload,) = ends(database)
    assert (payload["campaign"], payload["outcome"]) == (str(ended), "finished")
    assert (payload["sent"], payload["failed"], payload["left_out"]) == (0, 2, 1)


def plan_campaign(session: Session, account: AccountRecord, *slugs: str) -> UUID:
    campaign_id = a_campaign(session, account)
    for slug in slugs:
        person = a_contact(session, account, f"{slug}-{campaign_id.hex}")
        add_planned(session, account, person, campaign_id=campaign_id, text=slug)
    campaigns.mark_planned(session, campaign_id)
    return campaign_id


def end_actions(session: Session, which: str, state: str, reason: Reason | None) -> None:
    run_without_triggers(
        session, f"update actions set state = '{state}', reason = :reason where {which}", reason=reason
    )


def ends(database: Database) -> list[dict[str, Any]]:
    with database.transaction() as session:
        return [payload for kind, payload in events(session) if kind == "campaign_ended"]


def test_a_digest_is_due_once_for_each_account_and_day_by_the_account_s_own_clock(
    settings: Settings, database: Database, clock_s: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        now = database_now(session)
        for name, zone in (("here", "UTC"), ("too-late", "Etc/GMT-9"), ("not-yet", "Etc/GMT+6")):
            an_account(session, name, zone=zone)
    monkeypatch.setenv("RAPPORT_DIGEST_AT", (now - HOUR).time().isoformat())
    monkeypatch.setenv("RAPPORT_SUMMARY_AT", (now + 2 * HOUR).time().isoformat())
    for _ in range(2):
        look(Watcher(database, Settings()), clock_s)
    with database.transaction() as session:
        ((kind, payload),) = events(session)
    assert kind == "morning_digest"
    assert payload == {"account": "here", "on": str((now - HOUR).date())}
