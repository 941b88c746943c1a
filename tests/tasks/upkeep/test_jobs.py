"""Upkeep is due by its rows: whatever restarts, each job runs, and what failed is known."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from db.store import upkeep as store
from db.store.upkeep import UpkeepState
from tasks.entry import upkeep
from tasks.services import Services
from tasks.upkeep import jobs
from worker.rules.upkeep import EVERY, UpkeepJob


def change(services: Services, job: UpkeepJob, values: str) -> None:
    with services.database.transaction() as session:
        session.execute(text(f"update upkeep_jobs set {values} where name = :job"), {"job": job})


def state(services: Services, job: UpkeepJob) -> UpkeepState:
    with services.database.transaction() as session:
        return next(each for each in store.list_jobs(session) if each.job is job)


def publish_all_and_finish(services: Services) -> None:
    jobs.publish_due_jobs(services)
    for job in EVERY:
        with jobs.recorded(services, job):
            pass


@pytest.mark.usefixtures("published")
def test_a_job_that_was_due_while_nothing_ran_runs_at_the_next_tick(
    without_pages: Services, published: list[str]
) -> None:
    publish_all_and_finish(without_pages)
    published.clear()
    upkeep.run_due_jobs()
    assert published == []  # each has just run
    change(without_pages, UpkeepJob.RETENTION, "due_at = now() - interval '5 hours'")
    upkeep.run_due_jobs()
    assert published == ["tasks.upkeep.retention"]
    upkeep.purge_old_data()
    done = state(without_pages, UpkeepJob.RETENTION)
    assert done.last_ok_at is not None
    assert done.due_at == done.last_ok_at + timedelta(hours=6)


def test_of_ticks_at_once_one_takes_each_job_and_no_other_waits_for_it(without_pages: Services) -> None:
    database, lease = without_pages.database, timedelta(minutes=1)
    with database.transaction() as first, database.transaction() as second:
        assert set(store.take_due_jobs(first, lease=lease)) == set(EVERY)
        assert store.take_due_jobs(second, lease=lease) == []
    with database.transaction() as third:
        assert store.take_due_jobs(third, lease=lease) == []


def test_a_lost_message_is_published_again_when_its_lease_lapses(
    without_pages: Services, published: list[str]
) -> None:
    jobs.publish_due_jobs(without_pages)
    published.clear()
    jobs.publish_due_jobs(without_pages)
    assert published == []
    change(without_pages, UpkeepJob.EVIDENCE, "leased_until = now()")
    jobs.publish_due_jobs(without_pages)
    assert published == ["tasks.upkeep.evidence"]
    assert state(without_pages, UpkeepJob.EVIDENCE).failures == 0


def test_a_job_whose_worker_was_killed_has_failed_and_waits(
    without_pages: Services, published: list[str]
) -> None:
    publish_all_and_finish(without_pages)
    published.clear()
    with without_pages.database.transaction() as session:
        store.start_job(session, UpkeepJob.QUOTA, lease=timedelta(0))
    change(without_pages, UpkeepJob.QUOTA, "due_at = now()")
    jobs.publish_due_jobs(without_pages)
    assert published == []
    killed = state(without_pages, UpkeepJob.QUOTA)
    assert killed.failures == 1
    assert killed.error is not None
    assert "did not finish" in killed.error
    assert killed.due_at == killed.last_failed_at + timedelta(minutes=1) if killed.last_failed_at else False


@pytest.mark.usefixtures("published")
def test_a_failure_is_kept_without_its_values_and_tried_again(
    without_pages: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Services) -> None:
        raise PermissionError(13, "Permission denied", "2026-11-01/ann-unmistakable.png")

    monkeypatch.setattr(upkeep, "delete_old_evidence", refuse)
    for failures, minutes in ((1, 1), (2, 2)):
        with pytest.raises(PermissionError):
            upkeep.delete_evidence()
        failed = state(without_pages, UpkeepJob.EVIDENCE)
        assert (failed.failures, failed.error) == (failures, "PermissionError: Permission denied")
        assert failed.last_failed_at is not None
        assert failed.due_at == failed.last_failed_at + timedelta(minutes=minutes)
    monkeypatch.undo()
    with jobs.recorded(without_pages, UpkeepJob.EVIDENCE):
        pass
    mended = state(without_pages, UpkeepJob.EVIDENCE)
    assert (mended.failures, mended.error) == (0, None)
    assert mended.last_failed_at == failed.last_failed_at


@pytest.mark.usefixtures("published")
def test_every_job_that_is_called_by_name_records_its_run(without_pages: Services) -> None:
    for run in (
        upkeep.expire_actions, upkeep.request_replies, upkeep.save_summaries, upkeep.check_quotas,
        upkeep.purge_old_data, upkeep.delete_evidence,
    ):  # fmt: skip
        run()
    with without_pages.database.transaction() as session:
        assert [each.job for each in store.list_jobs(session) if each.last_ok_at] == list(EVERY)


def test_a_job_without_a_row_gets_one(without_pages: Services, published: list[str]) -> None:
    with without_pages.database.transaction() as session:
        session.execute(text("delete from upkeep_jobs where name <> 'expiry'"))
        session.execute(text("update upkeep_jobs set every = '9 days'"))
    jobs.publish_due_jobs(without_pages)
    assert len(published) == len(EVERY)
    with jobs.recorded(without_pages, UpkeepJob.EXPIRY):
        pass
    again = state(without_pages, UpkeepJob.EXPIRY)
    assert again.last_ok_at is not None
    assert again.due_at - again.last_ok_at == timedelta(minutes=5)
