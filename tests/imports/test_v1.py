"""V1's file comes over: every row is accounted for, nobody is greeted twice, all of it can be undone."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.engine import Database
from db.imports.v1 import file, rows
from db.imports.v1.bring import bring_in
from db.imports.v1.report import Outcome, Report
from db.imports.v1.rows import Reading
from db.store import contacts, imports
from db.store.accounts import AccountRecord
from db.tables import Base, Contact, Exclusion, ImportChange, Interaction, SelectorHint
from tests.builders import LONG_AGO, TEN, an_account, planned
from tests.db.helpers import behind_the_triggers
from tests.imports.messy_v1 import NOW, TODAY, ZONE, Messy, Someone, messy_v1
from worker.errors import RequestRefusedError
from worker.rules.model import BirthdayCard, ContactStatus, Kind

SAMPLE = Path(__file__).parents[1] / "data" / "linkedin-v1-sample.db"
SAMPLE_MADE_ON = date(2026, 11, 22)
"""When V1 wrote to everybody in it, by its contacts; its messages are dated otherwise."""
LINKEDIN = "https://www.linkedin.com/in/"


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Messy:
    return messy_v1(tmp_path_factory.mktemp("v1") / "linkedin_automation.db")


def our_account(session: Session) -> AccountRecord:
    return an_account(session, site="linkedin", zone=ZONE.key, limits=TEN)


def bring(session: Session, account: AccountRecord, path: Path, now: datetime = NOW) -> Report:
    lines = rows.read_lines(file.read(path), Reading(account.site, account.zone, now))
    return bring_in(session, account, lines, by="tests", now=now)


def a_file(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(";".join(statements))
    return path


def in_file(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"select count(*) from {table}").fetchone()[0])


def dump(session: Session) -> Mapping[str, list[str]]:
    """Everything that the database holds, but for the list of imports and the quota's epoch."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in {"imports", "quota_epochs"}]
    return {
        table.name: sorted(session.scalars(text(f"select to_jsonb(t)::text from {table.name} t")))
        for table in tables
    }


def counts(report: Report) -> dict[str, tuple[int, int, int]]:
    """Per table: imported, already here, refused."""
    return {
        tally.table: (tally.imported, tally.counts[Outcome.SAME], tally.counts[Outcome.REFUSED])
        for tally in report.tables
    }


def people_we_knew(session: Session, account: AccountRecord, messy: Messy) -> None:
    """Contacts from before, in every state that an import could spoil."""
    known: list[dict[str, Any]] = [
        {"status": ContactStatus.NOT_CONNECTED, "score": 5, "profile": {"headline": "Ours"}},
        {"status": ContactStatus.PROSPECT, "full_name": ""},
        {"do_not_contact": True, "last_greeted_on": date(2026, 11, 20)},
        {"last_greeted_on": date(2020, 1, 1)},
    ]
    slugs = [one.slug for one in messy.people if one.slug]
    for slug, values in zip(slugs, known * 20, strict=False):
        contact = Contact(account_id=account.id, profile_url=f"{LINKEDIN}{slug}/", full_name="Known Before")
        for name, value in values.items():
            setattr(contact, name, value)
        session.add(contact)
    session.flush()


def test_every_row_of_400_messy_contacts_is_accounted_for(database: Database, messy: Messy) -> None:
    with database.transaction() as session:
        account = our_account(session)
        report = bring(session, account, messy.path)
        assert in_file(messy.path, "contacts") == 400
        for tally in report.tables:
            assert tally.read == in_file(messy.path, tally.table), tally.table
            assert tally.imported + tally.counts[Outcome.REFUSED] == tally.read, tally.table
            assert all(total > 0 for total in (tally.imported, tally.counts[Outcome.REFUSED])), tally.table
        in_ledger = Counter(session.scalars(select(Interaction.type)))
        by = {tally.table: tally for tally in report.tables}
        messages, visits = by["birthday_messages"], by["profile_visits"]
        refused = {rows.NOBODY, rows.TWICE}
        as_exclusions = sum(len(told) for why, told in messages.why.items() if why not in refused)
        assert in_ledger == {"greet": messages.imported - as_exclusions, "visit": visits.imported}
        assert report.left == {"errors": 2, "notification_settings": 1}
        known = session.scalars(select(Contact.profile_url)).all()
        assert len(set(known)) == len(known)
        assert {f"{LINKEDIN}{one.slug}/" for one in messy.people if one.slug} <= set(known)


