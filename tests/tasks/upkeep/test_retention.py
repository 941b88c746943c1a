"""What is older than its account keeps it goes; whoever is held by something stays."""

import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.campaigns import searches
from db.store.imports import runs
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Campaign, Contact, Hit, Interaction, StoredProfile, Tombstone
from tasks.services import Services
from tasks.upkeep.evidence import delete_day_folders, delete_unfinished_files
from tasks.upkeep.purge_accounts import purge_all_accounts
from tasks.upkeep.retention import PurgeReport, find_stale, purge_stale
from tests.builders import SANDBOX, a_campaign, a_contact, add_planned, an_account, contact_by_slug
from worker import clock
from worker.rules.model import ContactStatus, FoundPerson, ImportSource, Kind
from worker.rules.screenshot_names import screenshot_name

KEEP = timedelta(days=30)
OLD = timedelta(days=31)


def a_prospect(session: Session, account: AccountRecord, slug: str, *, age: timedelta = OLD) -> Contact:
    contact = a_contact(session, account, slug)
    contact.status = ContactStatus.PROSPECT
    contact.created_at = func.now() - age
    session.flush()
    return contact


def a_hit(session: Session, campaign_id: UUID, contact: Contact, *, age: timedelta = OLD) -> None:
    at = func.now() - age
    hit = Hit(campaign_id=campaign_id, contact_id=contact.id, page=1, score=7, reasons=[{"why": "skill"}])
    hit.found_at = hit.scored_at = at
    session.add(hit)
    session.flush()


def a_profile(session: Session, contact: Contact, *, age: timedelta = OLD) -> None:
    session.add(StoredProfile(contact_id=contact.id, profile={"about": "bees"}, read_at=func.now() - age))
    session.flush()


def interaction(session: Session, contact: Contact, *, age: timedelta = OLD) -> None:
    session.add(
        Interaction(
            account_id=contact.account_id, contact_id=contact.id, source_key=f"x:{contact.id}",
            type=Kind.VISIT, status="imported", occasion="visit:x", message="a private text",
            correlation_id="x", created_at=func.now() - age,
        )
    )  # fmt: skip
    session.flush()


def purged(
    database: Database, account: AccountRecord, folder: Path, *, most: int | None = None
) -> PurgeReport:
    return purge_stale(database, folder, account.id, find_stale(database, account.id, KEEP), most=most)


def left(database: Database) -> list[str]:
    with database.transaction() as session:
        found = (
            select(Contact.profile_url).where(Contact.forgotten_at.is_(None)).order_by(Contact.profile_url)
        )
        return [url.removeprefix(SANDBOX).rstrip("/") for url in session.scalars(found)]


HELD: dict[str, Callable[[Session, AccountRecord, Contact], object]] = {
    "connected": lambda s, a, c: s.execute(update(Contact).values(status=ContactStatus.CONNECTED)),
    "excluded": lambda s, a, c: s.execute(update(Contact).values(do_not_contact=True)),
    "new": lambda s, a, c: s.execute(update(Contact).values(created_at=func.now())),
    "answered": lambda s, a, c: s.execute(update(Contact).values(replied_at=func.now())),
    "greeted": lambda s, a, c: s.execute(update(Contact).values(last_greeted_on=func.current_date())),
    "planned": add_planned,
    "visited": lambda s, a, c: interaction(s, c, age=timedelta(days=29)),
    "read": lambda s, a, c: a_profile(s, c, age=timedelta(days=29)),
    "found": lambda s, a, c: a_hit(s, a_campaign(s, a), c, age=timedelta(days=29)),
}


