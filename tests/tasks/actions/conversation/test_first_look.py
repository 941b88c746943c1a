"""The first message on the practice network's pages: approved, sent, proven, and then looked at."""

from pathlib import Path

import pytest
from sqlalchemy import update

from api_stub.sandbox.client import SandboxClient
from db.store.actions import unseen_sends
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Action
from tasks.actions.conversation.first_look import look_at_send
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.tasks.action_helpers import perform_next
from tests.tasks.reply_helpers import ANN
from worker.rules.messages.approval import approval_hash

TEXT = "Happy birthday! All the best."


def test_the_conversation_shows_the_first_message_as_it_was_sent(
    services: Services, account: AccountRecord, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    builders.needing_checks(monkeypatch, "sandbox")
    with services.database.transaction() as session:
        builders.prove_site(session, account.id, seen_live=False)
        contact = builders.a_contact(session, account, ANN)
        action_id = builders.add_planned(session, account, contact, text=TEXT)
    assert perform_next(services) is Outcome.PROPOSED
    with services.database.transaction() as session:
        approved = {
            "state": "planned",
            "approval": approval_hash(f"{SANDBOX}{ANN}/", TEXT),
            "approved_by": "me",
        }
        session.execute(update(Action).values(**approved))
    assert perform_next(services) is Outcome.DONE
    with services.database.transaction() as session:
        send = unseen_sends.get_unseen_send(session, account.id)
        signed_in = accounts.get_account(session, account.id)
    assert send is not None
    assert send.action_id == action_id
    before = len(sandbox.ledger())
    seen = look_at_send(services, signed_in, send)
    assert (seen.text, seen.copies, seen.at is not None) == (TEXT, 1, True)
    assert seen.name
    assert seen.recipient.startswith(SANDBOX)
    assert seen.screenshot is not None
    assert Path(seen.screenshot).stat().st_size > 1000
    assert len(sandbox.ledger()) == before  # it only looked
