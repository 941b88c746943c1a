"""Who is forgotten leaves the quota, the audit and everybody else as they were, or nothing is changed."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Date, LargeBinary, Text, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import events, lifecycle, plans, replies
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns, searches
from db.store.imports import birthday_doubts, runs
from db.store.privacy import erasure, tombstones
from db.store.privacy.erasure import ErasureReport
from db.store.privacy.personal_columns import DELETED, EMPTIED, KEPT, REDACTED
from db.store.quota import fallback, limits
from db.tables import (
    Action,
    Base,
    Campaign,
    Contact,
    Exclusion,
    Import,
    ImportDoubt,
    Interaction,
    Schedule,
    Tombstone,
)
from tests.builders import (
    SANDBOX,
    TEN,
    a_campaign,
    a_contact,
    add_planned,
    add_proposed,
    an_account,
    contact_by_slug,
)
from tests.db.helpers import claim_action, open_database, queue_due_actions, wait_for_lock_wait
from tests.imports.files import import_path, write_file
from tests.whole_person import NAME, SLUG, ZOE, a_known_person
from worker.errors import Reason, RequestRefusedError
from worker.rules.mentions import REDACTED_TEXT
from worker.rules.messages.replies import LatestGreeting, Reply
from worker.rules.model import ActionState, FoundPerson, ImportSource, Kind

DOCS = Path(__file__).parents[3] / "docs" / "privacy.md"


def forgotten(session: Session, address: str = ZOE) -> ErasureReport:
    result = erasure.forget_person(session, "sandbox", address)
    session.expire_all()
    return result


def ledger(session: Session, account_id: int) -> set[tuple[str, str, object]]:
    """What the quota's counters are rebuilt from."""
    books = fallback.read_ledger(session, limits.context(session, account_id, Kind.GREET, "").context)
    return {(charge.kind, charge.reservation_id, charge.at) for charge in books.charges}


