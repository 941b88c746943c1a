"""Rankings are complete page by page, scores have reasons, and rescoring uses stored data."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import plans
from db.store.campaigns import campaigns, rescoring, search_hits, search_progress, searches
from db.store.people import profiles
from db.tables import Action, Contact, Hit, StoredProfile
from tests.builders import SANDBOX, a_search, an_account, database_now, found
from tests.db.helpers import open_database, wait_for_lock_wait
from worker.rules.model import Kind
from worker.rules.sourcing.criteria import Criteria, Criterion
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.scoring import Score, ScoreReason, score

TODAY = datetime(2026, 11, 24, tzinfo=UTC).date()
PARIS = Criteria(location="Paris")


def worth(points: int) -> Score:
    return Score(points, (ScoreReason(points, Criterion.LOCATION, "location Paris"),))


def profile_of(
    slug: str, *, skills: tuple[str, ...] | None = None, languages: tuple[str, ...] | None = None
) -> Profile:
    head = Profile(f"{SANDBOX}{slug}/", slug.title(), f"{slug} at work", "Paris", 2, open_to_work=True)
    return replace(head, skills=skills, languages=languages)


def names(lines: Iterable[search_hits.HitLine]) -> list[str]:
    return [line.full_name for line in lines]


def test_the_ranking_is_whole_whatever_the_size_of_a_page(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        campaign_id, ids = a_search(session, account, *(found(slug) for slug in "abcdefgh"))
        for contact_id, points in zip(ids, (50, None, 90, 50, 0, None, 50, 100), strict=True):
            if points is not None:
                search_hits.save_score(session, campaign_id, contact_id, worth(points))
        other, _ = a_search(session, account)
        search_hits.save_score(session, other, ids[0], worth(99))
    with database.transaction() as session:
        whole = list(search_hits.iter_ranking(session, campaign_id))
        assert names(whole) == list("HCADGEBF")
        for limit in range(1, 10):
            lines = list(search_hits.list_hits(session, campaign_id, limit=limit))
            while more := search_hits.list_hits(session, campaign_id, limit=limit, after=lines[-1]):
                assert len(more) <= limit
                lines += more
            assert lines == whole
        assert names(search_hits.iter_ranking(session, campaign_id, min_score=50)) == list("HCADG")
        assert names(search_hits.list_hits(session, campaign_id, limit=2, after=whole[1], min_score=50)) == [
            "A",
            "D",
        ]


def test_a_score_is_kept_with_its_reasons_and_is_the_contact_s_newest(database: Database) -> None:
    with database.transaction() as session:
        campaign_id, [ann, bob] = a_search(session, an_account(session), found("ann"), found("bob"))
        search_hits.save_score(session, campaign_id, ann, worth(70))
        search_hits.save_score(session, campaign_id, bob, worth(1))
        search_hits.save_score(session, campaign_id, bob, Score(0, ()))
        search_hits.save_score(session, uuid4(), ann, worth(3))
    with database.transaction() as session:
        best, last = search_hits.list_hits(session, campaign_id, limit=9)
        assert (best.score, best.reasons, best.headline) == (70, worth(70).reasons, "ann at work")
        assert (last.score, last.reasons) == (None, ())
        assert session.scalars(select(Contact.score).order_by(Contact.full_name)).all() == [70, None]
        assert [found.id for found in search_hits.list_campaigns_of_contact(session, ann)] == [campaign_id]


def test_scoring_anew_goes_by_what_is_stored_and_says_what_was_not_read(database: Database) -> None:
    anew = Criteria(skills=("Go",), languages=("fr",), open_to_work=True)
    with database.transaction() as session:
        campaign_id, [ann, bob, cy] = a_search(
            session, an_account(session), found("ann"), found("bob", "Lyon"), found("cy")
        )
        profiles.save_profile(session, ann, profile_of("ann", skills=("Go",), languages=("French",)))
        profiles.save_profile(session, bob, profile_of("bob", skills=("Go", "C")))
        for contact_id in (ann, bob, cy):
            search_hits.save_score(session, campaign_id, contact_id, worth(9))
    with database.transaction() as session:
        came_to = rescoring.rescore_hits(session, campaign_id, anew, TODAY)
    assert came_to == rescoring.RescoreReport(people=3, not_opened=1, unread={Section.LANGUAGES: 1})
    with database.transaction() as session:
        lines = search_hits.list_hits(session, campaign_id, limit=9)
        assert [(line.full_name, line.score, line.is_read) for line in lines] == [
            ("Ann", 100, True), ("Bob", 78, True), ("Cy", 0, False),
        ]  # fmt: skip
        assert [str(reason) for reason in lines[1].reasons] == [
            "+67 skill Go", "0 language French: not read", "+11 open to work",
        ]  # fmt: skip
        assert [str(reason) for reason in lines[2].reasons] == [
            "0 skill Go: not read",
            "0 language French: not read",
            "0 not open to work, as far as the profile says",
        ]
        campaign = campaigns.find_campaign(session, campaign_id)
        assert campaign is not None
        assert Criteria.model_validate(campaign.options["criteria"]) == anew
        assert campaign.options["limit"] == 100
        assert session.scalars(select(Contact.score).order_by(Contact.full_name)).all() == [100, 78, 0]


@pytest.mark.parametrize("block", [1, 2, 3, 500])
def test_blocks_leave_nobody_out(database: Database, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_hits, "BLOCK", block)
    monkeypatch.setattr(rescoring, "BLOCK", block)
    with database.transaction() as session:
        campaign_id, _ = a_search(session, an_account(session), *(found(slug) for slug in "abc"))
        assert rescoring.rescore_hits(session, campaign_id, PARIS, TODAY).people == 3
    with database.transaction() as session:
        assert [line.score for line in search_hits.iter_ranking(session, campaign_id)] == [100, 100, 100]


def test_who_is_read_meanwhile_is_scored_by_the_new_criteria(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        campaign_id, [ann] = a_search(session, an_account(session), found("ann"))

    def read() -> Any:
        with open_database(database_url) as other, other.transaction() as session:
            profiles.save_profile(session, ann, profile_of("ann"))
            [campaign] = search_hits.list_campaigns_of_contact(session, ann)
            return campaign.options["criteria"]["title"]

    readers: list[Future[Any]] = []

    def score_while_somebody_reads(*asked: Any) -> Score:
        readers.append(pool.submit(read))
        wait_for_lock_wait(database, readers[0])
        assert not readers[0].done()
        return score(*asked)

    monkeypatch.setattr(rescoring, "score", score_while_somebody_reads)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            rescoring.rescore_hits(session, campaign_id, Criteria(title="nurse"), TODAY)
        assert [reader.result() for reader in readers] == ["nurse"]


def test_whom_a_page_finds_meanwhile_is_scored_anew_too(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        campaign_id, _ = a_search(session, account, found("ann"))
        other, _ = a_search(session, account)

    def rescore() -> int:
        with open_database(database_url) as other, other.transaction() as session:
            return rescoring.rescore_hits(session, campaign_id, PARIS, TODAY).people

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            assert (
                campaigns.find_campaign(session, campaign_id, lock=True) is not None
            )  # as whoever reads a page
            scoring = pool.submit(rescore)
            wait_for_lock_wait(database, scoring)
            new = searches.save_found_people(session, account.id, [found("new")])
            searches.add_hits(session, campaign_id, list(new), page=2)
        assert scoring.result(60) == 2
    with database.transaction() as session:
        record = campaigns.find_campaign(session, other)
        assert record is not None
        assert record.options["criteria"] == {"location": "Paris"}


def test_others_scores_of_the_same_people_stay(session: Session) -> None:
    account = an_account(session)
    mine, [ann] = a_search(session, account, found("ann"))
    other, _ = a_search(session, account)
    search_hits.save_score(session, other, ann, worth(5))
    rescoring.rescore_hits(session, mine, PARIS, TODAY)
    assert [line.score for line in search_hits.iter_ranking(session, other)] == [5]
    rescoring.rescore_hits(session, uuid4(), PARIS, TODAY)


def test_how_far_a_search_is(session: Session) -> None:
    account = an_account(session)
    campaign_id, [ann, bob] = a_search(session, account, found("ann"), found("bob"))
    profiles.save_profile(session, ann, profile_of("ann"))
    campaign = campaigns.find_campaign(session, campaign_id)
    search = searches.find_search(session, campaign_id)
    assert campaign is not None
    assert search is not None
    drafts = [
        plans.PlannedAction(contact_id, f"search:{campaign_id}", database_now(session).date(), "")
        for contact_id in (ann, bob)
    ]
    plans.insert_plan(session, campaign, Kind.VISIT, drafts)
    assert search_progress.get_visit_progress(session, campaign_id) == search_progress.VisitProgress(
        search, read=1, waiting=2
    )
    session.execute(text("set local session_replication_role = replica"))
    session.execute(update(Action).where(Action.contact_id == ann).values(state="done"))
    assert search_progress.get_visit_progress(session, campaign_id).waiting == 1
    assert search_progress.get_visit_progress(session, uuid4()) == search_progress.VisitProgress(None, 0, 0)


def test_who_is_gone_is_in_no_ranking(session: Session) -> None:
    campaign_id, [ann, _] = a_search(session, an_account(session), found("ann"), found("bob"))
    profiles.save_profile(session, ann, profile_of("ann"))
    session.execute(delete(Contact).where(Contact.id == ann))
    assert names(search_hits.iter_ranking(session, campaign_id)) == ["Bob"]
    assert session.scalars(select(StoredProfile.contact_id)).all() == []
    assert len(session.scalars(select(Hit.contact_id)).all()) == 1
