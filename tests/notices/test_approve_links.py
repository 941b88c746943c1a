"""A digest that is sent holds links to approve with, once there is a public address."""

import json
import re

import pytest

from db.engine import Database
from db.store.actions.review import approval_links
from db.store.actions.review.approval_links import LinkState
from db.store.actions.review.proposals import list_proposals
from db.store.notices import deliveries, targets
from db.store.notices.deliveries import MessageClaim
from db.store.notices.outbox import record_event
from tasks.notices.sending import Sender
from tests.builders import a_contact, add_proposed, an_account, database_now
from tests.notices.conftest import AddTarget
from tests.notices.receivers import Receiver
from worker.rules.notices.kinds import NoticeKind

PUBLIC = "https://example.org/rapport"


@pytest.fixture
def claim(database: Database, receiver: Receiver, add: AddTarget) -> MessageClaim:
    """The digest of a morning on which two greetings wait."""
    add(receiver.url, name="hook")
    with database.transaction() as session:
        account = an_account(session)
        for slug in ("ann", "bob"):
            add_proposed(session, account, a_contact(session, account, slug))
        today = database_now(session).date()
        payload = {"account": account.name, "on": today.isoformat()}
        record_event(session, NoticeKind.MORNING_DIGEST, key="1", account_id=account.id, payload=payload)
    with database.transaction() as session:
        deliveries.dispatch_events(session)
        claimed = deliveries.claim_message(session, targets.get_target(session, "hook").id)
    assert claimed is not None
    return claimed


@pytest.mark.parametrize("public_url", [PUBLIC, None])
def test_each_greeting_that_waits_and_all_of_them_have_a_link(
    database: Database, notice_sender: Sender, receiver: Receiver, claim: MessageClaim, public_url: str | None
) -> None:
    notice_sender._public_url = public_url
    assert notice_sender.send(claim).failure is None
    (posted,) = receiver.posted
    tokens = re.findall(rf"{PUBLIC}/approve/([\w-]+)", json.loads(posted.body)["text"])
    with database.transaction() as session:
        links = [approval_links.find_link(session, token) for token in tokens]
        stored = approval_links.list_links(session)
    if public_url is None:
        assert tokens == stored == []
        return
    assert [link and (link.target, link.state) for link in links] == [("hook", LinkState.OPEN)] * 3
    assert sorted(len(link.seen) for link in stored) == [1, 1, 2]
    with database.transaction() as session:
        waiting = {each.id for each in list_proposals(session, limit=10)}
    assert {action_id for link in stored for action_id in link.seen} == waiting


def test_a_target_that_is_removed_while_a_digest_is_sent_gets_no_link_that_opens(
    database: Database, notice_sender: Sender, claim: MessageClaim
) -> None:
    with database.transaction() as session:
        targets.remove_target(session, claim.target_id)
    notice_sender._public_url = PUBLIC
    notice_sender.send(claim)
    with database.transaction() as session:
        assert approval_links.list_links(session) == []
