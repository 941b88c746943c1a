"""Importing V1's file: every row is counted, nobody is greeted twice, no stored value is lost."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from db.engine import Database
from db.imports.v1 import rows
from db.imports.v1.report import Outcome, V1Report
from db.store.people import contacts
from db.tables import Contact, Exclusion, Interaction
from tests.builders import LONG_AGO, an_account
from tests.imports.v1.messy_v1 import TODAY, ZONE, Messy, Someone
from tests.imports.v1.v1_helpers import (
    LINKEDIN,
    SAMPLE,
    SAMPLE_MADE_ON,
    count_rows_in_file,
    dump,
    import_v1,
    our_account,
    write_sqlite,
)
from worker.errors import RequestRefusedError
from worker.rules.model import BirthdayCard, ContactStatus, Kind


def counts(report: V1Report) -> dict[str, tuple[int, int, int]]:
    """Return for each table: imported, already here, refused."""
    return {
        tally.table: (tally.imported, tally.counts[Outcome.SAME], tally.counts[Outcome.REFUSED])
        for tally in report.tables
    }


def shown_on_the_page(messy: Messy) -> list[BirthdayCard]:
    """The site's birthdays page with these people, also those whom V1 knew only by name."""
    late = Someone("Late Comer", "late", date(2026, 2, 2), never=True)
    return [
        BirthdayCard(f"{LINKEDIN}{one.slug or f'unknown-{number}'}/", one.name, one.birthday)
        for number, one in enumerate([*messy.people, late])
    ]


def test_every_row_of_400_messy_contacts_is_accounted_for(database: Database, messy: Messy) -> None:
    with database.transaction() as session:
        account = our_account(session)
        report = import_v1(session, account, messy.path)
        assert count_rows_in_file(messy.path, "contacts") == 400
        for tally in report.tables:
            assert tally.read == count_rows_in_file(messy.path, tally.table), tally.table
            assert tally.imported + tally.counts[Outcome.REFUSED] == tally.read, tally.table
            assert all(total > 0 for total in (tally.imported, tally.counts[Outcome.REFUSED])), tally.table
        in_ledger = Counter(session.scalars(select(Interaction.type)))
        by = {tally.table: tally for tally in report.tables}
        messages, visits = by["birthday_messages"], by["profile_visits"]
        refused = {rows.NO_PERSON, rows.DUPLICATE}
        as_exclusions = sum(len(told) for why, told in messages.why.items() if why not in refused)
        assert in_ledger == {"greet": messages.imported - as_exclusions, "visit": visits.imported}
        assert report.other_tables == {"errors": 2, "linkedin_selectors": 9, "notification_settings": 1}
        known = session.scalars(select(Contact.profile_url)).all()
        assert len(set(known)) == len(known)
        assert {f"{LINKEDIN}{one.slug}/" for one in messy.people if one.slug} <= set(known)


def test_nobody_on_the_blacklist_or_greeted_by_v1_this_year_is_due(database: Database, messy: Messy) -> None:
    with database.transaction() as session:
        account = our_account(session)
        import_v1(session, account, messy.path)
        cards = shown_on_the_page(messy)
        contacts.save_birthdays(session, account.id, cards)
        due: set[str] = set()
        day = date(2026, 1, 1)
        ids = {one.id: one.profile_url for one in session.scalars(select(Contact))}
        while day <= TODAY:
            found = contacts.list_due_birthdays(session, account.id, day, 0, texts_since=LONG_AGO)
            due |= {ids[person.contact_id] for person in found if person.left_out is None}
            day += timedelta(days=1)
    left_out = {
        card.profile_url
        for card, one in zip(cards, messy.people, strict=False)
        if one.never or 2026 in one.greeted_in
    } | {cards[-1].profile_url}
    assert not due & left_out
    assert len(due) > 50, "the test can't fail where nobody is due"


def test_who_comes_later_is_left_alone_by_address_and_by_name(database: Database, tmp_path: Path) -> None:
    path = write_sqlite(
        tmp_path / "v1.db",
        "create table blacklist (contact_name, linkedin_url)",
        "insert into blacklist values ('Ann', 'linkedin.com/in/ann'), ('Bob  Bee', null)",
    )
    with database.transaction() as session:
        account = our_account(session)
        for slug, name in (("bob-1", "bob bee"), ("cem", "Ann")):
            session.add(Contact(account_id=account.id, profile_url=f"{LINKEDIN}{slug}/", full_name=name))
        session.flush()
        import_v1(session, account, path)
        for slug, name in (("ann", "Renamed"), ("bob-2", "Bob Bee"), ("dan", "Dan")):
            session.add(Contact(account_id=account.id, profile_url=f"{LINKEDIN}{slug}/", full_name=name))
        session.flush()
        alone = session.scalars(select(Contact.profile_url).where(Contact.do_not_contact)).all()
        assert sorted(alone) == [f"{LINKEDIN}{slug}/" for slug in ("ann", "bob-1", "bob-2")]


