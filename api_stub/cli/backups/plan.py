"""`rapport backup list`, `schedule` and `unschedule`: the backups that are there, and the plan."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from api_stub.cli.backups.display import format_age, format_bytes, format_instant
from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    get_terminal_user,
    open_database,
    open_session,
    print_answer,
)
from api_stub.cli.formatting import create_table, folding_text, print_text
from api_stub.cli.terminal import Console
from db.backup.envelope import parse_recipient
from db.backup.targets import StoredBackup, open_target
from db.store import upkeep
from db.store.audit import record_change
from db.store.backups.plan import PlannedBackups, get_plan, remove_plan, set_plan
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.upkeep import UpkeepJob
from worker.rules.wording.counts import format_count

To = Annotated[
    str | None, typer.Option("--to", help="The folder, or an address such as s3://…; default: as scheduled.")
]


class BackupList(BaseModel):
    """The backups at a place, newest first, and the plan."""

    plan: PlannedBackups | None
    target: str | None
    backups: list[StoredBackup]


def list_backups(to: To = None, as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """List the backups, newest first, and say what is scheduled."""
    with open_session(data) as session:
        plan = get_plan(session)
        jobs = [job for job in upkeep.list_jobs(session) if job.job is UpkeepJob.BACKUP]
    place = to or (plan.target if plan else None)
    found = list(open_target(place).list_backups()) if place else []
    if as_json:
        print_answer(BackupList(plan=plan, target=place, backups=found))
        return
    print_text(_describe_plan(plan, jobs[0] if jobs else None))
    if found:
        table = create_table("backup", "from", "age", "size")
        for each in found:
            age = format_age(clock.now() - each.at)
            table.add_row(folding_text(each.name), format_instant(each.at), age, format_bytes(each.bytes))
        Console().print(table)
    elif place:
        print_text(f"there is no backup in {place}")


def schedule(
    *,
    to: Annotated[str, typer.Option("--to", help="The folder, or an address such as s3://….")],
    recipient: Annotated[list[str], typer.Option("--recipient", help="A public key, age1….")],
    every_hours: Annotated[int, typer.Option(min=1, max=24 * 31, help="Hours between two backups.")] = 24,
    keep: Annotated[int, typer.Option(min=1, max=1000, help="This many remain, the newest ones.")] = 7,
    evidence: Annotated[bool, typer.Option("--evidence", help="With screenshots and traces.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Make backups by themselves from now on, the first one at once. A control worker writes them.

    The folder must be there on the machine of the control worker, and should be on another disk.

    Example:
    rapport backup schedule --to /mnt/backups --recipient age1… --keep 14

    """
    for each in recipient:
        parse_recipient(each)
    place = to if "://" in to else str(Path(to).expanduser().absolute())
    if len(place) > 1000 or len(recipient) > 20:
        raise RequestRefusedError("at most 1000 characters for the place, and at most 20 public keys")
    open_target(place).list_backups()
    by = get_terminal_user()
    with open_database(data) as database, database.transaction() as session:
        record_change(
            session, by=by, change="backup.schedule", about="", detail=f"every {every_hours} h, {keep}"
        )
        set_plan(session, target=place, recipients=recipient, keep=keep, evidence=evidence, by=by)
        upkeep.schedule_job(session, UpkeepJob.BACKUP, timedelta(hours=every_hours))
    print_text(
        f"backups go to {place}, every {format_count(every_hours, 'hour', 'hours')} while Rapport runs; "
        f"the newest {keep} remain. `rapport backup list` shows them"
    )


def unschedule(data: DataDir = DEFAULT_DATA) -> None:
    """Make no more backups by themselves. Those that are there stay."""
    with open_database(data) as database, database.transaction() as session:
        record_change(session, by=get_terminal_user(), change="backup.unschedule", about="")
        was_planned = remove_plan(session)
        upkeep.unschedule_job(session, UpkeepJob.BACKUP)
    print_text("no more backups are made by themselves" if was_planned else "none were scheduled")


def _describe_plan(plan: PlannedBackups | None, job: upkeep.UpkeepState | None) -> str:
    if plan is None or job is None:
        return "none are scheduled: `rapport backup schedule --help`"
    last = f"the last one {format_instant(job.last_ok_at)}" if job.last_ok_at else "none was made yet"
    often = format_count(job.failures, "time", "times")
    failed = f"; it failed {often} since, the last time: {job.error}" if job.failures else ""
    return f"backups go to {plan.target}, and {plan.keep} remain; {last}{failed}"
