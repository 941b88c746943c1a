"""What the plan of a campaign holds: texts, last days, previews and approval."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from db.engine import today_in
from db.store.people.accounts import AccountRecord
from db.tables import Contact
from tasks.campaigns.plan_birthdays import read_birthdays
from tasks.campaigns.plan_invitations import read_invitations
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.tasks.campaign_helpers import campaign_of, planned, start, withdrawals
from tests.tasks.scripted_site import ScriptedSite
from worker.errors import Reason
from worker.rules.model import BirthdayCard, SentInvitation

ANN, BOB = f"{SANDBOX}ann/", f"{SANDBOX}bob/"


@pytest.fixture
def account(without_pages: Services, scripted: ScriptedSite) -> AccountRecord:
    """An account to whose site Ann's birthday is today's, and who has invited Bob forty days ago."""
    with without_pages.database.transaction() as session:
        account = builders.an_account(session, site="ledger")
        today = builders.database_now(session).date()
    scripted.cards = [BirthdayCard(ANN, "Ann Smith", today)]
    scripted.invited = [SentInvitation(BOB, "Bob Brown", today - timedelta(days=40))]
    return account


def test_what_the_page_shows_is_kept_and_planned_with_its_last_day(
    without_pages: Services, account: AccountRecord
) -> None:
    read_birthdays(without_pages, start(without_pages, late_days=2))
    (action,) = planned(without_pages)
    with without_pages.database.transaction() as session:
        today = builders.database_now(session).date()
        ann = session.scalars(select(Contact)).one()
    assert (ann.profile_url, ann.birth_month, ann.birth_day) == (ANN, today.month, today.day)
    assert (action.state, action.needs_approval) == ("planned", False)
    assert (action.occasion, action.occasion_on, action.worded_for) == (
        f"birthday:{today.year}",
        today,
        today,
    )
    assert action.expires_on == today + timedelta(days=2)
    assert "Ann" in action.message


def test_with_approval_what_is_planned_waits_for_a_person(
    without_pages: Services, account: AccountRecord
) -> None:
    read_birthdays(without_pages, start(without_pages, approval=True))
    (action,) = planned(without_pages)
    assert (action.state, action.needs_approval) == ("proposed", True)


def test_a_dry_run_says_whom_when_and_whom_not_and_plans_nothing(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    scripted.cards.append(BirthdayCard(BOB, "Bob Brown", scripted.cards[0].on))
    with without_pages.database.transaction() as session:
        builders.a_contact(session, account, "bob", name="Bob Brown").do_not_contact = True
    campaign_id = start(without_pages, dry_run=True)
    read_birthdays(without_pages, campaign_id)
    preview = campaign_of(without_pages, campaign_id).preview
    assert preview is not None
    ann, bob = sorted(preview, key=lambda line: line["contact"])
    assert (ann["contact"], ann["left_out"], bool(ann["message"])) == ("Ann Smith", "", True)
    assert (bob["left_out"], bob["message"], bob["when"]) == (Reason.DO_NOT_CONTACT, "", "")
    assert planned(without_pages) == []
    read_birthdays(without_pages, start(without_pages))
    again = start(without_pages, dry_run=True)
    read_birthdays(without_pages, again)
    preview = campaign_of(without_pages, again).preview
    assert preview is not None
    assert sorted(line["already"] for line in preview) == ["planned", "skipped"]


def test_old_invitations_are_planned_and_a_dry_run_plans_none(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    today = scripted.cards[0].on
    scripted.invited.insert(0, SentInvitation(ANN, "Ann Smith", today))
    dry = withdrawals(without_pages, dry_run=True)
    read_invitations(without_pages, dry)
    assert planned(without_pages) == []
    preview = campaign_of(without_pages, dry).preview
    assert preview is not None
    assert [(line["contact"], line["verdict"], line["days"]) for line in preview] == [
        ("Bob Brown", "withdraw", "40"), ("Ann Smith", "too_young", "0"),
    ]  # fmt: skip
    read_invitations(without_pages, withdrawals(without_pages))
    (action,) = planned(without_pages)
    week = today.isocalendar()
    assert (action.kind, action.occasion) == ("withdraw", f"withdraw:{week.year}-W{week.week:02}")
    assert action.occasion_on == today - timedelta(days=40)


def test_today_is_the_day_of_the_accounts_zone(without_pages: Services) -> None:
    with without_pages.database.transaction() as session:
        first, last = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")  # 25 hours apart
        now = builders.database_now(session)
        assert today_in(session, first) == now.astimezone(first).date() > today_in(session, last)


def test_a_late_greeting_expires_by_its_birthday(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    yesterday = scripted.cards[0].on - timedelta(days=1)
    scripted.cards = [BirthdayCard(ANN, "Ann Smith", yesterday)]
    read_birthdays(without_pages, start(without_pages, late_days=2))
    (action,) = planned(without_pages)
    assert (action.occasion_on, action.expires_on) == (yesterday, yesterday + timedelta(days=2))
