"""A summary agrees with a plain count of the same facts."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.store.reports import summary
from db.tables import Account, Action, ActionEvent, Campaign, Interaction
from tests.builders import FREE, a_campaign, a_contact, add_planned, an_account, database_now
from worker.errors import Reason
from worker.rules.model import ActionState
from worker.rules.reports.summary import OpenCounts

S = ActionState
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = ["UTC", "Europe/Paris", "Pacific/Chatham", "America/St_Johns"]
WAITING = [Reason.GAP, Reason.DAY_LIMIT, Reason.ONE_VOICE]
LEFT_OUT = [Reason.DO_NOT_CONTACT, Reason.ALREADY_GREETED, Reason.SETTLED_BY_HAND]


@dataclass(frozen=True)
class Fate:
    """One person: the state of their action, since when, and when they answered."""

    state: ActionState
    reason: Reason | None
    ago: timedelta
    late: bool
    answered_after: timedelta | None
    birthday_tomorrow: bool
    do_not_contact: bool


AGES = st.integers(0, 45 * 24).map(lambda hours: hours * HOUR) | st.integers(0, 30).map(lambda h: h * HOUR)
STATES = st.one_of(
    st.just((S.DONE, None)),
    st.just((S.DONE, Reason.SETTLED_BY_HAND)),
    st.sampled_from(LEFT_OUT).map(lambda reason: (S.SKIPPED, reason)),
    st.sampled_from([(S.FAILED, Reason.TOO_MANY_ATTEMPTS), (S.FAILED, Reason.LEASE_LAPSED)]),
    st.sampled_from([None, *WAITING]).map(lambda reason: (S.PLANNED, reason)),
    st.sampled_from(
        [
            (S.PROPOSED, Reason.AWAITING_APPROVAL),
            (S.NEEDS_REVIEW, Reason.CANNOT_TELL),
            (S.UNCERTAIN, Reason.PROOF_MISSING),
        ]
    ),
)
FATES = st.builds(
    lambda state, ago, late, after, tomorrow, alone: Fate(
        state[0], state[1], ago, late, after, tomorrow, alone
    ),
    STATES,
    AGES,
    st.booleans(),
    st.none() | st.integers(0, 50).map(lambda hours: hours * HOUR),
    st.booleans(),
    st.booleans(),
)


def insert_people(session: Session, account: AccountRecord, fates: list[Fate], now: datetime) -> None:
    """Insert rows for these people."""
    tomorrow = now.astimezone(account.zone).date() + DAY
    campaign_id = a_campaign(session, account)
    for number, fate in enumerate(fates):
        at = now - fate.ago
        birthday = tomorrow if fate.birthday_tomorrow else tomorrow - 40 * DAY
        contact = a_contact(session, account, f"p{number}", birthday=birthday)
        contact.do_not_contact = fate.do_not_contact
        sent = fate.state is S.DONE and fate.reason is None
        action_id = add_planned(session, account, contact, campaign_id=campaign_id)
        session.execute(text("set local session_replication_role = replica"))  # any state, at any time
        session.execute(
            update(Action)
            .where(Action.id == action_id)
            .values(
                state=fate.state,
                reason=fate.reason,
                acting_since=at if sent else None,
                occasion_on=at.astimezone(account.zone).date() - int(fate.late) * DAY,
            )
        )
        session.execute(
            update(ActionEvent)
            .where(ActionEvent.action_id == action_id)
            .values(to_state=fate.state, reason=fate.reason, at=at)
        )
        session.execute(text("set local session_replication_role = default"))
        if sent:
            session.add(
                Interaction(
                    account_id=account.id,
                    contact_id=contact.id,
                    action_id=action_id,
                    type="greet",
                    status="sent",
                    occasion="birthday:2026",
                    message="Hi!",
                    correlation_id="x",
                    created_at=at + timedelta(seconds=5),
                    replied_at=answered_at(fate, now),
                )
            )
    session.flush()


def answered_at(fate: Fate, now: datetime) -> datetime | None:
    return None if fate.answered_after is None else min(now, now - fate.ago + fate.answered_after)


def on_day(instant: datetime, zone: ZoneInfo, day: date) -> bool:
    return instant.astimezone(zone).date() == day


@settings(
    max_examples=25,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(st.lists(FATES, max_size=12), st.sampled_from(ZONES), st.integers(0, 40))
def test_a_day_is_what_a_plain_count_says(
    database: Database, fates: list[Fate], zone: str, days_ago: int
) -> None:
    with database.transaction() as session:
        session.execute(delete(Account))
        account, now = an_account(session, zone=zone), database_now(session)
        insert_people(session, account, fates, now)
        today = now.astimezone(account.zone).date()
        day = today - days_ago * DAY
        told = summary.summarise_day(session, account, day)
    sent = [f for f in fates if f.state is S.DONE and f.reason is None]
    on = [f for f in fates if on_day(now - f.ago, account.zone, day)]
    sent_on = [f for f in sent if f in on]
    end = datetime(day.year, day.month, day.day, tzinfo=account.zone) + DAY
    lately = [f for f in sent if end.astimezone(UTC) - 30 * DAY <= now - f.ago < end]
    answers = [at for f in sent if (at := answered_at(f, now)) is not None]
    assert told.happened.sent == len(sent_on)
    assert told.happened.late == sum(f.late for f in sent_on)
    assert told.happened.replies == sum(on_day(at, account.zone, day) for at in answers)
    assert told.happened.settled_by_hand == sum(f.state is S.DONE and f.reason is not None for f in on)
    for state, reasons in ((S.SKIPPED, told.happened.skipped), (S.FAILED, told.happened.failed)):
        assert reasons == Counter(f.reason for f in on if f.state is state)
    assert (told.greeted, told.answered) == (
        len(lately),
        sum(f.answered_after is not None for f in lately),
    )
    if day != today:
        assert (told.open, told.quota, told.birthdays_next_day) == (None, None, None)
        return
    planned_as = [f.reason for f in fates if f.state is S.PLANNED]
    states = Counter(f.state for f in fates)
    assert told.open == OpenCounts(
        due=planned_as.count(None),
        under_way=0,
        uncertain=states[S.UNCERTAIN],
        proposed=states[S.PROPOSED],
        needs_review=states[S.NEEDS_REVIEW],
        waiting=Counter(reason for reason in planned_as if reason),
    )
    assert told.quota is not None
    assert told.quota.used_day == len(sent_on)
    assert told.quota.left_day == FREE.per_day - len(sent_on)
    assert told.quota.used_week == sum(f.ago < 7 * DAY for f in sent)
    alone = sum(f.birthday_tomorrow and not f.do_not_contact for f in fates)
    assert told.birthdays_next_day == alone


def test_under_way_is_counted_and_a_campaign_says_who_was_left_out(database: Database) -> None:
    with database.transaction() as session:
        account, now = an_account(session), database_now(session)
        fates = [
            Fate(S.SKIPPED, Reason.ALREADY_GREETED, HOUR, False, None, False, False),
            Fate(S.DONE, None, 2 * HOUR, True, HOUR, False, False),
            Fate(S.PLANNED, None, HOUR, False, None, False, False),
        ]
        insert_people(session, account, fates, now)
        (campaign_id,) = session.scalars(text("select id from campaigns"))
        other = add_planned(session, account, a_contact(session, account, "other"))
        session.execute(
            text("update actions set state = 'queued', lease_until = now() where id = :id"), {"id": other}
        )
        came_to = summary.summarise_campaign(session, campaign_id)
        told = summary.summarise_day(session, account)
    assert told.open is not None
    assert (told.open.under_way, told.open.due) == (1, 1)
    assert came_to is not None
    assert came_to.open.under_way == 0
    assert came_to.happened.sent == came_to.happened.late == came_to.happened.replies == 1
    assert came_to.happened.skipped == {Reason.ALREADY_GREETED: 1}
    assert [(p.contact, p.reason) for p in came_to.left_out] == [("P0", Reason.ALREADY_GREETED)]


def test_no_campaign_has_no_summary(database: Database) -> None:
    with database.transaction() as session:
        campaign_id = a_campaign(session, an_account(session))
        assert summary.summarise_campaign(session, campaign_id) is not None
        session.execute(delete(Campaign))
        assert summary.summarise_campaign(session, campaign_id) is None
