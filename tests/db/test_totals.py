"""Totals only grow, and are exact: whoever moves an action at the same time, whatever is erased later."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from alembic import command
from psycopg.errors import CheckViolation
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db import migrate
from db.engine import Database
from db.imports.report import ImportReport
from db.imports.v1.report import Outcome, TableCounts, V1Report
from db.store.actions import control
from db.store.imports import runs
from db.store.metrics.totals import count_people, list_move_totals
from db.store.people import accounts
from db.store.privacy import account_removal, erasure, retention
from db.tables import Import
from tests.builders import SANDBOX, a_campaign, a_contact, a_search, add_planned, an_account, found
from tests.cluster import wait_for
from tests.db.helpers import run_concurrently, wait_for_lock_wait
from worker.rules.model import ImportSource
from worker.rules.reports.totals import MoveTotal, PeopleSource, ProcessedOutcome

RECOUNTED = """
select c.kind, a.kind, coalesce(e.from_state, ''), e.to_state, coalesce(e.reason, ''), count(*)
from action_events e join actions a on a.id = e.action_id join campaigns c on c.id = a.campaign_id
group by 1, 2, 3, 4, 5
"""
REPORT = ImportReport(
    read=36, new=8, changed=1, same=2, repeated=3, doubts=4, refused=5, forgotten=6, skipped={"a company": 7},
    lost=90,
).as_json()  # fmt: skip


def of_table(name: str, **counts: int) -> TableCounts:
    table = TableCounts(name, is_present=True)
    table.counts.update({Outcome(outcome): count for outcome, count in counts.items()})
    return table


V1_REPORT = V1Report(
    1,
    (
        of_table("contacts", new=1, changed=2, same=3),
        of_table("scraped_profiles", refused=4),
        of_table("blacklist", new=90),
    ),
    {},
    0,
).as_json()


def moves(session: Session) -> Mapping[tuple[str, ...], int]:
    def key(total: MoveTotal) -> tuple[str, ...]:
        return total.campaign_kind, total.kind, total.from_state or "", total.to_state, total.reason

    return {key(total): total.moves for total in list_move_totals(session)}


def recount(session: Session) -> Mapping[tuple[str, ...], int]:
    return {tuple(how): count for *how, count in session.execute(text(RECOUNTED))}


def people(session: Session) -> Mapping[tuple[str, str], int]:
    return {(source, outcome): count for (source, outcome), count in count_people(session).items()}


def run_import(session: Session, account_id: int, report: Mapping[str, object]) -> int:
    import_id = runs.begin_import(
        session, account_id=account_id, source=ImportSource.CSV, file_name="x", by="x"
    )
    runs.finish_import(session, import_id, report)
    return import_id


def test_no_move_is_lost_or_counted_twice_when_many_move_at_once(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        ids = [an_account(session, name).id for name in ("ann", "bea")]

    def plan_and_cancel(own: Database, number: int) -> None:
        for step in range(5):
            with own.transaction() as session:
                account = accounts.get_account(session, ids[number % 2])
                campaign = a_campaign(session, account)
                person = a_contact(session, account, f"{number}-{step}")
                add_planned(session, account, person, campaign_id=campaign)
            with own.transaction() as session:
                assert control.cancel_campaign(session, campaign) == 1

    run_concurrently(database_url, 4, plan_and_cancel)
    with database.transaction() as session:
        assert moves(session) == recount(session) == {
            ("birthday", "greet", "", "planned", ""): 20,
            ("birthday", "greet", "planned", "skipped", "campaign_cancelled"): 20,
        }  # fmt: skip


def test_what_was_rolled_back_was_not_counted(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        add_planned(session, account, a_contact(session, account, "ann"))
        run_import(session, account.id, REPORT)
        a_search(session, account)
        session.rollback()
    with database.transaction() as session:
        assert (moves(session), people(session)) == ({}, {})


def test_nothing_that_is_erased_or_removed_takes_from_a_total(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        add_planned(session, account, a_contact(session, account, "ann"))
        a_search(session, account, found("bea"))
        imported = run_import(session, account.id, REPORT)
    with database.transaction() as session:
        before, kept = moves(session), people(session)
        assert kept["sourcing", "success"] == 2
    with database.transaction() as session:
        erasure.forget_person(session, "sandbox", f"{SANDBOX}ann/")
    with database.transaction() as session:
        runs.undo_import(session, imported)
    with database.transaction() as session:
        stale = retention.find_stale_data(session, account.id, timedelta(0))
        assert retention.erase_people(session, account.id, stale.people, stale.before)
    with database.transaction() as session:
        session.execute(text("update campaigns set state = 'planned'"))
        account_removal.remove_account(session, account)
        assert session.get(Import, imported) is None
    with database.transaction() as session:
        after = moves(session)
        assert after == recount(session)
        assert {how: after[how] for how in before} == before
        assert people(session) == kept


def test_a_total_never_falls_and_is_never_deleted(session: Session) -> None:
    account = an_account(session)
    add_planned(session, account, a_contact(session, account, "ann"))
    run_import(session, account.id, REPORT)
    for statement in (
        "update action_totals set moves = moves - 1",
        "update people_totals set people = people - 1",
        "delete from action_totals",
        "delete from people_totals",
    ):
        with pytest.raises(IntegrityError, match="never falls") as refused, session.begin_nested():
            session.execute(text(statement))
        assert isinstance(refused.value.orig, CheckViolation)


def test_an_import_counts_each_entry_once_when_it_has_finished(session: Session) -> None:
    account = an_account(session)
    run_import(session, account.id, REPORT)
    counted = {
        (PeopleSource.IMPORT, ProcessedOutcome.SUCCESS): 9,
        (PeopleSource.IMPORT, ProcessedOutcome.SKIP): 22,
        (PeopleSource.IMPORT, ProcessedOutcome.FAILED): 5,
    }
    assert count_people(session) == counted
    assert sum(counted.values()) == REPORT["read"]
    runs.begin_import(session, account_id=account.id, source=ImportSource.CSV, file_name="x", by="x")
    session.execute(text("update imports set finished_at = now() where finished_at is not null"))
    assert count_people(session) == counted
    run_import(session, account.id, V1_REPORT)
    assert [people(session)["import", outcome] for outcome in ProcessedOutcome] == [9 + 3, 22 + 3, 5 + 4]


def go_back(database: Database, *revisions: str) -> None:
    config = migrate._config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        for revision in revisions:
            command.downgrade(config, revision)


def go_back_before_the_totals(database: Database) -> None:
    go_back(database, "0022", "-1")


def test_what_happened_before_the_totals_is_counted_by_the_migration(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        campaign = a_campaign(session, account)
        add_planned(session, account, a_contact(session, account, "ann"), campaign_id=campaign)
        add_planned(session, account, a_contact(session, account, "bea"), campaign_id=campaign)
        control.cancel_campaign(session, campaign)
        a_search(session, account)
        run_import(session, account.id, REPORT)
        run_import(session, account.id, V1_REPORT)
        before = moves(session), people(session)
        assert all(before)
    go_back_before_the_totals(database)
    migrate.upgrade_schema(database.engine)
    with database.transaction() as session:
        assert (moves(session), people(session)) == before
        add_planned(session, account, a_contact(session, account, "cas"), campaign_id=campaign)
        assert moves(session) == recount(session)


def test_a_move_that_waits_for_the_migration_to_one_trigger_is_counted(database: Database) -> None:
    def plan_for(name: str) -> None:
        with database.transaction() as session:
            account = an_account(session, name)
            add_planned(session, account, a_contact(session, account, "ann"))

    go_back(database, "0052")
    with ThreadPoolExecutor(2) as pool:
        with database.transaction() as session:
            account = an_account(session)
            add_planned(session, account, a_contact(session, account, "ann"))
            migration = pool.submit(migrate.upgrade_schema, database.engine)
            wait_for_lock_wait(database, migration)
            move = pool.submit(plan_for, "second")
            waiting = text("select count(distinct pid) from pg_locks where not granted")
            wait_for("both to wait", lambda: migration.done() or move.done() or session.scalar(waiting) == 2)
        migration.result()
        move.result()
    with database.transaction() as session:
        assert moves(session) == recount(session) == {("birthday", "greet", "", "planned", ""): 2}


def test_what_happens_while_the_migration_counts_is_counted_once(database: Database) -> None:
    with database.transaction() as session:
        known = an_account(session)
        add_planned(session, known, a_contact(session, known, "ann"))
    go_back_before_the_totals(database)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            new = an_account(session, "new")
            for account in (known, new):
                add_planned(session, account, a_contact(session, account, "bea"))
            migration = pool.submit(migrate.upgrade_schema, database.engine)
            wait_for_lock_wait(database, migration)
        migration.result()
    with database.transaction() as session:
        assert moves(session) == recount(session) == {("birthday", "greet", "", "planned", ""): 3}
