"""Reading an inbox: which conversations are opened, what is marked, and what a fault leaves for later."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from db.store.campaigns import campaigns
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Account, Campaign, Contact, Interaction, QuotaCut
from tasks.actions import read_inbox as inbox
from tasks.actions.read_inbox import list_readable_inboxes, read_replies
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.tasks.action_helpers import perform_next, settle_slowly, stopped_for
from tests.tasks.reply_helpers import an_hour_later, read_to
from tests.tasks.scripted_site import ScriptedSite
from worker import clock
from worker.errors import NeverError, Reason, RequestRefusedError, StopAccountError, TryAgainError
from worker.rules.model import InboxLine, Kind, ThreadMessage

ANSWER = "Thank you, how very kind!"
PASSING = TryAgainError(Reason.SITE_UNREACHABLE, "the page went away")


@pytest.fixture
def account(without_pages: Services, scripted: ScriptedSite) -> AccountRecord:
    with without_pages.database.transaction() as session:
        account = builders.an_account(session, site="ledger")
        accounts.save_session(session, account.id, without_pages.vault.seal("{}"))
    return account


def greet(services: Services, account: AccountRecord, *slugs: str, keep: bool = False) -> None:
    """Greet these people for real, ten minutes ago."""
    with services.database.transaction() as session:
        campaign_id = builders.a_campaign(session, account)
        campaign = session.get_one(Campaign, campaign_id)
        campaign.options = {**campaign.options, "keep_replies": keep}
        session.flush()
        for slug in slugs:
            contact = builders.a_contact(session, account, slug)
            builders.add_planned(session, account, contact, campaign_id=campaign_id)
        campaigns.mark_planned(session, campaign_id)
    assert [perform_next(services) for _ in slugs] == [Outcome.DONE] * len(slugs)


def answers(site: ScriptedSite, slug: str, *, minutes: int = 0, text: str = ANSWER) -> None:
    """Let somebody answer so many minutes from now."""
    url = f"{SANDBOX}{slug}/"
    at = datetime.now(UTC) + timedelta(minutes=minutes)  # noqa: TID251 -- after what was just sent
    site.threads[url].append(ThreadMessage(outgoing=False, text=text, at=at))
    site.lines.append(InboxLine(url, at, outgoing=False))


def marked(services: Services) -> dict[str, str | None]:
    """Return whose answer is marked, and its text where that is kept."""
    with services.database.transaction() as session:
        rows = session.execute(
            select(Contact.profile_url, Interaction.reply)
            .join(Contact, Contact.id == Interaction.contact_id)
            .where(Interaction.replied_at.is_not(None))
        ).all()
    return {url.removeprefix(SANDBOX).rstrip("/"): reply for url, reply in rows}


def test_an_answer_is_marked_and_read_only_where_its_campaign_asked_for_the_text(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    greet(without_pages, account, "ann", keep=True)
    greet(without_pages, account, "bob")
    greet(without_pages, account, "silent", keep=True)
    for slug in ("ann", "bob", "stranger"):
        answers(scripted, slug)
    (own,) = scripted.threads[f"{SANDBOX}silent/"]
    assert own.at is not None
    scripted.lines.append(InboxLine(f"{SANDBOX}silent/", own.at, outgoing=True))
    scripted.steps.clear()
    assert read_replies(without_pages, "demo") == 2
    assert marked(without_pages) == {"ann": ANSWER, "bob": None}
    assert scripted.steps == ["inbox", "open", "recipient", "messages", "close"]
    assert read_to(without_pages) == max(line.at for line in scripted.lines)


@pytest.mark.parametrize("step", ["inbox", "open"])
@pytest.mark.parametrize("reason", [Reason.CHALLENGE, Reason.LIMIT_PAGE])
def test_a_page_that_asks_for_a_person_stops_the_account_and_marks_nothing(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, *, step: str, reason: Reason
) -> None:
    greet(without_pages, account, "ann", keep=True)
    answers(scripted, "ann")
    scripted.fail(step, StopAccountError(reason, "the site asks for a person"))
    assert read_replies(without_pages, "demo") == 0
    assert stopped_for(without_pages, account) is reason
    assert marked(without_pages) == {}
    assert read_to(without_pages) is None
    with without_pages.database.transaction() as session:
        cut = session.scalars(select(QuotaCut.kind)).all()
        lease = session.scalars(select(Account.inbox_lease_until)).one()
    assert cut == ([Kind.GREET] if reason is Reason.LIMIT_PAGE else [])
    assert lease is None  # the account's actions go on once a person has looked


def test_a_passing_fault_leaves_all_for_the_next_hour(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    greet(without_pages, account, "ann")
    answers(scripted, "ann")
    scripted.fail("inbox", PASSING)
    assert read_replies(without_pages, "demo") == 0
    assert stopped_for(without_pages, account) is None
    assert read_replies(without_pages, "demo") == 0
    assert scripted.steps.count("inbox") == 1  # at most once an hour
    assert list_readable_inboxes(without_pages) == []
    an_hour_later(without_pages)
    assert list_readable_inboxes(without_pages) == ["demo"]
    assert read_replies(without_pages, "demo") == 1


def test_a_conversation_that_cannot_be_read_now_waits_with_all_after_it(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    greet(without_pages, account, "ann", "bob", keep=True)
    answers(scripted, "bob", minutes=2)
    answers(scripted, "ann", minutes=1)
    scripted.fail("open", PASSING)
    assert read_replies(without_pages, "demo") == 1
    assert marked(without_pages) == {"bob": ANSWER}
    known = read_to(without_pages)
    assert known is not None
    assert known == min(line.at for line in scripted.lines) - timedelta.resolution


@pytest.mark.parametrize("step", ["open", "messages"])
def test_a_reply_counts_where_its_conversation_cannot_be_read_any_more(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, step: str
) -> None:
    greet(without_pages, account, "ann", keep=True)
    answers(scripted, "ann")
    scripted.fail(step, NeverError(Reason.NOT_CONNECTED, "the profile offers to connect"))
    assert read_replies(without_pages, "demo") == 1
    assert marked(without_pages) == {"ann": None}


def test_the_text_of_somebody_elses_conversation_is_not_kept(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    greet(without_pages, account, "ann", keep=True)
    answers(scripted, "ann")
    answers(scripted, "bob", text="Meant for another ear")
    scripted.opens_as[f"{SANDBOX}ann/"] = f"{SANDBOX}bob/"
    assert read_replies(without_pages, "demo") == 1
    assert marked(without_pages) == {"ann": None}


def test_a_dialog_that_stays_open_loses_no_reply(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    greet(without_pages, account, "ann", keep=True)
    answers(scripted, "ann")
    scripted.steps.clear()
    scripted.fail("close", PASSING)
    assert read_replies(without_pages, "demo") == 1
    assert marked(without_pages) == {"ann": ANSWER}


def test_only_so_many_conversations_are_opened_the_oldest_first_and_the_rest_waits(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "MAX_CONVERSATIONS_OPENED", 1)
    greet(without_pages, account, "ann", "bob", "cem", keep=True)
    for minutes, slug in enumerate(["cem", "bob", "ann"]):
        answers(scripted, slug, minutes=minutes)
    scripted.lines.reverse()
    for found in ({"cem"}, {"cem", "bob"}, {"cem", "bob", "ann"}):
        assert read_replies(without_pages, "demo") == 1
        assert set(marked(without_pages)) == found
        an_hour_later(without_pages)


def test_half_of_the_tasks_time_is_for_opening_conversations(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    greet(without_pages, account, "ann", "bob", keep=True)
    for minutes, slug in enumerate(["ann", "bob"]):
        answers(scripted, slug, minutes=minutes)
    most = without_pages.settings.action_time_limit.total_seconds()
    times = count(0, most * 0.4)
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "clock", SimpleNamespace(monotonic_seconds=lambda: next(times)))
        assert read_replies(without_pages, "demo") == 1
    assert set(marked(without_pages)) == {"ann"}


def test_a_reply_behind_what_the_owner_wrote_is_looked_for(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    greet(without_pages, account, "ann", "bob")
    answers(scripted, "ann")
    scripted.lines.clear()
    for slug in ("ann", "bob"):
        at = datetime.now(UTC) + timedelta(minutes=5)  # noqa: TID251 -- after what was just sent
        scripted.lines.append(InboxLine(f"{SANDBOX}{slug}/", at, outgoing=True))
    assert read_replies(without_pages, "demo") == 1
    assert marked(without_pages) == {"ann": None}


def test_an_inbox_of_no_account_is_refused_in_words(without_pages: Services) -> None:
    with pytest.raises(RequestRefusedError, match="nobody"):
        read_replies(without_pages, "nobody")


def test_as_much_is_read_again_as_the_site_may_show_late(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle_slowly(without_pages, timedelta(minutes=3))
    greet(without_pages, account, "ann")
    asked: list[datetime] = []
    really = scripted.inbox

    def inbox_since(since: datetime) -> Sequence[InboxLine]:
        asked.append(since)
        return really(since)

    monkeypatch.setattr(scripted, "inbox", inbox_since)
    answers(scripted, "ann", minutes=60)
    for _ in range(2):
        read_replies(without_pages, "demo")
        an_hour_later(without_pages)
    assert scripted.lines[0].at - asked[-1] == timedelta(minutes=3)


def test_a_line_with_only_a_name_marks_the_only_contact_of_that_name_and_opens_nothing(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    greet(without_pages, account, "ann", "bob")
    with without_pages.database.transaction() as session:
        builders.a_contact(session, account, "another-bob", name="Bob Plain")
        for slug, name in (("ann", "Ann Example"), ("bob", "Bob Plain")):
            contact = session.scalars(select(Contact).where(Contact.profile_url == f"{SANDBOX}{slug}/")).one()
            contact.full_name = name
    at = clock.now() + timedelta(minutes=5)
    for name in ("Ann Example", "Bob Plain", "Somebody Else"):
        scripted.lines.append(InboxLine(None, at, outgoing=False, name=name))
    scripted.steps.clear()
    assert read_replies(without_pages, "demo") == 1
    assert marked(without_pages) == {"ann": None}
    assert scripted.steps == ["inbox"]
