"""Two contacts that are one person: merged in one transaction, and greeted once."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import gates, lifecycle
from db.store.actions.gates import ClosedGate
from db.store.identity import learning, merging, pages
from db.store.identity.learning import Learned
from db.store.imports import runs
from db.store.people import addresses, contacts, lookup
from db.store.people.accounts import AccountRecord
from db.tables import Action, Contact, Exclusion, Hit, IdentityChange, ImportDoubt, Interaction
from tests.builders import SANDBOX, a_contact, add_planned, add_proposed, an_account
from tests.db.helpers import claim_action, make_due, queue_due_actions
from worker.errors import Reason
from worker.rules.model import ActionState, BirthdayCard, ContactStatus, ImportSource
from worker.rules.people.identity import PersonKeys

TODAY = date(2026, 11, 28)
MEMBER = "ACoAABq7-xKZ_mD4vPz0QwErTyUiOpAsDfGhJkL"
SLUG, BY_ID = f"{SANDBOX}ann/", f"{SANDBOX}{MEMBER}/"
BOTH = PersonKeys(SLUG, BY_ID)


def two(session: Session) -> tuple[AccountRecord, Contact, Contact]:
    account = an_account(session)
    by_slug = a_contact(session, account, "ann", name="Ann Sample", birthday=TODAY)
    return account, by_slug, a_contact(session, account, MEMBER, name="Ann Sample", birthday=TODAY)


@pytest.fixture
def import_id(session: Session) -> int:
    account = an_account(session, "importing")
    return runs.begin_import(
        session, account_id=account.id, source=ImportSource.CSV, file_name="x.csv", by="me"
    )


def learn(session: Session, account: AccountRecord, keys: PersonKeys = BOTH, **options: Any) -> Learned:
    learned = learning.learn_keys(session, account.id, keys, by="tests", **options)
    session.expire_all()
    return learned


def states(session: Session) -> list[tuple[str, str | None]]:
    rows = session.execute(select(Action.state, Action.reason).order_by(Action.state))
    return [(state, reason) for state, reason in rows]


@pytest.mark.parametrize("begins", ["ACoAA", "ACoAB", "ACoA_"])
def test_an_id_is_kept_as_written_and_is_a_key_of_its_own(session: Session, begins: str) -> None:
    account = an_account(session)
    identifier = MEMBER.replace("ACoAA", begins)
    contact = a_contact(session, account, identifier)
    session.refresh(contact)
    assert contact.profile_url == contact.member_url == f"{SANDBOX}{identifier}/"
    other = a_contact(session, account, begins + identifier[5:].swapcase())
    session.refresh(other)
    assert other.member_url not in {None, contact.member_url}


@pytest.mark.parametrize("swapped", [False, True])
def test_who_is_planned_twice_is_greeted_once(session: Session, *, swapped: bool) -> None:
    account, *people = two(session)
    for person in reversed(people) if swapped else people:
        add_planned(session, account, person)
    assert learn(session, account) is Learned.MERGED
    kept = session.scalars(select(Contact).where(Contact.forgotten_at.is_(None))).one()
    assert (kept.profile_url, kept.member_url) == (SLUG, BY_ID)
    assert states(session) == [(ActionState.PLANNED, None), (ActionState.SKIPPED, Reason.MERGED)]
    assert session.scalars(select(Action.contact_id).where(Action.state == "planned")).all() == [kept.id]
    assert learn(session, account) is Learned.NOTHING  # once more


def test_who_was_greeted_under_one_address_is_not_greeted_under_the_other(session: Session) -> None:
    account, by_slug, by_id = two(session)
    sent = add_planned(session, account, by_id)
    queue_due_actions(session)
    claim = claim_action(session, sent)
    assert lifecycle.write_intent(session, claim)
    assert lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
    add_planned(session, account, by_slug)
    assert learn(session, account) is Learned.MERGED
    assert states(session) == [(ActionState.DONE, None), (ActionState.SKIPPED, Reason.MERGED)]
    kept = session.get_one(Contact, by_slug.id)
    assert kept.last_greeted_on is not None
    assert session.scalars(select(Interaction.contact_id)).all() == [kept.id]
    assert session.get_one(Action, sent).contact_id == kept.id


def test_a_greeting_that_may_have_been_sent_outranks_a_plan(session: Session) -> None:
    account, by_slug, by_id = two(session)
    sent = add_planned(session, account, by_id)
    queue_due_actions(session)
    claim = claim_action(session, sent)
    lifecycle.write_intent(session, claim)
    add_planned(session, account, by_slug)
    assert learn(session, account) is Learned.BUSY  # a worker is acting
    lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=gates.IDENTITY_WAIT)
    assert learn(session, account) is Learned.MERGED
    assert states(session) == [(ActionState.SKIPPED, Reason.MERGED), (ActionState.UNCERTAIN, "proof_missing")]


def test_a_greeting_dropped_by_hand_speaks_for_both_addresses(session: Session) -> None:
    account, by_slug, by_id = two(session)
    add_planned(session, account, by_slug)
    dropped = add_proposed(session, account, by_id)
    drop = "update actions set state = 'skipped', reason = 'dropped_by_hand' where id = :id"
    session.execute(text(drop), {"id": dropped})
    learn(session, account)
    assert states(session) == [(ActionState.SKIPPED, "dropped_by_hand"), (ActionState.SKIPPED, "merged")]


def test_the_worker_that_finds_out_goes_on_with_its_own_action_or_leaves_the_other_one(
    session: Session,
) -> None:
    account, by_slug, by_id = two(session)
    mine, other = add_planned(session, account, by_id), add_planned(session, account, by_slug)
    make_due(session)
    session.execute(text("update actions set not_before = now() where id = :id"), {"id": other})
    assert queue_due_actions(session) == [mine]
    claim = claim_action(session, mine)
    assert learn(session, account) is Learned.BUSY
    assert learn(session, account, holding=mine) is Learned.MERGED
    assert lifecycle.has_person(session, mine)
    assert session.get_one(Action, mine).contact_id == by_slug.id
    assert session.get_one(Action, other).reason == Reason.MERGED
    assert lifecycle.write_intent(session, claim)


def test_everything_known_goes_to_the_one_that_stays(session: Session) -> None:
    account, by_slug, by_id = two(session)
    by_id.call_by, by_id.do_not_contact, by_id.email = "Annie", True, "ann@example.org"
    by_slug.status = ContactStatus.PROSPECT
    session.add(Exclusion(account_id=account.id, profile_url=BY_ID, occasion="birthday:2026"))
    session.flush()
    learn(session, account)
    kept = session.get_one(Contact, by_slug.id)
    assert (kept.call_by, kept.do_not_contact, kept.email) == ("Annie", True, "ann@example.org")
    assert kept.status == ContactStatus.CONNECTED
    due = contacts.list_due_birthdays(session, account.id, TODAY, 0, texts_since=kept.created_at)
    kept.do_not_contact = False
    session.flush()
    again = contacts.list_due_birthdays(session, account.id, TODAY, 0, texts_since=kept.created_at)
    assert [each.left_out for each in (*due, *again)] == [Reason.DO_NOT_CONTACT, Reason.ALREADY_GREETED]
    empty = session.get_one(Contact, by_id.id)
    assert (empty.full_name, empty.email, empty.member_url) == ("(forgotten)", None, None)


def test_birthdays_that_contradict_each_other_are_asked_about(session: Session, import_id: int) -> None:
    account, by_slug, by_id = two(session)
    by_id.birth_day, by_id.import_id = 3, import_id
    planned = add_planned(session, account, by_slug)
    learn(session, account)
    assert session.get_one(Contact, by_slug.id).birth_month is None
    assert session.get_one(Action, planned).reason == Reason.MERGED
    days = session.scalars(select(ImportDoubt.birth_day).where(ImportDoubt.contact_id == by_slug.id))
    assert sorted(days) == [3, 28]


def test_a_slug_that_has_another_id_now_stops_the_contact_and_nobody_else(session: Session) -> None:
    account = an_account(session)
    contact = a_contact(session, account, "ann", birthday=TODAY)
    assert learn(session, account) is Learned.STORED
    stranger = f"{SANDBOX}{MEMBER[:-1]}X/"
    assert learn(session, account, PersonKeys(SLUG, stranger)) is Learned.MOVED
    add_planned(session, account, contact)
    (queued,) = queue_due_actions(session)
    claim = claim_action(session, queued)
    closed = gates.find_closed_gate(session, claim)
    assert closed is not None
    assert closed.reason is Reason.ADDRESS_MOVED
    card = BirthdayCard(SLUG, "Stranger", TODAY, stranger)
    pages.save_birthdays(session, account.id, [card])
    session.expire_all()
    assert session.get_one(Contact, contact.id).full_name != "Stranger"
    assert session.scalars(select(Contact.full_name).where(Contact.profile_url == stranger)).all() == [
        "Stranger"
    ]
    assert learn(session, account) is Learned.STORED  # it is theirs again
    assert gates.find_closed_gate(session, claim) is None


def test_a_new_slug_of_a_known_id_is_a_new_address_of_the_same_person(session: Session) -> None:
    account = an_account(session)
    contact = a_contact(session, account, "ann")
    learn(session, account)
    new = f"{SANDBOX}ann-married/"
    assert learn(session, account, PersonKeys(new, BY_ID)) is Learned.STORED
    session.expire_all()
    assert session.get_one(Contact, contact.id).profile_url == new
    assert session.scalars(select(IdentityChange.before)).all() == [SLUG]
    assert addresses.resolve_addresses(session, account.id, [SLUG, BY_ID]) == {SLUG: new, BY_ID: new}


@pytest.mark.parametrize("given", [SLUG, "ann", BY_ID, MEMBER, f"urn:li:fsd_profile:{MEMBER}"])
def test_a_person_is_found_by_either_key(session: Session, given: str) -> None:
    account = an_account(session)
    a_contact(session, account, "ann", name="Zoe Quill")
    learn(session, account)
    assert [each.full_name for each in lookup.find_contacts(session, given).people] == ["Zoe Quill"]
    assert not lookup.find_contacts(session, MEMBER.lower()).people


def test_of_two_who_may_be_one_only_one_is_greeted_until_somebody_says_who_they_are(session: Session) -> None:
    account, by_slug, by_id = two(session)
    first, second = add_planned(session, account, by_slug), add_planned(session, account, by_id)
    make_due(session)
    (queued,) = queue_due_actions(session)
    claim = claim_action(session, queued)
    assert gates.find_closed_gate(session, claim) is None
    lifecycle.write_intent(session, claim)
    lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
    make_due(session)
    (queued,) = queue_due_actions(session)
    assert {queued, claim.action_id} == {first, second}
    other = claim_action(session, queued)
    closed = gates.find_closed_gate(session, other)
    assert isinstance(closed, ClosedGate)
    assert closed.reason is Reason.MAYBE_SAME_PERSON
    lifecycle.replan_action(session, other, reason=closed.reason, detail="", until=closed.until)
    learning.tell_apart(session, by_slug.id, by_id.id, by="me")
    session.expire_all()
    (queued,) = queue_due_actions(session)
    assert gates.find_closed_gate(session, claim_action(session, queued)) is None


def test_a_merge_that_is_cut_off_leaves_both_as_they_were(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        account, *people = two(session)
        for person in people:
            add_planned(session, account, person)
        ids = [person.id for person in people]

    def cut_off(session: Session, *_: object, **__: object) -> None:
        session.execute(text("select pg_terminate_backend(pg_backend_pid())"))

    for step in ("_move_history", "_merge_rows"):
        with monkeypatch.context() as patch:
            patch.setattr(merging, step, cut_off)
            with pytest.raises(DBAPIError), database.transaction() as session:
                merging.merge_contacts(session, *ids, by="tests")
        with database.transaction() as session:
            assert states(session) == [(ActionState.PLANNED, None)] * 2
            assert session.scalars(select(Contact.forgotten_at)).all() == [None, None]
    with database.transaction() as session:
        assert merging.merge_contacts(session, *ids, by="tests")
        assert not merging.merge_contacts(session, *reversed(ids), by="tests")
        assert states(session) == [(ActionState.PLANNED, None), (ActionState.SKIPPED, Reason.MERGED)]


def test_hits_of_both_are_kept_once(session: Session) -> None:
    account, by_slug, by_id = two(session)
    campaign = session.scalars(
        select(Action.campaign_id).where(Action.id == add_planned(session, account, by_id))
    ).one()
    session.add_all(Hit(campaign_id=campaign, contact_id=each.id, page=1) for each in (by_slug, by_id))
    session.flush()
    learn(session, account)
    assert session.scalars(select(Hit.contact_id)).all() == [by_slug.id]
