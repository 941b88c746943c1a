"""`rapport quota`: show usage and limits, change limits, and list the changes."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, TypeVar

import typer
from sqlalchemy.orm import Session

from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    get_terminal_user,
    open_database,
    print_answer,
    require_account,
)
from api_stub.cli.explain.halts import list_halt_lines
from api_stub.cli.formatting import print_json, print_text
from api_stub.cli.quota.changes import build_log_table, describe_differences, describe_subject
from api_stub.cli.quota.display import render_quota
from api_stub.cli.quota.reader import open_quota, read_quota
from api_stub.cli.servers.local_servers import find_redis
from api_stub.cli.terminal import Console
from api_stub.explain.quota_gates import describe_warm_up
from api_stub.responses.quota import build_quota_answer
from db.store.actions import control
from db.store.people.accounts import AccountRecord
from db.store.quota import epochs, limits, status
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.model import Kind
from worker.rules.quota import notation
from worker.rules.wording.counts import format_count

app = typer.Typer(
    help="The quota: what an account has used, what is left, and its limits.",
    no_args_is_help=True,
)

T = TypeVar("T")

_MOST = 100_000


class Scope(StrEnum):
    """What a limit applies to."""

    GREET = "greet"
    VISIT = "visit"
    COLLECT = "collect"
    WITHDRAW = "withdraw"
    ALL = "all"


Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name.")]
IN_FORCE_FROM = "it applies from the next decision on"


@app.command()
def show(
    account: Account,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show what is used, left and allowed, for each kind and for all kinds together. Changes nothing.

    Also shown: whether an action would be allowed now, the next working hours, the gap, the
    breaker, the warm-up and the last denial. The numbers come from Redis, or from the ledger in
    Postgres if Redis can't answer.

    Example:
    rapport quota show demo

    """
    with open_database(data) as database, database.snapshot() as session:
        found = status.get_account_status(session, require_account(session, account))
        halted = list(list_halt_lines(session, account))
    with open_quota(find_redis(data)) as quota:
        readings = {kind: read_quota(quota, each) for kind, each in found.kinds.items()}
    if as_json:
        print_json(build_quota_answer(found, readings).model_dump_json(indent=2))
        return
    for line in halted:
        print_text(line, "bold red")
    console = Console()
    console.print(render_quota(found, readings, ascii_only=console.options.ascii_only))