def test_whom_a_person_allowed_again_stays_allowed_when_a_page_is_read(database: Database) -> None:
    with database.transaction() as session:
        account = our_account(session)
        session.add(Exclusion(account_id=account.id, profile_url=f"{LINKEDIN}ann/"))
        session.flush()
        card = BirthdayCard(f"{LINKEDIN}ann/", "Ann", TODAY)
        contacts.save_birthdays(session, account.id, [card])
        assert session.scalars(select(Contact.do_not_contact)).one()
        contacts.set_do_not_contact(session, account.id, card.profile_url, value=False, by="tests")
        contacts.save_birthdays(session, account.id, [card])
        assert not session.scalars(select(Contact.do_not_contact)).one()


def test_the_real_sample_comes_over_whole(database: Database) -> None:
    with database.transaction() as session:
        account = our_account(session)
        report = import_v1(session, account, SAMPLE)
        failed = 6
        assert counts(report) == {
            "contacts": (40, 0, 0),
            "scraped_profiles": (13, 0, 0),
            "birthday_messages": (37, 0, 0),
            "profile_visits": (40 - failed, 0, failed),
            "blacklist": (4, 0, 0),
        }
        (jean,) = session.scalars(select(Contact).where(Contact.full_name == "Jean-Noël van der Berg 16"))
        (greeting,) = session.scalars(
            select(Interaction).where(Interaction.contact_id == jean.id, Interaction.type == Kind.GREET)
        )
        assert (jean.last_greeted_on, jean.status) == (SAMPLE_MADE_ON, ContactStatus.CONNECTED)
        assert (greeting.occasion, greeting.status) == ("birthday:2026", "imported")
        assert greeting.message == "Joyeux anniversaire Jean-Noël ! 🎂"
        assert greeting.created_at == datetime(2026, 11, 9, 22, 44, 22, tzinfo=ZONE)
        (scored,) = session.scalars(select(Contact).where(Contact.profile_url == f"{LINKEDIN}scraped-1-0/"))
        assert (scored.score, scored.status) == (17, ContactStatus.PROSPECT)
        assert scored.profile == {"headline": "Engineer", "skills": ["python", "sql"]}
        visits = session.scalars(select(Interaction.occasion).where(Interaction.type == Kind.VISIT))
        assert set(visits) == {"visit:2026-W47"}


def test_wished_late_in_the_new_year_is_last_years_birthday(database: Database, tmp_path: Path) -> None:
    path = write_sqlite(
        tmp_path / "v1.db",
        "create table contacts (id, name, linkedin_url)",
        "insert into contacts values (1, 'Ann', 'linkedin.com/in/ann')",
        "create table birthday_messages (contact_id, message_text, sent_at, days_late, response_date)",
        "insert into birthday_messages values (1, 'Hi', '02/01/2026', 3, '2026-01-04T08:00:00Z')",
    )
    with database.transaction() as session:
        import_v1(session, our_account(session), path)
        greeting = session.scalars(select(Interaction)).one()
        assert greeting.occasion == "birthday:2025"
        assert greeting.replied_at == datetime(2026, 1, 4, 8, tzinfo=UTC)
        assert session.scalars(select(Contact.last_greeted_on)).one() == date(2026, 1, 2)


def test_nobody_is_downgraded_and_what_is_known_stays(database: Database, tmp_path: Path) -> None:
    path = write_sqlite(
        tmp_path / "v1.db",
        "create table scraped_profiles (profile_url, full_name, headline, fit_score, connection_degree)",
        "insert into scraped_profiles values "
        "('linkedin.com/in/ann', 'A.', 'Theirs', 9, '3rd'), "
        "('linkedin.com/in/bob', 'B.', 'Theirs', 9, '1st'), "
        "('linkedin.com/in/cem', 'C.', null, '87.5', '1st'), ('linkedin.com/in/dan', 'D.', null, 101, '2')",
    )
    known = {
        "ann": ContactStatus.CONNECTED,
        "bob": ContactStatus.NOT_CONNECTED,
        "cem": ContactStatus.PROSPECT,
    }
    with database.transaction() as session:
        account = our_account(session)
        for slug, status in known.items():
            session.add(
                Contact(
                    account_id=account.id, profile_url=f"{LINKEDIN}{slug}/", full_name=slug, status=status,
                    profile={"headline": "Ours"}, score=1 if slug == "ann" else None,
                )
            )  # fmt: skip
        session.flush()
        import_v1(session, account, path)
        session.expire_all()
        told = session.scalars(select(Contact).order_by(Contact.profile_url))
        assert [(one.full_name, one.status, one.score, one.profile) for one in told] == [
            ("ann", "connected", 1, {"headline": "Ours"}),
            ("bob", "not_connected", 9, {"headline": "Ours"}),
            ("cem", "connected", 88, {"headline": "Ours"}),
            ("D.", "prospect", None, {}),
        ]


def test_a_contact_whose_messages_are_gone_still_says_when_it_was_written_to(
    database: Database, tmp_path: Path
) -> None:
    path = write_sqlite(
        tmp_path / "v1.db",
        "create table contacts (name, linkedin_url, last_message_date)",
        "insert into contacts values ('Ann', 'linkedin.com/in/ann', '2026-11-20T09:00:00')",
    )
    with database.transaction() as session:
        import_v1(session, our_account(session), path)
        assert session.scalars(select(Contact.last_greeted_on)).one() == date(2026, 11, 20)


def test_an_account_of_another_site_is_refused_before_anything_changes(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        before = dump(session)
        with pytest.raises(RequestRefusedError, match="none of the 97 addresses"):
            import_v1(session, account, SAMPLE)
        assert dump(session) == before
