"""`rapport status` and `rapport down`: show and stop the stack of a data folder."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel
from rich.text import Text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import (
    UTC_ZONE,
    create_table,
    folding_text,
    format_time,
    print_json,
    print_text,
)
from api_stub.cli.hints import as_typed
from api_stub.cli.servers.local_servers import describe_not_running, load_settings
from api_stub.cli.terminal import Console
from api_stub.stack.background import find_stack, stop_running
from api_stub.stack.environment_file import read_environment
from api_stub.stack.errors import STARTED_ELSEWHERE, NotRunningError
from api_stub.stack.state_file import ProcessState, StackState, read_state
from db.engine import Database
from db.store import upkeep
from db.store.notices import targets
from db.store.people import accounts
from worker import clock, queues
from worker.errors import Reason, TryAgainError
from worker.rules.model import AccountStatus
from worker.rules.upkeep import UpkeepJob
from worker.rules.wording.reasons import describe_reason
from worker.servers import redis_address

Read = TypeVar("Read")


class StoppedAccount(BaseModel, frozen=True):
    """An account from which nothing is sent, and the code of the reason."""

    name: str
    status: AccountStatus
    reason: Reason | None


class Status(BaseModel, frozen=True):
    """What `rapport status --json` prints. The last four are None if their server doesn't answer.

    `failing_targets` are those to which the last notice could not be sent.
    """

    running: bool
    pid: int | None = None
    started_at: datetime | None = None
    ready_at: datetime | None = None
    addresses: dict[str, str] = {}
    processes: tuple[ProcessState, ...] = ()
    stopped_accounts: Sequence[StoppedAccount] | None = None
    late_upkeep: Sequence[UpkeepJob] | None = None
    unconsumed_queues: Sequence[str] | None = None
    failing_targets: Sequence[str] | None = None


def status(as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """Show whether Rapport runs: its processes and restarts, stopped accounts, addresses.

    Exits with 3 if it isn't running. Times are UTC.
    """
    state = read_state(data)
    if state is None:
        if not as_json:
            has_own_servers = load_settings(data).database_url is not None
            raise NotRunningError(STARTED_ELSEWHERE if has_own_servers else describe_not_running(data))
        print_json(Status(running=False).model_dump_json(indent=2))
        sys.exit(ExitCode.NOT_RUNNING)
    stopped, late = _read(data, _list_stopped_accounts), _read(data, _list_late_upkeep)
    failing = _read(data, _list_failing_targets)
    unconsumed = _list_unconsumed_queues(data) if state.ready_at else ()
    if as_json:
        shown = Status(
            running=True,
            stopped_accounts=stopped,
            late_upkeep=late,
            unconsumed_queues=unconsumed,
            failing_targets=failing,
            **dict(state),
        )
        print_json(shown.model_dump_json(indent=2))
        return
    console = Console()
    console.print(_describe_state(state), soft_wrap=True)
    if stopped is None:
        console.print(Text("accounts: unknown, because Postgres doesn't answer", "yellow"))
    if unconsumed:
        _warn(console, f"nobody takes messages of: {', '.join(unconsumed)}; `rapport doctor`")
    if late:
        _warn(console, f"upkeep is late: {', '.join(late)}; `rapport doctor`")
    if failing:
        _warn(console, f"notices can't be sent to: {', '.join(failing)}; `rapport notify list`")
    for account in stopped or ():
        _warn(console, _describe_account(account))
    _print_processes(console, state.processes)
    for name, address in state.addresses.items():
        print_text(f"{name}: {address}")


def down(data: DataDir = DEFAULT_DATA) -> None:
    """Stop the running Rapport in order: workers finish their action, then the servers stop."""
    holder = find_stack(data)
    if holder is None:
        print_text("Rapport isn't running")
        return
    console = Console(stderr=True)
    began = clock.monotonic_seconds()
    with console.status("") as progress:

        def show_wait() -> None:
            waited = clock.monotonic_seconds() - began
            progress.update(f"stopping Rapport (pid {holder.pid}): {waited:.0f} s")

        if not console.is_terminal:
            console.print(f"stopping Rapport (pid {holder.pid})")
        stop_running(holder, data, on_wait=show_wait)
    print_text("Rapport is stopped")


def _read(data: Path, query: Callable[[Session], Sequence[Read]]) -> Sequence[Read] | None:
    """Ask the stack's database; None if it doesn't answer."""
    url = read_environment(data).get("DATABASE_URL")
    if url is None:  # it is starting
        return ()
    database = Database(url, application_name="rapport status", connect_timeout_s=3)
    try:
        with database.snapshot() as session:
            return query(session)
    except OperationalError:
        return None
    finally:
        database.close()


def _list_stopped_accounts(session: Session) -> Sequence[StoppedAccount]:
    """Return the accounts that a person paused or a page stopped."""
    return [
        StoppedAccount(name=each.name, status=each.status, reason=each.stop_reason)
        for each in accounts.list_accounts(session)
        if each.status is not AccountStatus.ACTIVE
    ]


def _list_unconsumed_queues(data: Path) -> Sequence[str] | None:
    """Return the queues that no worker consumes; None if Redis doesn't answer."""
    url = read_environment(data).get("REDIS_URL")
    if url is None:
        return ()
    try:
        return queues.take_snapshot_at(redis_address.parse(url)).unconsumed(queues.ALL_QUEUES)
    except TryAgainError:
        return None


def _list_late_upkeep(session: Session) -> Sequence[UpkeepJob]:
    return [each.job for each in upkeep.list_jobs(session) if each.is_late]


def _list_failing_targets(session: Session) -> Sequence[str]:
    return [each.name for each in targets.list_targets(session) if each.error is not None]


def _describe_state(state: StackState) -> Text:
    if state.ready_at is None:
        return Text(f"Rapport is starting or stopping (pid {state.pid})", "yellow")
    return Text(
        f"Rapport has been running since {format_time(state.started_at, UTC_ZONE)} (pid {state.pid})", "green"
    )


def _warn(console: Console, says: str) -> None:
    console.print(Text(as_typed(says), "bold red"))


def _describe_account(account: StoppedAccount) -> str:
    reason = f": {describe_reason(account.reason)}" if account.reason else ""
    return f"account {account.name} is {account.status}{reason}; `rapport why {account.name}`"


def _print_processes(console: Console, processes: Sequence[ProcessState]) -> None:
    if not processes:
        return
    table = create_table("process", "pid", "running since", "restarts")
    for each in processes:
        since = format_time(each.since, UTC_ZONE) if each.since else "ended; waiting to be restarted"
        table.add_row(folding_text(each.name), str(each.pid or ""), since, str(each.restarts or ""))
    console.print(table)
