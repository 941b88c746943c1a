"""On a site whose pages must be proven nothing is sent before, and the first messages are supervised."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.engine import Database, RowRefusedError
from db.store.actions import account_lease, control, gates, lifecycle, site_gate, unseen_sends
from db.store.actions.claims import Claim
from db.store.people import accounts, holds, site_checks
from db.store.people.accounts import AccountRecord
from db.store.privacy import account_removal, personal_columns
from db.tables import Account, SiteCheck
from tests.builders import (
    SANDBOX,
    a_contact,
    action,
    add_planned,
    an_account,
    database_now,
    needing_checks,
    prove_site,
)
from tests.db.actions.claim_helpers import a_claim
from tests.db.helpers import LEASE, claim_action, queue_due_actions
from worker.errors import Reason
from worker.rules.messages.approval import approval_hash
from worker.rules.model import Kind
from worker.rules.sites.capabilities import CHECK_LASTS, SENDING, Capability, CapabilityVerdict, Verdict

TEXT = "Hi!"


@pytest.fixture(autouse=True)
def real_site(monkeypatch: pytest.MonkeyPatch) -> None:
    needing_checks(monkeypatch, "sandbox")


def waits_for(session: Session, claim: Claim) -> Reason | None:
    found = gates.find_closed_gate(session, claim)
    return found.reason if found else None


def check(
    session: Session, account_id: int, verdict: Verdict, *names: Capability, front_end: str = "ember"
) -> None:
    """Save what another check says about these."""
    now = database_now(session)
    said = [CapabilityVerdict(each, verdict, now, "thread.header", front_end, "en") for each in names]
    site_gate.save_verdicts(session, account_id, said)


def claimed(session: Session, account: AccountRecord, slug: str, *, approved: bool = True) -> Claim:
    """Claim a greeting of somebody, which a person has approved or not."""
    contact = a_contact(session, account, slug)
    action_id = add_planned(session, account, contact, text=TEXT)
    if approved:
        row = action(session, action_id)
        row.needs_approval, row.approved_by = True, "me"
        row.approval = approval_hash(contact.profile_url, TEXT)
        session.flush()
    assert queue_due_actions(session) == [action_id]
    return claim_action(session, action_id)


def sent(session: Session, account: AccountRecord, slug: str) -> Claim:
    claim = claimed(session, account, slug)
    assert lifecycle.write_intent(session, claim)
    assert lifecycle.record_effect(session, claim, status="sent", text=TEXT, screenshot=None)
    session.expire_all()
    return claim


def test_what_changes_something_waits_for_a_check_and_what_only_reads_does_not(session: Session) -> None:
    until = database_now(session) + timedelta(hours=1)
    for kind in (Kind.GREET, Kind.WITHDRAW, Kind.COLLECT):
        closed = gates.find_closed_gate(session, a_claim(session, kind, kind=kind))
        assert closed == (None if kind.reads else gates.ClosedGate(Reason.NOT_CHECKED, until))


@pytest.mark.parametrize("verdict", [Verdict.DRIFT, Verdict.UNKNOWN])
@pytest.mark.parametrize("capability", sorted(SENDING))
def test_without_an_ok_of_each_nothing_is_sent(
    session: Session, capability: Capability, verdict: Verdict
) -> None:
    account = an_account(session)
    prove_site(session, account.id)
    claim = claimed(session, account, "ann")
    assert waits_for(session, claim) is None
    check(session, account.id, verdict, capability)
    assert waits_for(session, claim) is Reason.NOT_CHECKED


def test_a_check_from_long_ago_proves_nothing(session: Session) -> None:
    account = an_account(session)
    prove_site(session, account.id)
    claim = claimed(session, account, "ann")
    session.execute(text("update site_checks set checked_at = now() - :age"), {"age": CHECK_LASTS})
    assert waits_for(session, claim) is Reason.NOT_CHECKED


def test_a_page_that_is_only_read_waits_after_drift(session: Session) -> None:
    page = a_claim(session, kind=Kind.COLLECT)
    check(session, page.account_id, Verdict.UNKNOWN, Capability.SEARCH)
    assert waits_for(session, page) is None
    check(session, page.account_id, Verdict.DRIFT, Capability.SEARCH)
    assert waits_for(session, page) is Reason.NOT_CHECKED


def test_until_one_was_seen_live_only_approved_messages_go_out(session: Session) -> None:
    account = an_account(session)
    prove_site(session, account.id, seen_live=False)
    claim = claimed(session, account, "ann", approved=False)
    assert waits_for(session, claim) is Reason.AWAITING_APPROVAL
    row = action(session, claim.action_id)
    row.needs_approval, row.approval = True, approval_hash(f"{SANDBOX}ann/", TEXT)
    session.flush()
    assert waits_for(session, claim) is None


def test_the_next_message_waits_until_a_person_has_seen_the_first(session: Session) -> None:
    account = an_account(session)
    prove_site(session, account.id, seen_live=False)
    first = sent(session, account, "ann")
    second = claimed(session, account, "bob")
    assert waits_for(session, second) is Reason.AWAITING_FIRST_LOOK
    assert lifecycle.replan_action(
        session, second, reason=Reason.AWAITING_FIRST_LOOK, detail=None, wait=timedelta(hours=1)
    )
    assert queue_due_actions(session) == []
    found = unseen_sends.get_unseen_send(session, account.id)
    assert found is not None
    assert (found.action_id, found.full_name, found.text) == (first.action_id, "Ann", TEXT)
    assert not unseen_sends.accept_send(session, account, second.action_id)
    assert queue_due_actions(session) == []
    assert unseen_sends.accept_send(session, account, first.action_id)
    assert unseen_sends.get_unseen_send(session, account.id) is None
    assert queue_due_actions(session) == [second.action_id]  # woken
    assert waits_for(session, claim_action(session, second.action_id)) is None
    assert {each.seen_live_on for each in site_checks.list_verdicts(session, account.id)} == {
        None, database_now(session).date(),
    }  # fmt: skip


def test_one_that_may_have_been_sent_is_looked_at_before_the_next_and_one_that_was_not_is_not(
    session: Session,
) -> None:
    account = an_account(session)
    prove_site(session, account.id, seen_live=False)
    claim = claimed(session, account, "ann")
    assert site_gate.find_unseen_send(session, account.id) is None
    assert lifecycle.write_intent(session, claim)
    assert site_gate.find_unseen_send(session, account.id) == claim.action_id
    assert (
        site_gate.find_unseen_send(session, account.id, claim.action_id) is None
    )  # it doesn't wait for itself
    lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=timedelta(0))
    assert site_gate.find_unseen_send(session, account.id) == claim.action_id
    session.expire_all()
    assert queue_due_actions(session) == [claim.action_id]
    looking = claim_action(session, claim.action_id)
    assert lifecycle.replan_absent(session, looking, detail="two checks found nothing")
    assert site_gate.find_unseen_send(session, account.id) is None


def test_a_message_to_somebody_who_was_forgotten_holds_nobody_back(session: Session) -> None:
    account = an_account(session)
    prove_site(session, account.id, seen_live=False)
    claim = sent(session, account, "ann")
    assert site_gate.find_unseen_send(session, account.id) == claim.action_id
    personal_columns.erase_contacts(session, [claim.contact_id])
    assert site_gate.find_unseen_send(session, account.id) is None


def test_what_waits_for_something_else_is_not_proposed_for_approval(session: Session) -> None:
    account = an_account(session)
    prove_site(session, account.id, seen_live=False)
    claim = claimed(session, account, "ann", approved=False)
    tomorrow = database_now(session).date() + timedelta(days=1)
    holds.hold_contact(session, claim.contact_id, tomorrow, reason=None, by="me")
    assert waits_for(session, claim) is Reason.ON_HOLD


def test_a_person_who_saw_something_else_stops_sending_until_another_check(session: Session) -> None:
    account = an_account(session)
    prove_site(session, account.id, seen_live=False)
    first = sent(session, account, "ann")
    assert unseen_sends.reject_send(session, account, first.action_id)
    second = claimed(session, account, "bob")
    assert waits_for(session, second) is Reason.NOT_CHECKED
    prove_site(session, account.id, seen_live=False)
    session.execute(text("update site_checks set supervised_since = clock_timestamp()"))  # one transaction
    assert waits_for(session, second) is None  # the first one was answered
    assert site_checks.is_supervised(session, account.id, account.site)


@pytest.mark.parametrize(("verdict", "front_end"), [(Verdict.DRIFT, "ember"), (Verdict.OK, "sdui")])
def test_drift_or_another_front_end_makes_sending_supervised_again(
    session: Session, verdict: Verdict, front_end: str
) -> None:
    account = an_account(session)
    prove_site(session, account.id)
    session.execute(text("update site_checks set supervised_since = now() - interval '1 day'"))
    sent(session, account, "ann")
    claim = claimed(session, account, "bob", approved=False)
    assert waits_for(session, claim) is None
    check(session, account.id, verdict, Capability.COMPOSER, front_end=front_end)
    assert site_checks.is_supervised(session, account.id, account.site)
    assert site_checks.supervised_since(session, account.id) == database_now(session)
    check(session, account.id, Verdict.OK, Capability.COMPOSER, front_end=front_end)
    assert site_checks.is_supervised(session, account.id, account.site)


def test_a_front_end_that_a_check_could_not_tell_stays_known(session: Session) -> None:
    account = an_account(session)
    prove_site(session, account.id)
    now = database_now(session)
    site_gate.save_verdicts(session, account.id, [CapabilityVerdict(Capability.COMPOSER, Verdict.OK, now)])
    (found,) = (v for v in site_checks.list_verdicts(session, account.id) if v.capability == "composer")
    assert (found.front_end, found.language, found.seen_live_on) == ("ember", "en", now.date())


def test_no_row_is_both_drifted_and_seen_live(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        prove_site(session, account.id)
    with pytest.raises(RowRefusedError, match="drift_ends_trust"), database.transaction() as session:
        session.execute(text("update site_checks set verdict = 'drift'"))


def test_a_removed_account_that_comes_back_is_checked_anew(session: Session) -> None:
    account = an_account(session)
    prove_site(session, account.id)
    control.pause_account(session, account.id)
    account_removal.remove_account(session, account)
    assert session.scalars(select(SiteCheck.capability)).all() == []


def test_on_a_site_that_needs_no_check_nothing_waits_for_one(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    claim = a_claim(session)
    assert waits_for(session, claim) is None
    assert not site_checks.is_supervised(session, claim.account_id, claim.site)


def test_while_a_command_has_the_account_no_action_starts(session: Session) -> None:
    account = an_account(session)
    action_id = add_planned(session, account, a_contact(session, account, "ann"))
    until = account_lease.take_account(session, account.id, lease=LEASE)
    assert until is not None
    assert account_lease.take_account(session, account.id, lease=LEASE) is None
    assert queue_due_actions(session) == []
    account_lease.release_account(session, account.id, until + timedelta(seconds=1))  # of somebody else
    assert queue_due_actions(session) == []
    account_lease.release_account(session, account.id, until)
    assert queue_due_actions(session) == [action_id]
    assert account_lease.take_account(session, account.id, lease=LEASE) is None  # a worker has the action


def test_an_account_that_was_stopped_for_a_reason_a_person_can_clear_is_resumed(session: Session) -> None:
    account = an_account(session)
    for reason in Reason:
        accounts.stop_account(session, account.id, reason)
        resumable = reason in {
            Reason.SITE_CHANGED, Reason.LANGUAGE_UNKNOWN, Reason.ENTER_SENDS, Reason.ACCOUNT_HELD,
        }  # fmt: skip
        assert control.resume_account(session, account.id) is resumable
        row = session.get_one(Account, account.id, populate_existing=True)
        assert (row.status, row.stop_reason) == (("active", None) if resumable else ("stopped", reason))
