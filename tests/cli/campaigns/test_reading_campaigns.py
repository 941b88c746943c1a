"""`rapport campaign visitor` and `sourcing`, with the tasks in this process where a worker would be."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from api_stub.cli.campaigns import follow_search
from api_stub.client import TaskClient
from db.engine import Database
from db.store.actions import plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns, saved_searches, searches
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people import accounts, profiles
from db.tables import Action, Hit
from tasks.campaigns.start import start_campaign
from tasks.contract import SourcingCampaign, SourcingOptions, VisitorCampaign, VisitorOptions
from tests.builders import SANDBOX, TEN, a_contact, an_account, database_now
from tests.cli.conftest import Rapport
from worker import logs
from worker.rules.model import ActionState, Kind, SearchEnd
from worker.rules.sourcing.criteria import Criteria
from worker.rules.sourcing.profile import Profile
from worker.rules.sourcing.search import SearchQuery

SEARCH = "https://sandbox.test/search/people/?keywords=python&location=Paris&page=3"
QUERY = SearchQuery((("keywords", "python"), ("location", "Paris")))

Asked = list[VisitorCampaign | SourcingCampaign]


@pytest.fixture
def account(database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
        an_account(session, "real", site="linkedin", limits=TEN)


@pytest.fixture
def worker(database: Database, monkeypatch: pytest.MonkeyPatch, account: None) -> Asked:
    """Whoever is asked plans at once; returns what was asked for."""
    asked: Asked = []

    def send(_: TaskClient, task: str, payload: VisitorCampaign | SourcingCampaign, **__: Any) -> str:
        asked.append(payload)
        assert payload.campaign_id is not None
        with database.transaction() as session, logs.bound(correlation_id="test"):
            if isinstance(payload, VisitorCampaign):
                assert task == "tasks.visitor.campaign"
                to_visit = VisitorOptions.model_validate(
                    payload.model_dump(include=set(VisitorOptions.model_fields))
                )
                start_campaign(
                    session, account=payload.account, campaign_id=payload.campaign_id, options=to_visit
                )
            else:
                assert task == "tasks.sourcing.campaign"
                to_find = SourcingOptions.model_validate(
                    payload.model_dump(include=set(SourcingOptions.model_fields))
                )
                start_campaign(
                    session, account=payload.account, campaign_id=payload.campaign_id, options=to_find
                )
        return "id"

    monkeypatch.setattr(TaskClient, "send", send)
    return asked


def a_file(folder: Path, name: str, content: object) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def save_a_search(database: Database, name: str = "pythonists", criteria: Criteria | None = None) -> None:
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        saved_searches.save_search(session, account.id, name, SearchSpec(QUERY, criteria or Criteria()))


def test_a_list_is_visited_in_turn_and_each_profile_once(
    rapport: Rapport, worker: Asked, tmp_path: Path
) -> None:
    lines = (
        "# from a fair\nhttp://localhost:8123/in/Ann\n\nsandbox.test/in/bob/ # twice:\nsandbox.test/in/bob\n"
    )
    said = rapport("campaign", "visitor", "demo", "--profiles", a_file(tmp_path, "list.txt", lines))
    (asked,) = worker
    assert isinstance(asked, VisitorCampaign)
    assert asked.profiles == (f"{SANDBOX}ann/", f"{SANDBOX}bob/")
    assert (asked.limit, asked.no_repeat_days, asked.dry_run) == (100, 30, False)
    assert said.count("about ") == 2
    assert "rapport why demo" in said


def test_more_than_a_day_allows_comes_on_the_following_days(
    rapport: Rapport, worker: Asked, tmp_path: Path, database: Database
) -> None:
    addresses = "\n".join(f"{SANDBOX}p{number:03}/" for number in range(90))
    said = rapport("campaign", "visitor", "demo", "--profiles", a_file(tmp_path, "list.txt", addresses))
    with database.transaction() as session:
        today = database_now(session).date()
    days = sorted(
        {word for word in said.split() if word[:4] == str(today.year) or word[:4] == str(today.year + 1)}
    )
    told = [datetime.fromisoformat(day).date() for day in days if len(day) == 10]
    assert len(told) >= 3  # 40 a day
    assert told[-1] - told[0] >= timedelta(days=2)


def test_lines_that_are_no_profile_of_the_site_are_told_by_number(
    rapport: Rapport, worker: Asked, tmp_path: Path
) -> None:
    given = a_file(tmp_path, "list.txt", f"{SANDBOX}ann/\nhttps://evil.test/in/bob/\n# fine\nnobody\n")
    refused = rapport.refused("campaign", "visitor", "demo", "--profiles", given)
    assert "line 2: 'https://evil.test/in/bob/'" in refused
    assert "line 4: 'nobody'" in refused
    assert "line 1" not in refused
    empty = a_file(tmp_path, "empty.txt", "# nobody\n")
    assert "no profile address in it" in rapport.refused("campaign", "visitor", "demo", "--profiles", empty)
    assert "can't be read" in rapport.refused("campaign", "visitor", "demo", "--profiles", f"{empty}.x")
    assert worker == []


def test_a_dry_run_says_who_would_be_visited_and_who_not(
    rapport: Rapport, worker: Asked, tmp_path: Path, database: Database
) -> None:
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        a_contact(session, account, "eve").do_not_contact = True
    given = a_file(tmp_path, "list.txt", f"{SANDBOX}ann/\n{SANDBOX}eve/\n")
    said = rapport("campaign", "visitor", "demo", "--profiles", given, "--dry-run")
    (ann,) = [line for line in said.splitlines() if f"{SANDBOX}ann/" in line]
    (eve,) = [line for line in said.splitlines() if f"{SANDBOX}eve/" in line]
    assert "about 20" in ann
    assert "about" not in eve
    assert "not to be" in eve
    assert "nothing was planned or opened" in said
    assert rapport("actions", "list").startswith("no actions")


def test_nobody_to_visit_is_said_to_be_so(rapport: Rapport, worker: Asked) -> None:
    assert "nobody is to be visited" in rapport("campaign", "visitor", "demo", "--not-seen-months", "6")


def test_a_visitor_campaign_of_a_saved_search_says_what_is_searched(
    rapport: Rapport, worker: Asked, database: Database
) -> None:
    save_a_search(database)
    said = rapport("campaign", "visitor", "demo", "--saved", "pythonists", "--limit", "25")
    assert "keywords python, location Paris" in said
    assert "up to 3, the last about" in said
    assert "scored" not in said


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ((), "exactly one of saved_search, profiles and not_seen_months"),
        (("--saved", "a", "--not-seen-months", "3"), "exactly one of"),
        (("--saved", "nothing-like-it"), "saved_search: account demo has no search 'nothing-like-it'"),
        (("--saved", "No Name"), "saved_search: "),
        (("--not-seen-months", "61"), "not_seen_months: "),
        (("--not-seen-months", "3", "--limit", "1001"), "limit: "),
        (("--not-seen-months", "3", "--no-repeat-days", "6"), "no_repeat_days: "),
    ],
)
def test_what_cannot_be_visited_is_refused_before_anybody_is_asked(
    rapport: Rapport, worker: Asked, given: Sequence[str], refusal: str
) -> None:
    assert refusal in rapport.refused("campaign", "visitor", "demo", *given)
    assert worker == []


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
        ("https://evil.test/search/people/?keywords=a", "url: this is no address on sandbox"),
        ("https://sandbox.test@evil.test/search/people/?keywords=a", "url: "),
        ("file:///search/people/?keywords=a", "url: "),
        ("https://sandbox.test/logout?keywords=a", "url: this is no people search"),
        ("https://sandbox.test/search/people/?next=https://evil.test", "url: 'next' is not known"),
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
        ((), "nobody to look for"),
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
        ("{,}", "criteria.json: this is no JSON: line 1: "),
        ([1], "criteria.json: an object is wanted"),
    ],
)
def test_bad_criteria_are_refused_by_field(
    rapport: Rapport, worker: Asked, tmp_path: Path, content: object, refusal: str
) -> None:
    given = a_file(tmp_path, "criteria.json", content)
    refused = rapport.refused("campaign", "sourcing", "demo", "--url", SEARCH, "--criteria", given)
    assert refused.startswith(refusal)
    assert worker == []


@pytest.mark.parametrize(
    "given",
    [
        ("birthday", "real"),
        ("birthday", "real", "--no-read-site"),
        ("birthday", "real", "--dry-run"),
        ("visitor", "real", "--not-seen-months", "3"),
        ("sourcing", "real", "--url", "https://www.linkedin.com/search/results/people/?keywords=a"),
    ],
)
def test_pages_of_a_site_without_an_adapter_are_refused_before_anybody_is_asked(
    rapport: Rapport, worker: Asked, given: Sequence[str]
) -> None:
    assert "no adapter for linkedin ships" in rapport.refused("campaign", *given)
    assert worker == []


def test_a_dry_run_that_reads_nothing_is_possible_there(rapport: Rapport, worker: Asked) -> None:
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
    assert "pages read: 1, people found: 1; it ended, the site has no further page; at most 100" in said
    assert "1 read, 0 to come" in said
    assert "1; the best 70, the mean 70" in said
    assert "has nothing left; next: rapport sourcing results" in said


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
    assert "it goes on" in said
    assert "cancelled" not in rapport("campaign", "list")