def shown_on_the_page(messy: Messy) -> list[BirthdayCard]:
    """What the site's birthdays page would show of them, also of those whom V1 only knew by name."""
    late = Someone("Late Comer", "late", date(2026, 2, 2), never=True)
    return [
        BirthdayCard(f"{LINKEDIN}{one.slug or f'unknown-{number}'}/", one.name, one.birthday)
        for number, one in enumerate([*messy.people, late])
    ]


def test_nobody_on_the_blacklist_or_greeted_by_v1_this_year_is_due(database: Database, messy: Messy) -> None:
    with database.transaction() as session:
        account = our_account(session)
        bring(session, account, messy.path)
        cards = shown_on_the_page(messy)
        contacts.keep_birthdays(session, account.id, cards)
        due: set[str] = set()
        day = date(2026, 1, 1)
        ids = {one.id: one.profile_url for one in session.scalars(select(Contact))}
        while day <= TODAY:
            found = contacts.due_birthdays(session, account.id, day, 0, texts_since=LONG_AGO)
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
    path = a_file(
        tmp_path / "v1.db",
        "create table blacklist (contact_name, linkedin_url)",
        "insert into blacklist values ('Ann', 'linkedin.com/in/ann'), ('Bob  Bee', null)",
    )
    with database.transaction() as session:
        account = our_account(session)
        for slug, name in (("bob-1", "bob bee"), ("cem", "Ann")):
            session.add(Contact(account_id=account.id, profile_url=f"{LINKEDIN}{slug}/", full_name=name))
        session.flush()
        bring(session, account, path)
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
        contacts.keep_birthdays(session, account.id, [card])
        assert session.scalars(select(Contact.do_not_contact)).one()
        contacts.set_do_not_contact(session, account.id, card.profile_url, value=False)
        contacts.keep_birthdays(session, account.id, [card])
        assert not session.scalars(select(Contact.do_not_contact)).one()


def test_undo_restores_every_table(database: Database, messy: Messy) -> None:
    with database.transaction() as session:
        account = our_account(session)
        people_we_knew(session, account, messy)
        before = dump(session)
    with database.transaction() as session:
        report = bring(session, account, messy.path)
        assert session.scalars(select(func.count(ImportChange.contact_id))).one() > 40
        assert session.scalars(select(func.count(SelectorHint.name))).one() > 0
        assert dump(session) != before
    with database.transaction() as session:
        undone = imports.undo(session, report.import_id)
        assert (undone.kept, undone.contacts > 200, undone.interactions > 300) == (0, True, True)
    with database.transaction() as session:
        assert dump(session) == before
        with pytest.raises(RequestRefusedError, match="undone already"):
            imports.undo(session, report.import_id)
        with pytest.raises(RequestRefusedError, match="no import 99"):
            imports.undo(session, 99)


def test_twice_is_once(database: Database, messy: Messy) -> None:
    with database.transaction() as session:
        account = our_account(session)
        people_we_knew(session, account, messy)
        first = bring(session, account, messy.path)
    with database.transaction() as session:
        after_once = dump(session)
        second = bring(session, account, messy.path)
        assert second.brought == 0
        for one, two in zip(first.tables, second.tables, strict=True):
            assert two.counts[Outcome.REFUSED] == one.counts[Outcome.REFUSED]
            assert two.counts[Outcome.SAME] == one.imported + one.counts[Outcome.SAME]
        assert dump(session) == after_once


