"""`rapport campaign sourcing`, with the tasks in this process in place of a worker."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from api_stub.cli.campaigns import follow_search
from db.engine import Database
from db.store.actions import plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns, searches
from db.store.people import accounts, profiles
from db.tables import Action, Hit
from tasks.contract import SourcingCampaign
from tests.builders import SANDBOX, a_contact, database_now
from tests.cli.campaigns.requests import SEARCH, Asked, a_file, save_a_search
from tests.cli.conftest import Rapport
from worker.rules.model import ActionState, Kind, SearchEnd
from worker.rules.sourcing.criteria import Criteria
from worker.rules.sourcing.profile import Profile


def test_a_search_shows_what_is_searched_scored_and_read_and_how_long_it_takes(
    rapport: Rapport, worker: Asked, tmp_path: Path
) -> None:
    criteria = {"skills": ["Python"], "title": "Engineer", "min_years": 3, "required": ["title"]}
    given = a_file(tmp_path, "criteria.json", criteria)
    said = rapport("campaign", "sourcing", "demo", "--url", SEARCH, "--criteria", given, "--limit", "400")
    (asked,) = worker
    assert isinstance(asked, SourcingCampaign)
    assert asked.criteria.skills == ("Python",)
    assert (asked.url, asked.limit, asked.stop_after) == (SEARCH, 400, 3)
    assert "https://sandbox.test/search/people/?keywords=python&location=Paris" in said
    assert "+31 title: Engineer (required)" in said
    assert "+46 skills: Python" in said
    assert "+23 years: at least 3" in said
    assert "the head, positions, skills" in said
    assert "up to 40, the last about" in said
    assert "40 a day and 200 in 7 days are allowed now" in said
    days = int(said.split("about ")[-1].split()[0])
    assert 10 <= days <= 16  # 400 profiles at 200 in 7 days, 40 a day; the clocks are the machine's own
    assert "nothing else uses the quota" in said


def test_criteria_alone_are_a_search(rapport: Rapport, worker: Asked, tmp_path: Path) -> None:
    given = a_file(tmp_path, "criteria.json", {"keywords": ["rust"], "location": "Oslo"})
    said = rapport("campaign", "sourcing", "demo", "--criteria", given, "--dry-run")
    assert "keywords rust, location Oslo" in said
    assert "nothing was planned or opened" in said


def test_a_saved_search_brings_its_criteria_and_given_ones_win(
    rapport: Rapport, worker: Asked, database: Database, tmp_path: Path
) -> None:
    save_a_search(database, criteria=Criteria(title="Engineer"))
    assert "+100 title: Engineer" in rapport("campaign", "sourcing", "demo", "--saved", "pythonists")
    given = a_file(tmp_path, "criteria.json", {"company": "Acme"})
    said = rapport("campaign", "sourcing", "demo", "--saved", "pythonists", "--criteria", given)
    assert "+100 company: Acme" in said
    assert "title" not in said


@pytest.mark.parametrize(
    ("url", "refusal"),
    [
        ("https://evil.test/search/people/?keywords=a", "url: this isn't an address on sandbox"),
        ("https://sandbox.test@evil.test/search/people/?keywords=a", "url: "),
        ("file:///search/people/?keywords=a", "url: "),
        ("https://sandbox.test/logout?keywords=a", "url: this isn't a people search"),
        ("https://sandbox.test/search/people/?next=https://evil.test", "url: 'next' is unknown"),
    ],
)
def test_a_search_of_another_host_is_refused_before_anybody_is_asked(
    rapport: Rapport, worker: Asked, url: str, refusal: str
) -> None:
    assert rapport.refused("campaign", "sourcing", "demo", "--url", url).startswith(refusal)
    assert worker == []


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ((), "nothing to search for"),
        (("--url", SEARCH, "--saved", "a"), "give a url or a saved_search, not both"),
        (("--saved", "nothing-like-it"), "has no search 'nothing-like-it'"),
        (("--url", SEARCH, "--limit", "100000"), "limit: "),
        (("--url", SEARCH, "--stop-after", "0"), "stop_after: "),
        (("--url", SEARCH, "--dry-run", "--follow"), "nothing to follow"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anybody_is_asked(
    rapport: Rapport, worker: Asked, given: Sequence[str], refusal: str
) -> None:
    assert refusal in rapport.refused("campaign", "sourcing", "demo", *given)
    assert worker == []


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        ({"skils": ["Python"]}, "criteria.json: skils: Extra inputs are not permitted"),
        ({"skills": ["x" * 101]}, "criteria.json: skills.0: "),
        ({"min_years": -1}, "criteria.json: min_years: "),
        ({"model": 1}, "criteria.json: model: Extra inputs"),
        ("{,}", "criteria.json: this isn't valid JSON: line 1: "),
        ([1], "criteria.json: it must be an object"),
    ],
)
def test_bad_criteria_are_refused_by_field(
    rapport: Rapport, worker: Asked, tmp_path: Path, content: object, refusal: str
) -> None:
    given = a_file(tmp_path, "criteria.json", content)
    refused = rapport.refused("campaign", "sourcing", "demo", "--url", SEARCH, "--criteria", given)
    assert refused.startswith(refusal)
    assert worker == []


def test_a_search_of_a_country_s_host_is_understood(rapport: Rapport, worker: Asked) -> None:
    url = "https://fr.linkedin.com/search/results/people/?keywords=chef&origin=x"
    assert "keywords chef" in rapport("campaign", "sourcing", "real", "--url", url, "--dry-run")


def test_following_shows_how_far_it_is_until_nothing_is_left(
    rapport: Rapport, worker: Asked, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([_one_found, _read_and_over])

    def go_on(_: float) -> None:
        with database.transaction() as session:
            next(looks)(session)

    monkeypatch.setattr(follow_search, "sleep", go_on)
    said = rapport("campaign", "sourcing", "demo", "--url", SEARCH, "--follow")
    assert "pages read: 1, people found: 1; it ended at the site's last page; at most 100" in said
    assert "1 read, 0 waiting" in said
    assert "1; the best 70, the mean 70" in said
    assert "has nothing left to do; next: `rapport sourcing results" in said


def _one_found(session: Any) -> None:
    account = accounts.find_account(session, "demo")
    assert account is not None
    campaign_id = session.scalars(text("select id from campaigns")).one()
    campaign, search = (
        campaigns.find_campaign(session, campaign_id),
        searches.find_search(session, campaign_id),
    )
    assert campaign is not None
    assert search is not None
    ann = a_contact(session, account, "ann")
    session.add(Hit(campaign_id=campaign_id, contact_id=ann.id, page=1))
    draft = PlannedAction(ann.id, f"search:{campaign_id}", database_now(session).date(), "")
    plans.insert_plan(session, campaign, Kind.VISIT, [draft])
    session.execute(
        text("update searches set pages = 1, found = 1, ended = :ended"), {"ended": SearchEnd.NO_MORE_PAGES}
    )


def _read_and_over(session: Any) -> None:
    (hit,) = session.scalars(select(Hit))
    profiles.save_profile(
        session, hit.contact_id, Profile(f"{SANDBOX}ann/", "Ann", "", "", 2, open_to_work=False)
    )
    session.execute(text("set local session_replication_role = replica"))
    session.execute(update(Action).values(state=ActionState.DONE))
    reasons = [{"points": 70, "criterion": "skills", "text": "skill Python"}]
    session.execute(update(Hit).values(score=70, reasons=reasons))


def test_ctrl_c_only_stops_watching(
    rapport: Rapport, worker: Asked, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(follow_search, "sleep", interrupted)
    said = rapport("campaign", "sourcing", "demo", "--url", SEARCH, "--follow")
    assert "it continues" in said
    assert "cancelled" not in rapport("campaign", "list")