@pytest.mark.parametrize("why", HELD)
def test_whoever_something_holds_stays(database: Database, tmp_path: Path, why: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        HELD[why](session, account, a_prospect(session, account, "ann"))
    assert purged(database, account, tmp_path).people == 0
    assert left(database) == ["ann"]


def test_whom_nothing_holds_goes_and_what_was_done_stays_in_the_ledger(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        a_hit(session, a_campaign(session, account), a_prospect(session, account, "found"))
        visited = a_prospect(session, account, "visited")
        visited.status = ContactStatus.NOT_CONNECTED
        interaction(session, visited)
        a_profile(session, visited)
        a_prospect(session, other, "theirs")
        day = tmp_path / "2026-11-24"
        day.mkdir()
        shots = [day / screenshot_name(a.id, f"{SANDBOX}visited/", Kind.VISIT, 1) for a in (account, other)]
        for shot in shots:
            shot.touch()
    assert purged(database, account, tmp_path) == PurgeReport(2, 0, 0, 0, 1, waits=False)
    assert left(database) == ["theirs"]
    assert [shot.exists() for shot in shots] == [False, True]
    with database.transaction() as session:
        assert session.scalars(select(Interaction.message)).all() == [""]
        assert session.scalars(select(Contact.full_name).where(Contact.forgotten_at.is_not(None))).all() == [
            "(forgotten)"
        ]
        assert not session.scalars(select(Tombstone)).all()
        found = FoundPerson(f"{SANDBOX}visited/", "V", "", "", 2, open_to_work=False)
        assert len(searches.save_found_people(session, account.id, [found])) == 1
    assert purged(database, account, tmp_path) == PurgeReport(0, 0, 0, 0, 0, waits=False)


def test_old_profiles_scores_and_lists_go_also_of_connections(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        campaign_id, fresh_id = a_campaign(session, account), a_campaign(session, account)
        for slug, age in (("old", OLD), ("fresh", timedelta(days=1))):
            contact = a_contact(session, account, slug)
            a_profile(session, contact, age=age)
            a_hit(session, campaign_id, contact, age=age)
        for each, age in ((campaign_id, OLD), (fresh_id, timedelta(days=1))):
            campaign = session.get_one(Campaign, each)
            campaign.state, campaign.created_at = "planned", func.now() - age
            campaign.preview, campaign.options = [{"contact": "X"}], {"profiles": ["x"], "limit": 1}
    assert purged(database, account, tmp_path) == PurgeReport(0, 1, 1, 1, 0, waits=False)
    assert left(database) == ["fresh", "old"]
    with database.transaction() as session:
        fresh = contact_by_slug(session, account, "fresh").id
        assert session.scalars(select(StoredProfile.contact_id)).all() == [fresh]
        assert session.scalars(select(Hit.contact_id).where(Hit.score.is_not(None))).all() == [fresh]
        old = session.get_one(Campaign, campaign_id)
        assert (old.preview, old.options) == ([], {"profiles": ["(forgotten)"], "limit": 1})
        assert session.get_one(Campaign, fresh_id).options["profiles"] == ["x"]
    assert not any(
        (purged(database, account, tmp_path).profiles, purged(database, account, tmp_path).campaigns)
    )


def test_blocks_are_small_and_what_was_not_reached_is_next_time(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.upkeep.retention.BLOCK", 2)
    with database.transaction() as session:
        account = an_account(session)
        for number in range(7):
            a_prospect(session, account, f"p{number}")
    told: list[int] = []
    found = find_stale(database, account.id, KEEP)
    assert purge_stale(database, tmp_path, account.id, found, most=5, progress=told.append).people == 5
    assert told == [2, 2, 1]
    assert len(left(database)) == 2
    assert purged(database, account, tmp_path).people == 2


def test_what_is_planned_after_it_was_found_stays(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann = a_prospect(session, account, "ann")
        a_prospect(session, account, "bob")
    found = find_stale(database, account.id, KEEP)
    assert len(found.people) == 2
    with database.transaction() as session:
        add_planned(session, account, ann)
    assert purge_stale(database, tmp_path, account.id, found).people == 1
    assert left(database) == ["ann"]


def test_people_wait_while_an_import_is_under_way(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        a_prospect(session, account, "ann")
    with database.transaction() as session:
        runs.begin_import(session, account_id=account.id, source=ImportSource.CSV, file_name="x", by="x")
        assert purged(database, account, tmp_path).waits
    assert left(database) == ["ann"]


def test_upkeep_purges_the_accounts_that_say_how_long(without_pages: Services) -> None:
    database = without_pages.database
    with database.transaction() as session:
        account, for_ever = an_account(session), an_account(session, "for-ever")
        a_prospect(session, account, "ann")
        a_prospect(session, for_ever, "bob")
        accounts.set_keep_days(session, account.id, 30)
    purge_all_accounts(without_pages)
    assert left(database) == ["bob"]


def test_upkeep_purges_so_many_people_at_once(
    without_pages: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.upkeep.purge_accounts.PURGED_AT_ONCE", 2)
    with without_pages.database.transaction() as session:
        account = an_account(session)
        for slug in ("ann", "bob", "cem"):
            a_prospect(session, account, slug)
        accounts.set_keep_days(session, account.id, 30)
    purge_all_accounts(without_pages)
    assert len(left(without_pages.database)) == 1


def test_all_blocks_of_old_profiles_go(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.store.privacy.retention.BLOCK", 1)
    with database.transaction() as session:
        account = an_account(session)
        for slug in ("ann", "bob"):
            a_profile(session, a_contact(session, account, slug))
    assert purged(database, account, tmp_path).profiles == 2


def test_pictures_are_kept_for_so_many_days(tmp_path: Path) -> None:
    for day in ("2026-05-02", "2026-05-03", "2026-05-10"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "1-ann-greet-1.png").touch()
    assert delete_day_folders(tmp_path, today=date(2026, 5, 10), days=7) == 1
    assert sorted(day.name for day in tmp_path.iterdir()) == ["2026-05-03", "2026-05-10"]


def test_a_file_that_a_killed_worker_was_writing_is_deleted_after_an_hour(tmp_path: Path) -> None:
    day = tmp_path / "2026-05-10"
    day.mkdir()
    old, new = day / ".rapport-export-1.part", day / ".rapport-export-2.part"
    for path in (old, new, day / "7-ann-greet-1.png"):
        path.touch()
    an_hour_ago = (clock.now() - timedelta(hours=1, seconds=1)).timestamp()
    os.utime(old, (an_hour_ago, an_hour_ago))
    assert delete_unfinished_files(tmp_path, now=clock.now()) == 1
    assert not old.exists()
    assert len(list(day.iterdir())) == 2