def test_an_earlier_import_of_v1_is_undone_after_the_later_one(database: Database, messy: Messy) -> None:
    with database.transaction() as session:
        account = our_account(session)
        first, second = bring(session, account, SAMPLE), bring(session, account, messy.path)
        with pytest.raises(RequestRefusedError, match=f"import {second.import_id} came later"):
            imports.undo(session, first.import_id)
        imports.undo(session, second.import_id)
        imports.undo(session, first.import_id)


def test_undo_keeps_whom_we_greeted_since(database: Database) -> None:
    with database.transaction() as session:
        account = our_account(session)
        report = bring(session, account, SAMPLE)
        ann = session.scalars(select(Contact).where(Contact.last_greeted_on.is_not(None)).limit(1)).one()
        planned(session, account, ann)
        behind_the_triggers(session, "update actions set state = 'done', occasion_on = '2026-11-23'")
        undone = imports.undo(session, report.import_id)
        session.expire_all()
        (left,) = session.scalars(select(Contact))
        assert undone.kept == 1
        assert (left.id, left.last_greeted_on) == (ann.id, date(2026, 11, 23))


def test_undo_keeps_a_newer_greeting_of_ours_to_somebody_we_knew_before(database: Database) -> None:
    with database.transaction() as session:
        account = our_account(session)
        address = f"{LINKEDIN}person-1-12/"
        ann = Contact(account_id=account.id, profile_url=address, full_name="Ann")
        ann.last_greeted_on = date(2020, 1, 1)
        session.add(ann)
        session.flush()
        report = bring(session, account, SAMPLE)
        session.refresh(ann)
        assert ann.last_greeted_on == SAMPLE_MADE_ON
        planned(session, account, ann)
        behind_the_triggers(session, "update actions set state = 'done', occasion_on = '2026-11-23'")
        imports.undo(session, report.import_id)
        session.refresh(ann)
        assert ann.last_greeted_on == date(2026, 11, 23)


def test_undo_keeps_who_is_excluded_by_other_means_alone(database: Database, tmp_path: Path) -> None:
    path = a_file(
        tmp_path / "v1.db",
        "create table blacklist (contact_name, linkedin_url)",
        "insert into blacklist values ('Ann', 'linkedin.com/in/ann')",
    )
    with database.transaction() as session:
        account = our_account(session)
        session.add(Contact(account_id=account.id, profile_url=f"{LINKEDIN}ann/", full_name="Ann"))
        session.flush()
        report = bring(session, account, path)
        session.add(Exclusion(account_id=account.id, name_key="ann", note="asked a person since"))
        session.flush()
        imports.undo(session, report.import_id)
        assert session.scalars(select(Contact.do_not_contact)).one()


