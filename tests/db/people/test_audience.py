"""The SQL statement and a plain model find the same due birthdays, on every day of four years."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from sqlalchemy import insert
from sqlalchemy.orm import Session

from db.store.people import contacts
from db.store.people.accounts import AccountRecord
from db.tables import Contact, Exclusion, Interaction
from tests.builders import LONG_AGO, SANDBOX, a_contact, an_account
from tests.db.people.audience_model import Due, Person, due
from worker.errors import Reason
from worker.rules.model import Birthday, ContactStatus, Kind

FIRST, LAST = date(2026, 1, 1), date(2029, 12, 31)
"""Four years with a 29 February among them."""

TURNS = {12, 1, 2, 3}
"""Months around the end of a year and the leap day."""
MANY = 366 + 34


def draw_person(draw: random.Random, number: int) -> Person:
    """A random contact; the first 366 have one birthday each."""
    day = date(2028, 1, 1) + timedelta(days=number % 366)
    years = draw.sample(range(2025, 2030), draw.choice([0, 0, 0, 1, 2]))
    last = draw.choice([None, None, date(draw.randint(2025, 2029), day.month, min(day.day, 28))])
    return Person(
        birthday=Birthday(day.month, day.day) if draw.random() > 0.02 else None,
        status=draw.choice(
            [ContactStatus.CONNECTED] * 8 + [ContactStatus.NOT_CONNECTED, ContactStatus.PROSPECT]
        ),
        do_not_contact=draw.random() < 0.1,
        last_greeted_on=last,
        greeted_for=frozenset(f"birthday:{year}" for year in years),
    )


def keep(
    session: Session, account: AccountRecord, people: Sequence[Person], draw: random.Random
) -> list[int]:
    """Insert the contacts; a past greeting is an interaction, or an exclusion by address or name."""
    rows = [
        {
            "account_id": account.id,
            "profile_url": f"{SANDBOX}p{number}/",
            "full_name": f"Person  {number}",
            "birth_month": person.birthday.month if person.birthday else None,
            "birth_day": person.birthday.day if person.birthday else None,
            "status": person.status,
            "do_not_contact": person.do_not_contact,
            "last_greeted_on": person.last_greeted_on,
        }
        for number, person in enumerate(people)
    ]
    ids = list(session.scalars(insert(Contact).returning(Contact.id, sort_by_parameter_order=True), rows))
    for number, (contact_id, person) in enumerate(zip(ids, people, strict=True)):
        for occasion in person.greeted_for:
            told = draw.choice(["interaction", "address", "name"])
            if told == "interaction":
                session.add(
                    Interaction(
                        account_id=account.id, contact_id=contact_id, source_key=uuid4().hex, type=Kind.GREET,
                        status="imported", occasion=occasion, message="Hi", correlation_id="test",
                    )
                )  # fmt: skip
            else:
                by_address = told == "address"
                session.add(
                    Exclusion(
                        account_id=account.id,
                        occasion=occasion,
                        profile_url=f"{SANDBOX}p{number}/" if by_address else None,
                        name_key=None if by_address else f"person {number}",
                    )
                )
    session.flush()
    return ids


def test_sql_and_a_plain_model_agree_in_four_years_with_a_leap_day(session: Session) -> None:
    draw = random.Random(20261124)
    people = [draw_person(draw, number) for number in range(MANY)]
    seen: Counter[Reason | None] = Counter()
    account = an_account(session)
    ids = keep(session, account, people, draw)
    keep(session, an_account(session, "other"), people[:50], draw)
    today, number = FIRST, 0
    while today <= LAST:
        late_days = number % 11
        told = contacts.list_due_birthdays(session, account.id, today, late_days, texts_since=LONG_AGO)
        by_model = {
            contact_id: found
            for contact_id, person in zip(ids, people, strict=True)
            if (found := due(person, today, late_days)) is not None
        }
        assert {row.contact_id: Due(row.on, row.left_out) for row in told} == by_model, today
        assert [row.on for row in told] == sorted((row.on for row in told), reverse=True)
        seen.update(row.left_out for row in told)
        every = 1 if today.month in TURNS else 5  # the list goes back up to ten days, so all have their turn
        today, number = today + timedelta(days=every), number + 1
    assert set(seen) == {None, Reason.DO_NOT_CONTACT, Reason.ALREADY_GREETED, Reason.NOT_CONNECTED}
    assert min(seen.values()) > 50, seen


def test_somebody_elses_exclusion_leaves_nobody_out(session: Session) -> None:
    day = date(2027, 3, 4)
    account, other = an_account(session), an_account(session, "other")
    a_contact(session, account, "ann", birthday=day)
    for owner, occasion in ((other, "birthday:2027"), (account, "birthday:2026")):
        session.add(Exclusion(account_id=owner.id, occasion=occasion, profile_url=f"{SANDBOX}ann/"))
    session.flush()
    (found,) = contacts.list_due_birthdays(session, account.id, day, 0, texts_since=LONG_AGO)
    assert found.left_out is None


def test_the_texts_of_the_last_two_years_come_with_the_person(session: Session) -> None:
    day = date(2027, 3, 4)
    account = an_account(session)
    ann, bob = (a_contact(session, account, slug, birthday=day) for slug in ("ann", "bob"))
    told = [
        (ann, "old", 2024),
        (ann, "first", 2025),
        (ann, "second", 2026),
        (ann, "", 2026),
        (bob, "his", 2026),
    ]
    for contact, message, year in told:
        session.add(
            Interaction(
                account_id=account.id, contact_id=contact.id, source_key=uuid4().hex, type=Kind.GREET,
                status="imported", occasion="by_hand:x", message=message, correlation_id="test",
                created_at=datetime(year, 3, 4, tzinfo=UTC),
            )
        )  # fmt: skip
    session.flush()
    since = datetime(2025, 3, 4, tzinfo=UTC)
    found = contacts.list_due_birthdays(session, account.id, day, 0, texts_since=since)
    assert [row.texts for row in found] == [("first", "second"), ("his",)]