def test_the_quota_and_the_audit_stay_whole(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        accounts = a_known_person(session, tmp_path)
    with database.transaction() as session:
        before = {account.id: ledger(session, account.id) for account in accounts}
        keys = set(session.scalars(select(Action.id)))
        assert all(len(charges) > 4 for charges in before.values())
    with database.transaction() as session:
        told = forgotten(session)
    assert (told.new, told.accounts) == (True, 2)
    with database.transaction() as session:
        assert {account.id: ledger(session, account.id) for account in accounts} == before
        assert set(session.scalars(select(Action.id))) == keys
    with database.snapshot() as session:
        assert [report.problems for report in events.verify_chains(session)] == [(), ()]


def test_what_was_open_is_skipped_through_allowed_moves(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        a_known_person(session, tmp_path)
    with database.transaction() as session:
        open_ones = {
            row.id: row.state
            for row in session.scalars(select(Action))
            if row.state not in {ActionState.DONE, ActionState.SKIPPED}
        }
        assert {"planned", "proposed", "uncertain", "needs_review"} == set(open_ones.values())
        assert forgotten(session).skipped == len(open_ones)
        for action_id, was in open_ones.items():
            row = session.get_one(Action, action_id)
            assert (row.state, row.reason) == (ActionState.SKIPPED, Reason.FORGOTTEN)
            moves = [event.to_state for event in events.list_events(session, action_id)]
            assert moves[-2:] == ["needs_review" if was == "uncertain" else was, "skipped"]


def test_others_keep_all_that_is_theirs(session: Session, tmp_path: Path) -> None:
    account = a_known_person(session, tmp_path)[0]
    forgotten(session)
    bob = f"{SANDBOX}bob/"
    assert contact_by_slug(session, account, "bob").full_name == "Bob Other"
    previews = [preview for preview in session.scalars(select(Campaign.preview)) if preview is not None]
    assert [[entry["profile_url"] for entry in preview] for preview in previews] == [[bob], [bob]]
    listed = [o["profiles"] for o in session.scalars(select(Campaign.options)) if "profiles" in o]
    assert listed == [[bob], [bob]]
    schedules = session.scalars(select(Schedule)).all()
    assert [(s.options["profiles"], s.enabled) for s in schedules] == [([REDACTED_TEXT], False)] * 2


def test_undoing_an_import_brings_nothing_of_them_back(session: Session, tmp_path: Path) -> None:
    a_known_person(session, tmp_path)
    forgotten(session)
    for import_id in session.scalars(select(Import.id).order_by(Import.id.desc())).all():
        runs.undo_import(session, import_id)
    session.expire_all()
    stubs = session.scalars(select(Contact).where(Contact.forgotten_at.is_not(None))).all()
    assert [(stub.full_name, stub.email, stub.profile) for stub in stubs] == [(REDACTED_TEXT, None, {})] * 2
    assert {stub.do_not_contact for stub in stubs} == {True}


@pytest.mark.parametrize("how", ["queued", "claimed", "acting", "looked at"])
def test_who_is_worked_on_is_left_whole_until_it_is_over(database: Database, how: str) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        a_contact(session, other, SLUG, name=NAME)
        action_id = add_planned(session, account, a_contact(session, account, SLUG, name=NAME))
        assert queue_due_actions(session) == [action_id]
        if how != "queued":
            claim = claim_action(session, action_id)
            if how != "claimed":
                assert lifecycle.write_intent(session, claim)
            if how == "looked at":
                lifecycle.mark_uncertain(
                    session, claim, reason=Reason.PROOF_MISSING, detail="?", wait=timedelta(0)
                )
                assert queue_due_actions(session) == [action_id]
    with pytest.raises(RequestRefusedError, match="ask again in a minute"), database.transaction() as session:
        forgotten(session)
    with database.transaction() as session:
        assert set(session.scalars(select(Contact.full_name))) == {NAME}
        assert not session.scalars(select(Tombstone)).all()


def _deciding(session: Session, zoe: Contact, action_id: UUID) -> None:
    """As whoever decides on a proposal, and will want the audit's head."""
    session.execute(select(Action).where(Action.id == action_id).with_for_update())


def _planning(session: Session, zoe: Contact, action_id: UUID) -> None:
    """As whoever plans for them does: the action's row holds theirs."""
    session.execute(select(Contact.id).where(Contact.id == zoe.id).with_for_update(read=True, key_share=True))


def _reading(session: Session, zoe: Contact, action_id: UUID) -> None:
    """As the planner of a campaign that has read its site."""
    campaigns.find_campaign(session, a_campaign_of(session, action_id), lock=True)


def _importing(session: Session, zoe: Contact, action_id: UUID) -> None:
    runs.begin_import(
        session, account_id=zoe.account_id, source=ImportSource.CSV, file_name="x.csv", by="tests"
    )


def a_campaign_of(session: Session, action_id: UUID) -> UUID:
    return session.scalars(select(Action.campaign_id).where(Action.id == action_id)).one()


@pytest.mark.parametrize("others", [_deciding, _planning, _reading, _importing])
def test_nobody_waits_for_those_who_may_wait_for_us(
    database: Database, others: Callable[[Session, Contact, UUID], None]
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        zoe = a_contact(session, account, SLUG, name=NAME)
        action_id = add_proposed(session, account, zoe)
    with database.transaction() as busy:
        others(busy, zoe, action_id)
        refused = pytest.raises(RequestRefusedError, match="nothing was changed")
        with refused, database.transaction() as session:
            forgotten(session)
    with database.transaction() as session:
        assert forgotten(session).accounts == 1


def test_what_is_planned_for_them_meanwhile_waits_and_then_is_not(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        zoe = a_contact(session, account, SLUG, name=NAME)

    def plan() -> int:
        with open_database(database_url) as other, other.transaction() as session:
            campaign = campaigns.find_campaign(session, a_campaign(session, account))
            assert campaign is not None
            draft = PlannedAction(zoe.id, "birthday:2026", date(2026, 11, 24), f"Dear {NAME}")
            return plans.insert_plan(session, campaign, Kind.GREET, [draft])

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            forgotten(session)
            planning = pool.submit(plan)
            wait_for_lock_wait(database, planning)
        assert planning.result() == 0
    with database.transaction() as session:
        assert not session.scalars(select(Action)).all()


def test_who_comes_in_meanwhile_waits_and_then_does_not(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        account = an_account(session)

    def read() -> int:
        with open_database(database_url) as other, other.transaction() as session:
            found = FoundPerson(ZOE, NAME, "", "", 2, open_to_work=False)
            return len(searches.save_found_people(session, account.id, [found]))

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            forgotten(session)
            reading = pool.submit(read)
            wait_for_lock_wait(database, reading)
        assert reading.result() == 0


def test_a_reply_that_was_being_read_is_not_kept(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = a_known_person(session, tmp_path)[0]
        row = session.scalars(select(Interaction).where(Interaction.account_id == account.id)).first()
        assert row is not None
        session.execute(update(Interaction).values(replied_at=None, reply=None))
    now = row.created_at
    greeted = LatestGreeting(
        row.id, row.contact_id, ZOE, now, now, replied=False, keep_text=True, may_open=True
    )
    reading = replies.InboxLease(account, now, None, [greeted], now)
    with database.transaction() as session:
        forgotten(session)
        assert replies.record_replies(session, reading, [Reply(greeted, now, "Thanks!")], now) == 0
        assert not session.scalars(select(Interaction.reply).where(Interaction.reply.is_not(None))).all()


def test_an_exclusion_by_name_goes_unless_the_name_is_somebody_elses(session: Session) -> None:
    one, two = an_account(session), an_account(session, "two")
    for account in (one, two):
        session.add(Exclusion(account_id=account.id, name_key=NAME.lower()))
        a_contact(session, account, SLUG, name=NAME)
    a_contact(session, two, "namesake", name=NAME)
    assert forgotten(session).exclusions == 1
    assert session.scalars(select(Exclusion.account_id)).all() == [two.id]


def test_an_entry_of_a_file_that_may_be_theirs_goes_but_for_whose_it_was_said_to_be(
    session: Session, tmp_path: Path
) -> None:
    account = an_account(session)
    zoe = a_contact(session, account, SLUG, name=NAME)
    namesake = a_contact(session, account, "namesake", name=NAME)
    rows = "".join(f"{NAME},2-{day}\n" for day in (11, 12))
    import_path(session, account, write_file(tmp_path, f"full_name,birthday\n{rows.replace('2-', '02-')}"))
    first, second = session.scalars(
        select(ImportDoubt.id).where(ImportDoubt.contact_id == namesake.id).order_by(ImportDoubt.line)
    )
    birthday_doubts.confirm_doubt(session, first)
    forgotten(session)
    assert session.scalars(select(ImportDoubt.id)).all() == [first]
    assert (zoe.birth_month, namesake.birth_day) == (None, 11)
    assert second != first


def test_only_the_hash_of_the_address_stays_and_by_site(session: Session) -> None:
    linkedin = an_account(session, "linkedin", site="linkedin", limits=TEN)
    session.add(Contact(account_id=linkedin.id, profile_url=ZOE, full_name=NAME))
    assert forgotten(session).accounts == 0
    stone = session.scalars(select(Tombstone)).one()
    assert (stone.site, stone.fingerprint) == ("sandbox", tombstones.hash_address(ZOE))
    assert not forgotten(session).new
    assert session.scalars(select(Contact.full_name)).all() == [NAME]


def personal() -> dict[str, set[str]]:
    return {
        table.__tablename__: set(columns)
        for mapping in (EMPTIED, DELETED, REDACTED)
        for table, columns in mapping.items()
    }


def test_every_column_that_can_hold_something_of_a_person_is_classified() -> None:
    """A new column of text, JSON, bytes or days is put into one of the mappings of db.store.personal."""
    telling = personal()
    for table in Base.metadata.sorted_tables:
        can_tell = {
            column.name
            for column in table.columns
            if isinstance(column.type, (Text, JSONB, LargeBinary, Date))
        }
        classified = telling.get(table.name, set()) | KEPT.get(table.name, frozenset())
        assert can_tell <= classified, f"{table.name}: {can_tell - classified} in none of the mappings"
        assert classified <= set(table.columns.keys()), table.name
        assert not telling.get(table.name, set()) & KEPT.get(table.name, frozenset()), table.name


def test_every_column_that_tells_who_it_is_is_on_its_page() -> None:
    rows = (line for line in DOCS.read_text().splitlines() if line.startswith("| `"))
    listed = [name for row in rows for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", row.split("|")[1])]
    assert sorted(listed) == sorted(
        f"{table}.{column}" for table, columns in personal().items() for column in columns
    )
