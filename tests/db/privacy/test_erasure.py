"""Erasing a person leaves the quota, the audit and everybody else's data unchanged."""

from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import events, replies
from db.store.imports import birthday_doubts, runs
from db.store.privacy import tombstones
from db.store.quota import limits
from db.store.quota.ledger import read_ledger
from db.tables import (
    Action,
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
    a_contact,
    an_account,
    contact_by_slug,
)
from tests.imports.files import import_path, write_file
from tests.whole_person import NAME, SLUG, ZOE, a_known_person, forget
from worker.errors import Reason
from worker.rules.messages.replies import LatestGreeting, Reply
from worker.rules.model import ActionState, Kind
from worker.rules.people.mentions import REDACTED_TEXT


def ledger(session: Session, account_id: int) -> set[tuple[str, str, object]]:
    """The charges that the quota's counters are rebuilt from."""
    books = read_ledger(session, limits.load_context(session, account_id, Kind.GREET, "").context)
    return {(charge.kind, charge.reservation_id, charge.at) for charge in books.charges}


def test_the_quota_and_the_audit_stay_whole(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        accounts = a_known_person(session, tmp_path)
    with database.transaction() as session:
        before = {account.id: ledger(session, account.id) for account in accounts}
        keys = set(session.scalars(select(Action.id)))
        assert all(len(charges) > 4 for charges in before.values())
    with database.transaction() as session:
        told = forget(session)
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
        assert forget(session).skipped == len(open_ones)
        for action_id, was in open_ones.items():
            row = session.get_one(Action, action_id)
            assert (row.state, row.reason) == (ActionState.SKIPPED, Reason.FORGOTTEN)
            moves = [event.to_state for event in events.list_events(session, action_id)]
            assert moves[-2:] == ["needs_review" if was == "uncertain" else was, "skipped"]


def test_others_keep_all_that_is_theirs(session: Session, tmp_path: Path) -> None:
    account = a_known_person(session, tmp_path)[0]
    forget(session)
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
    forget(session)
    for import_id in session.scalars(select(Import.id).order_by(Import.id.desc())).all():
        runs.undo_import(session, import_id)
    session.expire_all()
    stubs = session.scalars(select(Contact).where(Contact.forgotten_at.is_not(None))).all()
    assert [(stub.full_name, stub.email, stub.profile) for stub in stubs] == [(REDACTED_TEXT, None, {})] * 2
    assert {stub.do_not_contact for stub in stubs} == {True}


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
        forget(session)
        assert replies.record_replies(session, reading, [Reply(greeted, now, "Thanks!")], now) == 0
        assert not session.scalars(select(Interaction.reply).where(Interaction.reply.is_not(None))).all()


def test_an_exclusion_by_name_goes_unless_the_name_is_somebody_elses(session: Session) -> None:
    one, two = an_account(session), an_account(session, "two")
    for account in (one, two):
        session.add(Exclusion(account_id=account.id, name_key=NAME.lower()))
        a_contact(session, account, SLUG, name=NAME)
    a_contact(session, two, "namesake", name=NAME)
    assert forget(session).exclusions == 1
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
    forget(session)
    assert session.scalars(select(ImportDoubt.id)).all() == [first]
    assert (zoe.birth_month, namesake.birth_day) == (None, 11)
    assert second != first


def test_only_the_hash_of_the_address_stays_and_by_site(session: Session) -> None:
    linkedin = an_account(session, "linkedin", site="linkedin", limits=TEN)
    session.add(Contact(account_id=linkedin.id, profile_url=ZOE, full_name=NAME))
    assert forget(session).accounts == 0
    stone = session.scalars(select(Tombstone)).one()
    assert (stone.site, stone.fingerprint) == ("sandbox", tombstones.hash_address(ZOE))
    assert not forget(session).new
    assert session.scalars(select(Contact.full_name)).all() == [NAME]
