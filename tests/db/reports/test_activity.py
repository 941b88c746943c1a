"""Interactions by day are counted exactly, whoever changes them, and recording one waits for nobody."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from db import migrate
from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.store.reports import activity
from db.tables import Contact, Interaction, InteractionsByDay
from tests.builders import a_contact, an_account
from worker.rules.dates.birthdays import count_celebrated
from worker.rules.model import Kind

FIRST, LAST = date(2020, 1, 1), date(2030, 12, 31)
Counts = Mapping[tuple[date, str], tuple[int, int]]


def record(
    session: Session, account: AccountRecord, contact: Contact, *instants: datetime, kind: Kind = Kind.GREET
) -> None:
    rows = [
        {
            "account_id": account.id,
            "contact_id": contact.id,
            "source_key": str(uuid4()),
            "type": kind,
            "status": "sent",
            "occasion": "test",
            "message": "",
            "correlation_id": "test",
            "created_at": at,
        }
        for at in instants
    ]
    session.execute(insert(Interaction), rows)


def counted(session: Session, account: AccountRecord) -> Counts:
    found = activity.list_day_counts(session, account.id, FIRST, LAST)
    return {(each.day, each.kind): (each.happened, each.answered) for each in found}


def recount(session: Session, account: AccountRecord) -> Counts:
    rows = session.execute(
        select(Interaction.created_at, Interaction.type, Interaction.replied_at).where(
            Interaction.account_id == account.id
        )
    ).all()
    happened = Counter((at.astimezone(account.zone).date(), kind) for at, kind, _ in rows)
    answered = Counter((at.astimezone(account.zone).date(), kind) for at, kind, replied in rows if replied)
    return {key: (count, answered[key]) for key, count in happened.items()}


def test_days_are_counted_exactly_whatever_is_added_answered_moved_and_deleted(session: Session) -> None:
    chance = random.Random(7)
    paris, kolkata = (
        an_account(session, "paris", zone="Europe/Paris"),
        an_account(session, "india", zone="Asia/Kolkata"),
    )
    people = {each.id: a_contact(session, each, "ann") for each in (paris, kolkata)}
    other = a_contact(session, paris, "bob")
    begin = datetime(2026, 3, 27, tzinfo=UTC)  # around the night in which Paris loses an hour
    for _ in range(12):
        for account in (paris, kolkata):
            instants = [begin + timedelta(minutes=chance.randrange(5 * 24 * 60)) for _ in range(9)]
            record(session, account, people[account.id], *instants, kind=chance.choice(list(Kind)))
        ids = session.scalars(select(Interaction.id).order_by(func.random()).limit(6)).all()
        session.execute(update(Interaction).where(Interaction.id.in_(ids[:4])).values(replied_at=func.now()))
        session.execute(update(Interaction).where(Interaction.id == ids[4]).values(replied_at=None))
        session.execute(
            update(Interaction)
            .where(Interaction.id == ids[0], Interaction.account_id == paris.id)
            .values(contact_id=other.id)
        )
        session.execute(delete(Interaction).where(Interaction.id == ids[5]))
        if chance.random() < 0.3:
            activity.merge_days(session)
    assert counted(session, paris) == recount(session, paris)
    assert counted(session, kolkata) == recount(session, kolkata)


def test_merging_leaves_one_row_for_each_day_and_the_same_counts(session: Session) -> None:
    account = an_account(session)
    ann = a_contact(session, account, "ann")
    for _ in range(3):
        record(session, account, ann, datetime(2026, 5, 4, 12, tzinfo=UTC))
    record(session, account, ann, datetime(2026, 5, 5, 12, tzinfo=UTC))
    session.execute(delete(Interaction).where(Interaction.created_at >= date(2026, 5, 5)))
    before = counted(session, account)
    activity.merge_days(session)
    assert counted(session, account) == before == {(date(2026, 5, 4), Kind.GREET): (3, 0)}
    assert session.scalars(select(InteractionsByDay.happened)).all() == [3]


def test_recording_an_interaction_does_not_wait_for_an_import_of_the_same_day(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann, bob = a_contact(session, account, "ann"), a_contact(session, account, "bob")
        session.expunge_all()
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)
    with database.transaction() as importing:
        record(importing, account, ann, noon)
        with database.transaction() as recording:
            recording.execute(text("set local lock_timeout = '2s'"))
            record(recording, account, bob, noon)
    with database.transaction() as session:
        assert counted(session, account) == {(noon.date(), Kind.GREET): (2, 0)}


def test_the_migration_counts_what_happened_before_it(database: Database) -> None:
    config = vars(migrate)["_config"]()
    with database.transaction() as session:
        account = an_account(session, zone="America/New_York")
        ann = a_contact(session, account, "ann")
        record(session, account, ann, datetime(2026, 5, 4, 3, tzinfo=UTC))  # still the 3rd there
        session.execute(update(Interaction).values(replied_at=func.now()))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0028-1")
    migrate.upgrade_schema(database.engine)
    with database.transaction() as session:
        assert counted(session, account) == {(date(2026, 5, 3), Kind.GREET): (1, 1)}
        assert activity.find_first_day(session, account.id) == date(2026, 5, 3)


@pytest.mark.parametrize(("year", "celebrated"), [(2026, date(2026, 2, 28)), (2028, date(2028, 2, 29))])
def test_a_leap_birthday_counts_on_the_day_on_which_it_is_celebrated(
    session: Session, year: int, celebrated: date
) -> None:
    account = an_account(session)
    a_contact(session, account, "ann", birthday=date(2000, 2, 29))
    a_contact(session, account, "bob")
    impossible = a_contact(session, account, "eve", birthday=date(2000, 4, 30))
    impossible.birth_day = 31
    session.flush()
    assert count_celebrated(activity.count_birthdays(session, account.id), year) == {celebrated: 1}
    (listed,) = activity.list_month_birthdays(session, account.id, year=year, month=2, limit=9)
    assert listed.on == celebrated
    (unknown,) = activity.list_month_birthdays(session, account.id, year=year, month=4, limit=9)
    assert unknown.on is None


def test_the_pages_of_a_month_name_everybody_once(session: Session) -> None:
    account, stranger = an_account(session), an_account(session, "other")
    a_contact(session, stranger, "eve", birthday=date(2000, 11, 3))
    days = [date(2000, 11, 1 + number % 4) for number in range(9)]
    expected = [a_contact(session, account, f"n{number}", birthday=on) for number, on in enumerate(days)]
    expected.sort(key=lambda contact: (contact.birth_day or 0, contact.id))
    found, after = [], None
    while page := activity.list_month_birthdays(
        session, account.id, year=2026, month=11, limit=2, after=after
    ):
        found += [each.contact_id for each in page]
        after = page[-1].birth_day, page[-1].contact_id
    assert found == [contact.id for contact in expected]