@app.command("set")
def set_limits(
    account: Account,
    kind: Annotated[
        Scope,
        typer.Argument(
            metavar="KIND", help="greet, visit, collect (pages of people found) or withdraw; all: every kind."
        ),
    ],
    *,
    per_run: Annotated[
        int | None, typer.Option(min=0, max=_MOST, help="Limit of one campaign on one day.")
    ] = None,
    per_day: Annotated[int | None, typer.Option(min=0, max=_MOST, help="Limit of one calendar day.")] = None,
    per_week: Annotated[int | None, typer.Option(min=0, max=_MOST, help="Limit of any 7 days.")] = None,
    gap: Annotated[
        str | None, typer.Option(help="Time between two actions, drawn at random, such as 90s-180s.")
    ] = None,
    gap_min: Annotated[str | None, typer.Option(help="Only the shortest gap, such as 90s.")] = None,
    gap_max: Annotated[str | None, typer.Option(help="Only the longest gap, such as 3m.")] = None,
    hours: Annotated[
        str | None, typer.Option(help="Working hours in the account's zone, such as 07:00-19:00.")
    ] = None,
    days: Annotated[str | None, typer.Option(help="Working days: mon-fri, sat,sun or 'every day'.")] = None,
    reserve: Annotated[
        int | None,
        typer.Option(min=0, max=_MOST, help="Share of the daily limit of all kinds for this kind alone."),
    ] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Change an account's limits; options that are not given stay as they are. 0 allows nothing.

    Values above a site's hard ceiling are refused. Warm-up and cuts still apply.

    Examples:
    rapport quota set demo greet --per-day 10 --gap 2m-4m --hours 08:00-18:00 --days mon-fri
    rapport quota set demo all --per-day 50 --per-week 250

    """
    if gap is not None and (gap_min is not None or gap_max is not None):
        raise RequestRefusedError("give either --gap, or --gap-min and --gap-max")
    counts = _drop_unset(per_run=per_run, per_day=per_day, per_week=per_week, reserved_per_day=reserve)
    times = _drop_unset(gap=gap, gap_min=gap_min, gap_max=gap_max, hours=hours, days=days)
    if not counts and not times:
        raise RequestRefusedError("nothing to change: give a limit, such as --per-day 10 (--help lists them)")
    with open_database(data) as database, database.transaction() as session:
        record = require_account(session, account)
        if kind is Scope.ALL:
            _set_totals(session, record, counts, others=times)
        else:
            _set_kind(session, record, Kind(kind), counts, times)
        lines = _describe_change(session, record)
        asked_again = _release_waiting(session, record, list(Kind) if kind is Scope.ALL else [Kind(kind)])
    for line in [*lines, *asked_again]:
        print_text(line)


@app.command("warm-up")
def warm_up(
    account: Account,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Its first day: 2026-11-23, or today.")
    ] = None,
    skip: Annotated[bool, typer.Option("--skip", help="No warm-up: the limits apply in full.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Let an account's limits ramp up over three weeks: a third, a half, four fifths, then all.

    For a new account. Rapport starts one by itself after a challenge of the site.

    Examples:
    rapport quota warm-up ann --from today
    rapport quota warm-up ann --skip

    """
    if (begin is None) is not skip:
        raise RequestRefusedError("give either --from DATE (or --from today), or --skip")
    with open_database(data) as database, database.transaction() as session:
        record = require_account(session, account)
        now = clock.now()
        on = notation.parse_date(begin, now.astimezone(record.zone).date()) if begin is not None else None
        limits.set_warm_up(session, record.id, on, by=get_terminal_user())
        asked_again = _release_waiting(session, record, list(Kind))
    for line in [
        f"{account}: warm-up {describe_warm_up(on, now, record.zone)}; {IN_FORCE_FROM}",
        *asked_again,
    ]:
        print_text(line)


@app.command()
def reset(
    account: Account,
    kind: Annotated[Kind | None, typer.Argument(metavar="KIND", help="Only this kind's breaker.")] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Close the breaker, and recount the usage from the ledger.

    Everything that was sent still counts, so this never frees more than is left. A pause after a
    limit page stays. Units that a worker has reserved at this moment are dropped and reserved again.

    Example:
    rapport quota reset demo greet

    """
    kinds = [kind] if kind is not None else list(Kind)
    with open_database(data) as database, database.transaction() as session:
        record = require_account(session, account)
        epochs.reset_breakers(session, record.id, kinds)
        limits.record_breaker_reset(session, record.id, kinds=kinds, by=get_terminal_user())
        asked_again = _release_waiting(session, record, kinds)
    closed = f"the breaker for {kind} is" if kind is not None else "all breakers are"
    for line in [
        f"{account}: {closed} closed; the next decision recounts the usage from the ledger",
        *asked_again,
    ]:
        print_text(line)


@app.command()
def log(
    account: Account,
    newest: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most this many.")] = 50,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List who changed which limit, when, from what to what; the newest first.

    Example:
    rapport quota log demo

    """
    with open_database(data) as database, database.transaction() as session:
        record = require_account(session, account)
        changes = limits.list_changes(session, record.id, newest=newest)
    if as_json:
        print_answer(changes)
        return
    Console().print(
        build_log_table(changes, record.zone)
        if changes
        else "no limit was changed: the site's defaults apply"
    )


def _drop_unset(**options: T | None) -> dict[str, T]:
    return {name: value for name, value in options.items() if value is not None}


def _set_kind(
    session: Session, record: AccountRecord, kind: Kind, counts: dict[str, int], times: dict[str, str]
) -> None:
    wanted = notation.apply_options(limits.get_configured_limits(session, record.id, kind), counts, **times)
    limits.set_limits(session, record.id, kind, wanted, by=get_terminal_user())


def _set_totals(
    session: Session, record: AccountRecord, counts: dict[str, int], *, others: dict[str, str]
) -> None:
    if others or counts.keys() - {"per_day", "per_week"}:
        raise RequestRefusedError("all kinds together have only --per-day and --per-week")
    try:
        wanted = replace(limits.get_configured_totals(session, record.id), **counts)
    except ValueError as error:
        raise RequestRefusedError(str(error)) from None
    limits.set_totals(session, record.id, wanted, by=get_terminal_user())


def _release_waiting(session: Session, record: AccountRecord, kinds: Sequence[Kind]) -> Sequence[str]:
    """Let actions that the quota made wait ask again; return a line that says how many."""
    waiting = control.wake_denied_actions(session, record.id, kinds)
    counted = format_count(waiting, "waiting action", "waiting actions")
    return [f"{counted} will ask the quota again"] if waiting else []


def _describe_change(session: Session, record: AccountRecord) -> Sequence[str]:
    """Return lines about the newest change, and about limits in force below the configured ones."""
    (change,) = limits.list_changes(session, record.id, newest=1)
    changed = describe_differences(change)
    if not changed:
        return [f"{record.name}, {describe_subject(change.what)}: already set"]
    lines = [f"{record.name}, {describe_subject(change.what)}: {', '.join(changed)}; {IN_FORCE_FROM}"]
    if change.what == "total":
        return lines
    loaded = limits.load_context(session, record.id, Kind(change.what), "")
    in_force = loaded.context.limits
    configured = limits.get_configured_limits(session, record.id, Kind(change.what))
    if (in_force.per_day, in_force.per_week) != (configured.per_day, configured.per_week):
        lines.append(
            f"in force now, after warm-up and cuts (`rapport quota show {record.name}`): "
            f"{in_force.per_day} a day, {in_force.per_week} in 7 days"
        )
    return lines
