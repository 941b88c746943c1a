"""Saved summaries: each day is saved once, at its end in the account's zone, without names."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.store.reports import summary
from db.tables import Account, Contact, Interaction
from tests.builders import a_contact, add_planned, an_account
from tests.db.helpers import run_concurrently
from worker.errors import RequestRefusedError

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = datetime(2027, 1, 3, 12, tzinfo=UTC)
SUNDAY = date(2027, 1, 3)


def an_old_account(session: Session, zone: str = "UTC") -> AccountRecord:
    account = an_account(session, zone=zone)
    session.execute(update(Account).values(created_at=NOON - 100 * DAY))
    return account


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("UTC", NOON, date(2027, 1, 2)),
        ("UTC", datetime(2027, 1, 4, 0, 0, tzinfo=UTC), SUNDAY),
        ("UTC", datetime(2027, 1, 3, 23, 59, tzinfo=UTC), date(2027, 1, 2)),
        ("Pacific/Auckland", NOON, SUNDAY),
        ("America/New_York", datetime(2027, 1, 4, 4, 59, tzinfo=UTC), date(2027, 1, 2)),
    ],
)
def test_a_day_is_over_at_midnight_of_its_own_zone(
    database: Database, zone: str, at: datetime, day: date
) -> None:
    with database.transaction() as session:
        account = an_old_account(session, zone)
        assert summary.list_unsaved_days(session, now=at) == [(account.id, day)]
        assert summary.save_day(
            session, account.id, summary.summarise_ended_day(session, account, day, now=at)
        )
        assert summary.list_unsaved_days(session, now=at) == []
        assert summary.list_unsaved_days(session, now=at + DAY) == [(account.id, day + DAY)]


def test_an_account_has_no_days_before_it_was(database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
        session.execute(update(Account).values(created_at=NOON))
        assert summary.list_unsaved_days(session, now=NOON + timedelta(hours=11)) == []
        assert len(summary.list_unsaved_days(session, now=NOON + timedelta(hours=12))) == 1


def test_of_many_who_keep_a_day_one_does(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        account = an_old_account(session)
        day = summary.summarise_ended_day(session, account, SUNDAY, now=NOON + DAY)

    def keep(own: Database, _: int) -> bool:
        with own.transaction() as session:
            return summary.save_day(session, account.id, day)

    assert sorted(run_concurrently(database_url, 3, keep)) == [False, False, True]


def test_what_stood_open_is_kept_and_what_happened_is_counted_anew(database: Database) -> None:
    midnight = datetime(2027, 1, 4, tzinfo=UTC)
    with database.transaction() as session:
        account = an_old_account(session)
        contact = a_contact(session, account, "ann", birthday=date(2027, 1, 4))
        action_id = add_planned(session, account, contact)
        kept = summary.summarise_ended_day(session, account, SUNDAY, now=midnight + timedelta(minutes=5))
        assert kept.open is not None
        assert (kept.open.due, kept.birthdays_next_day, kept.happened.sent) == (1, 1, 0)
        summary.save_day(session, account.id, kept)
        session.add(
            Interaction(
                account_id=account.id,
                contact_id=contact.id,
                action_id=action_id,
                type="greet",
                status="found",
                occasion="birthday:2027",
                message="Hi!",
                correlation_id="x",
                created_at=midnight - HOUR,
                replied_at=midnight - HOUR,
            )
        )
        session.flush()
        session.execute(update(Contact).values(do_not_contact=True))
        later = summary.summarise_day(session, account, SUNDAY, now=midnight + 5 * DAY)
    assert (later.happened.sent, later.happened.replies, later.answered) == (1, 1, 1)
    assert (later.as_of, later.open, later.quota) == (kept.as_of, kept.open, kept.quota)
    assert later.birthdays_next_day == 1


def test_kept_too_late_it_does_not_pretend_to_know_what_stood_open(database: Database) -> None:
    with database.transaction() as session:
        account = an_old_account(session)
        soon = datetime(2027, 1, 4, 1, tzinfo=UTC)
        assert summary.summarise_ended_day(session, account, SUNDAY, now=soon).open is not None
        too_late = summary.summarise_ended_day(session, account, SUNDAY, now=soon + timedelta(seconds=1))
    assert (too_late.open, too_late.quota, too_late.birthdays_next_day) == (None, None, None)


def test_what_is_kept_holds_no_name(database: Database) -> None:
    with database.transaction() as session:
        account = an_old_account(session)
        add_planned(session, account, a_contact(session, account, "ann", name="Ann Unmistakable"))
        kept = summary.dump_summary(summary.summarise_day(session, account))
    assert "Unmistakable" not in str(kept)
    assert kept["account"] == "demo"


def test_a_day_to_come_is_refused(database: Database) -> None:
    with database.transaction() as session:
        account = an_old_account(session, "Pacific/Auckland")
        with pytest.raises(RequestRefusedError, match="in the future"):
            summary.summarise_day(session, account, date(2027, 1, 5), now=NOON)
        assert summary.summarise_day(session, account, date(2027, 1, 4), now=NOON).open is not None