def test_the_real_sample_comes_over_whole(database: Database) -> None:
    with database.transaction() as session:
        account = our_account(session)
        report = bring(session, account, SAMPLE)
        failed = 6
        assert counts(report) == {
            "contacts": (40, 0, 0),
            "scraped_profiles": (13, 0, 0),
            "birthday_messages": (37, 0, 0),
            "profile_visits": (40 - failed, 0, failed),
            "blacklist": (4, 0, 0),
            "linkedin_selectors": (7, 0, 0),
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
    path = a_file(
        tmp_path / "v1.db",
        "create table contacts (id, name, linkedin_url)",
        "insert into contacts values (1, 'Ann', 'linkedin.com/in/ann')",
        "create table birthday_messages (contact_id, message_text, sent_at, days_late, response_date)",
        "insert into birthday_messages values (1, 'Hi', '02/01/2026', 3, '2026-01-04T08:00:00Z')",
    )
    with database.transaction() as session:
        bring(session, our_account(session), path)
        greeting = session.scalars(select(Interaction)).one()
        assert greeting.occasion == "birthday:2025"
        assert greeting.replied_at == datetime(2026, 1, 4, 8, tzinfo=UTC)
        assert session.scalars(select(Contact.last_greeted_on)).one() == date(2025, 12, 30)


def test_nobody_is_downgraded_and_what_is_known_stays(database: Database, tmp_path: Path) -> None:
    path = a_file(
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
        bring(session, account, path)
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
    path = a_file(
        tmp_path / "v1.db",
        "create table contacts (name, linkedin_url, last_message_date)",
        "insert into contacts values ('Ann', 'linkedin.com/in/ann', '2026-11-20T09:00:00')",
    )
    with database.transaction() as session:
        bring(session, our_account(session), path)
        assert session.scalars(select(Contact.last_greeted_on)).one() == date(2026, 11, 20)


def test_an_account_of_another_site_is_refused_before_anything_changes(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        before = dump(session)
        with pytest.raises(RequestRefusedError, match="none of the 97 addresses"):
            bring(session, account, SAMPLE)
        assert dump(session) == before


CELLS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
    st.sampled_from(
        [
            "Ann",
            "ann ",
            "linkedin.com/in/ann",
            "linkedin.com/in/bob",
            "2026-05-05",
            "1",
            1,
            0,
            "x" * 5000,
            "ﷺ" * 400,
            "2026-11-24T12:00:00+14:00",
            "linkedin.com/in/" + "%F0%9F%8E%82" * 199,
            "[" * 5000,
            '["\\ud800", "a\\u0000"]',
        ]
    ),
)


def junk(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    tables = {}
    for table, columns in file.TAKEN.items():
        there = draw(st.lists(st.sampled_from(columns), unique=True, min_size=1))
        tables[table] = draw(st.lists(st.fixed_dictionaries(dict.fromkeys(there, CELLS)), max_size=6))
    missing = draw(st.sets(st.sampled_from(sorted(tables)), max_size=2))
    return {table: told for table, told in tables.items() if table not in missing and told}


def write_junk(path: Path, tables: dict[str, list[dict[str, Any]]]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, told in tables.items():
            names = ", ".join(told[0])
            connection.execute(f"create table {table} ({names})")
            marks = ", ".join("?" * len(told[0]))
            connection.executemany(
                f"insert into {table} values ({marks})", [tuple(row.values()) for row in told]
            )


class NoneOfItError(Exception):
    """The whole file was refused, as one of another site or none of V1's."""


def bring_junk(session: Session, account: AccountRecord, path: Path) -> Report:
    try:
        return bring(session, account, path)
    except RequestRefusedError as error:
        raise NoneOfItError from error


def test_junk_in_any_column_never_crashes_and_every_row_is_accounted_for(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction() as session:
        account = our_account(session)
        session.add(Contact(account_id=account.id, profile_url=f"{LINKEDIN}ann/", full_name="Ann"))

    @hypothesis_settings(max_examples=80)
    @given(st.composite(junk)())
    def holds(tables: dict[str, list[dict[str, Any]]]) -> None:
        path = tmp_path / "junk.db"
        path.unlink(missing_ok=True)
        write_junk(path, tables)
        with suppress(NoneOfItError), database.transaction() as session:
            report = bring_junk(session, account, path)
            again = bring_junk(session, account, path)
            for told in (report, again):
                assert {tally.table: tally.read for tally in told.tables if tally.there} == {
                    table: len(rows) for table, rows in tables.items()
                }
            assert again.brought == 0
            session.rollback()

    holds()


def test_a_copy_of_the_file_brings_nothing_new(database: Database, tmp_path: Path) -> None:
    copy = tmp_path / "other name?.db"
    shutil.copy(SAMPLE, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("update birthday_messages set id = id + 1000")
    with database.transaction() as session:
        account = our_account(session)
        bring(session, account, SAMPLE)
        assert bring(session, account, copy).brought == 0
