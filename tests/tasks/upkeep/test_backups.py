"""Backups by themselves: only if a person has scheduled them, and loud when they fail or are late."""

import ftplib
from datetime import timedelta
from pathlib import Path

import pytest
from pyrage import x25519
from sqlalchemy import text

from db.backup.place_errors import refuse_place_errors
from db.backup.unpack import verify_backup
from db.store import upkeep as store
from db.store.backups.plan import get_plan, remove_plan, set_plan
from db.store.upkeep import UpkeepState
from tasks.entry import upkeep
from tasks.services import Services
from tasks.upkeep import jobs
from worker.errors import RequestRefusedError
from worker.rules.upkeep import UpkeepJob


def schedule(
    services: Services, target: Path, key: x25519.Identity, *, keep: int = 7, evidence: bool = False
) -> None:
    with services.database.transaction() as session:
        public = [str(key.to_public())]
        set_plan(session, target=str(target), recipients=public, keep=keep, evidence=evidence, by="ops")
        store.schedule_job(session, UpkeepJob.BACKUP, timedelta(hours=12))


def find_job(services: Services) -> UpkeepState | None:
    with services.database.transaction() as session:
        return next((each for each in store.list_jobs(session) if each.job is UpkeepJob.BACKUP), None)


def test_none_is_made_and_none_is_late_until_a_person_schedules_them(
    without_pages: Services, published: list[str]
) -> None:
    jobs.publish_due_jobs(without_pages)
    assert "tasks.upkeep.backup" not in published
    assert find_job(without_pages) is None
    upkeep.make_backup()


def test_a_scheduled_one_is_made_and_old_ones_are_deleted(
    without_pages: Services, published: list[str], tmp_path: Path
) -> None:
    key, place = x25519.Identity.generate(), tmp_path / "backups"
    place.mkdir()
    for day in range(1, 4):
        (place / f"rapport-2026-01-0{day}T000000Z.tar.gz.age").write_bytes(b"old")
    (place / "of-somebody-else-2025-01-01T000000Z.age").write_bytes(b"mine")
    schedule(without_pages, place, key, keep=2)
    jobs.publish_due_jobs(without_pages)
    assert "tasks.upkeep.backup" in published
    upkeep.make_backup()
    names = sorted(path.name for path in place.iterdir())
    assert names[:-1] == [
        "of-somebody-else-2025-01-01T000000Z.age",
        "rapport-2026-01-03T000000Z.tar.gz.age",
    ]
    verify_backup(place / names[-1], key)
    job = find_job(without_pages)
    assert job is not None
    assert job.last_ok_at is not None
    assert job.due_at - job.last_ok_at == timedelta(hours=12)
    jobs.publish_due_jobs(without_pages)
    assert published.count("tasks.upkeep.backup") == 1


@pytest.mark.usefixtures("published")
def test_screenshots_are_in_it_if_wanted(without_pages: Services, tmp_path: Path) -> None:
    key, place = x25519.Identity.generate(), tmp_path / "backups"
    pictures = tmp_path / "evidence"
    without_pages.settings = without_pages.settings.model_copy(update={"evidence_dir": pictures})
    day = pictures / "2026-11-29"
    for folder in (place, day):
        folder.mkdir(parents=True)
    (day / "12-ann-lee-greet-1.png").write_bytes(b"a picture")
    (day / ".unfinished.png.part").write_bytes(b"half a picture")
    schedule(without_pages, place, key, evidence=True)
    upkeep.make_backup()
    verified = verify_backup(next(place.iterdir()), key)
    assert [each.name for each in verified.manifest.evidence] == ["2026-11-29/12-ann-lee-greet-1.png"]


@pytest.mark.usefixtures("published")
def test_a_place_that_is_not_there_is_a_failure_that_says_so(without_pages: Services, tmp_path: Path) -> None:
    """A folder is never made: without its disk, backups would fill another one."""
    schedule(without_pages, tmp_path / "not-mounted", x25519.Identity.generate())
    with pytest.raises(RequestRefusedError, match="mount its disk"):
        upkeep.make_backup()
    job = find_job(without_pages)
    assert job is not None
    assert (job.failures, job.error) == (1, "FileNotFoundError: No such file or directory")
    assert not (tmp_path / "not-mounted").exists()


@pytest.mark.usefixtures("published")
def test_a_place_that_refuses_is_a_failure_with_the_name_of_its_error(
    without_pages: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule(without_pages, tmp_path, x25519.Identity.generate())

    def refuse(_: Services) -> None:
        with refuse_place_errors():
            raise ftplib.error_perm("530 ann may not sign in")

    monkeypatch.setattr(upkeep, "make_planned_backup", refuse)
    with pytest.raises(RequestRefusedError):
        upkeep.make_backup()
    job = find_job(without_pages)
    assert job is not None
    assert job.error == "error_perm"


def test_one_that_was_not_made_for_long_is_late(without_pages: Services, tmp_path: Path) -> None:
    schedule(without_pages, tmp_path, x25519.Identity.generate())
    job = find_job(without_pages)
    assert job is not None
    assert not job.is_late
    with without_pages.database.transaction() as session:
        session.execute(text("update upkeep_jobs set added_at = now() - interval '25 hours'"))
    late = find_job(without_pages)
    assert late is not None
    assert late.is_late


def test_a_plan_is_replaced_and_removed(without_pages: Services, tmp_path: Path) -> None:
    schedule(without_pages, tmp_path, x25519.Identity.generate(), keep=7)
    schedule(without_pages, tmp_path, x25519.Identity.generate(), keep=3)
    with without_pages.database.transaction() as session:
        plan = get_plan(session)
        assert plan is not None
        assert plan.keep == 3
        assert remove_plan(session)
        assert not remove_plan(session)
        store.unschedule_job(session, UpkeepJob.BACKUP)
    assert find_job(without_pages) is None


def test_a_long_backup_keeps_its_lease(without_pages: Services, tmp_path: Path, published: list[str]) -> None:
    """Other jobs are taken for dead after minutes; a large database takes longer."""
    schedule(without_pages, tmp_path, x25519.Identity.generate())
    with jobs.recorded(without_pages, UpkeepJob.BACKUP), without_pages.database.transaction() as session:
        left = session.scalar(text("select leased_until - now() from upkeep_jobs where name = 'backup'"))
    assert isinstance(left, timedelta)
    assert left > timedelta(minutes=59)
