"""The pages of campaigns: lists in pages, pause, resume, cancel, and the ranked results of a search."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api_stub.console.session import Role
from db.engine import Database
from db.store import audit
from db.store.campaigns import campaigns, search_hits
from db.store.people.accounts import AccountRecord
from db.tables import Action, Campaign
from tests.builders import a_campaign, a_contact, a_search, add_planned, found
from tests.console.campaigns import test_start
from tests.console.conftest import Console, with_token
from tests.console.hostile import HOSTILE
from worker.rules.model import CampaignKind, CampaignState
from worker.rules.sourcing.criteria import Criterion
from worker.rules.sourcing.scoring import Score, ScoreReason


def planned_campaign(session: Session, account: AccountRecord, people: int = 2) -> UUID:
    campaign_id = a_campaign(session, account)
    for number in range(people):
        contact = a_contact(session, account, f"p{campaign_id}{number}", name=f"Person {number}")
        add_planned(session, account, contact, campaign_id=campaign_id)
    session.execute(update(Campaign).where(Campaign.id == campaign_id).values(state=CampaignState.PLANNED))
    return campaign_id


def state_of(database: Database, campaign_id: UUID) -> CampaignState:
    with database.transaction() as session:
        campaign = campaigns.find_campaign(session, campaign_id)
    assert campaign is not None
    return campaign.state


def test_an_approver_pauses_and_resumes_and_an_owner_cancels_after_being_asked(
    console: Console, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        campaign_id = planned_campaign(session, account)
    page = f"/campaigns/{campaign_id}"
    approver = console(Role.APPROVER, name="anne")
    for verb, state in (("pause", CampaignState.PAUSED), ("resume", CampaignState.PLANNED)):
        assert approver.post(f"{page}/{verb}", data=with_token()).status_code == 303
        assert state_of(database, campaign_id) is state
    assert approver.post(f"{page}/cancel", data=with_token()).status_code == 403
    owner = console()
    asked = owner.get(f"{page}/cancel")
    assert "2 planned actions would be left out" in asked.text
    assert state_of(database, campaign_id) is CampaignState.PLANNED
    owner.post(f"{page}/cancel", data=with_token())
    assert "2 planned actions are left out" in owner.get(page).text
    assert state_of(database, campaign_id) is CampaignState.CANCELLED
    with database.transaction() as session:
        told = [(each.by, each.change) for each in audit.list_changes(session)]
        states = set(session.scalars(select(Action.state)))
    assert told == [("olga", "campaign.cancel"), ("anne", "campaign.resume"), ("anne", "campaign.pause")]
    assert states == {"skipped"}


def test_a_change_that_the_state_forbids_changes_and_records_nothing(
    console: Console, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        campaign_id = planned_campaign(session, account)
    client = console()
    client.post(f"/campaigns/{campaign_id}/resume", data=with_token())
    assert "Nothing was changed" in client.get(f"/campaigns/{campaign_id}").text
    assert test_start.changes(database) == []


def test_a_viewer_sees_all_of_it_and_changes_nothing(
    console: Console, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        campaign_id = planned_campaign(session, account)
    client = console(Role.VIEWER)
    shown = client.get(f"/campaigns/{campaign_id}").text
    assert "Person 0" in shown
    assert "<form" not in shown
    for verb in ("pause", "resume", "cancel"):
        assert client.post(f"/campaigns/{campaign_id}/{verb}", data=with_token()).status_code == 403


def test_lists_come_in_pages_that_hold_everything_once(
    console: Console, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        ids = [planned_campaign(session, account, people=0) for _ in range(24)]
        large = planned_campaign(session, account, people=60)
        actions = session.scalars(select(Action.id).where(Action.campaign_id == large)).all()
    client = console()
    first = client.get("/campaigns").text
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    both = first + client.get(older).text
    assert [both.count(f'href="/campaigns/{one}"') for one in (*ids, large)] == [1] * 25
    page = client.get(f"/campaigns/{large}").text
    rest = client.get(page.partition('rel="next" href="')[2].partition('"')[0]).text
    assert [(page + rest).count(f'href="/actions/{one}"') for one in actions] == [1] * 60


def test_results_are_ranked_with_reasons_and_in_pages(
    console: Console, database: Database, account: AccountRecord
) -> None:
    people = [found(f"person{number}") for number in range(30)]
    with database.transaction() as session:
        campaign_id, ids = a_search(session, account, *people)
        session.execute(update(Campaign).where(Campaign.id == campaign_id).values(kind=CampaignKind.SOURCING))
        for place, contact_id in enumerate(ids[:28]):
            reason = ScoreReason(90 - place, Criterion.SKILLS, "skill <b>Python</b>")
            search_hits.save_score(session, campaign_id, contact_id, Score(90 - place, (reason,)))
    client = console(Role.VIEWER)
    first = client.get(f"/campaigns/{campaign_id}/results").text
    assert "score 90" in first
    assert "+90 skill &lt;b&gt;Python&lt;/b&gt;" in first
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    both = first + client.get(older).text
    assert [both.count(f'href="/people/{one}"') for one in ids] == [1] * len(ids)
    best = client.get(f"/campaigns/{campaign_id}/results?min_score=88").text
    assert [best.count(f'href="/people/{one}"') for one in ids] == [1] * 3 + [0] * (len(ids) - 3)
    assert "Nobody has this score" in client.get(f"/campaigns/{campaign_id}/results?min_score=99").text
    for broken in ("after=x", "after=1-", "after=none-99999999999999999999"):
        assert client.get(f"/campaigns/{campaign_id}/results?{broken}").status_code == 404


def test_hostile_names_and_texts_are_text(
    console: Console, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        campaign_id = a_campaign(session, account)
        session.execute(
            update(Campaign)
            .where(Campaign.id == campaign_id)
            .values(detail=HOSTILE[0], correlation_id=HOSTILE[3])
        )
        for number, text in enumerate(HOSTILE):
            stored = text.replace("\0", "")
            contact = a_contact(session, account, f"hostile{number}", name=stored)
            add_planned(session, account, contact, campaign_id=campaign_id, text=stored)
    shown = console().get(f"/campaigns/{campaign_id}").text
    for harm in ("<script>document", "<img", "<b onmouseover", "\u202e", "\u2066", "\x1b", "\x85", ">49<"):
        assert harm not in shown
    assert "{{7*7}}" in shown


@pytest.mark.parametrize("path", ["/campaigns/{}", "/campaigns/{}/cancel", "/campaigns/{}/results"])
def test_an_unknown_campaign_is_a_page_that_says_so(console: Console, path: str) -> None:
    assert console().get(path.format(uuid4())).status_code == 404
