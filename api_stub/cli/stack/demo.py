"""`rapport demo` and `rapport up`: the whole system with the practice network on this machine."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer
from sqlalchemy.exc import OperationalError

from api_stub.cli.context import DEFAULT_DATA, DataDir
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import format_count, format_counts, print_text
from api_stub.cli.quota.gates import format_gap
from api_stub.cli.quota.reader import open_quota
from api_stub.cli.stack import demo_display, next_steps
from api_stub.cli.stack.demo_account import MEMBER, is_signed_in, prepare_account, sign_in
from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.cli.terminal import Console
from api_stub.cli.watch.follow import follow
from api_stub.cli.watch.view import OutlookReader, View, read_view
from api_stub.client import TaskClient
from api_stub.sandbox.client import SandboxClient
from api_stub.stack.background import start_in_background
from api_stub.stack.errors import StackError
from api_stub.stack.ledger_check import compare_with_ledger
from api_stub.stack.running import RunningStack
from api_stub.stack.services import Addresses, run_rapport_stack
from api_stub.stack.stack import Stack
from db.engine import Database
from db.store.campaigns import campaigns
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota.limits import get_configured_limits
from db.store.reports import overview
from db.store.reports.overview import ActionLine
from tasks.contract import BirthdayCampaign
from worker import clock, redis_address
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import AccountStatus, ActionState, CampaignState, Kind
from worker.settings import get_settings

LATE_DAYS = 7

TIMEOUT = timedelta(minutes=5)
SOON_ENOUGH = timedelta(minutes=1)
_CHECK_SECONDS = 0.5
_BACKGROUND_HINT = (
    "running in the background (pid {pid}): `rapport status`, `rapport logs --follow`, `rapport down`"
)

Workers = Annotated[int, typer.Option(min=1, max=8, help="Browser workers, one Chromium each.")]


def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when everything is ready, and run in the background.")
    ] = False,
    in_background: Annotated[bool, typer.Option("--in-background", hidden=True)] = False,
    data: DataDir = DEFAULT_DATA,
    workers: Workers = 2,
) -> None:
    """Start everything and run until Ctrl-C, or with --detach until `rapport down`.

    A process that ends is started again, after a delay that grows from half a second to half a minute. If
    one ends 6 times in a row, everything is stopped, and the reason is printed. Without Flower the others go
    on.
    """
    console = Console()
    if detach:
        started = start_in_background(data, workers=workers, on_line=partial(console.print, soft_wrap=True))
        console.print(_BACKGROUND_HINT.format(pid=started.pid), style="bold", soft_wrap=True)
        return
    with _run_stack(console, data, workers) as running:
        _prepare_account(running.stack, running.addresses, console)
        console.print(demo_display.render_addresses(running.addresses, data))
        steps = next_steps.beside_the_stack(MEMBER.login, data)
        console.print(f"Now try{'' if in_background else ', in another terminal'}:\n{steps}", soft_wrap=True)
        if not in_background:
            console.print("running; Ctrl-C stops everything", style="bold")
        running.mark_ready()
        while True:
            running.check()
            time.sleep(_CHECK_SECONDS)


def demo(
    data: DataDir = DEFAULT_DATA,
    workers: Workers = 2,
    again: Annotated[
        bool, typer.Option("--again", help="First give more people of the practice network a birthday.")
    ] = False,
) -> None:
    """Greet the birthdays of the practice network, and verify that each greeting arrived once."""
    console = Console()
    events: list[str] = []
    with _run_stack(console, data, workers, hasty=True, on_event=events.append) as running:
        stack, addresses = running.stack, running.addresses
        database = Database(stack.database_url, application_name="rapport demo")
        account = _prepare_account(stack, addresses, console, again=again)
        earlier = _list_greeted(database, account)
        if again and earlier:
            SandboxClient(addresses.sandbox, stack.secrets.sandbox_key.get_secret_value()).add_birthdays()
        campaign_id = _start_campaign(stack)
        running.mark_ready()
        view = _follow_campaign(
            running, database=database, account=account, campaign_id=campaign_id, events=events
        )
        key = stack.secrets.sandbox_key.get_secret_value()
        verdict = compare_with_ledger(
            view.actions, SandboxClient(addresses.sandbox, key).ledger(MEMBER.login)
        )
        database.close()
    for event in events:
        console.print(event, style="yellow", soft_wrap=True)
    shown = [line for line in view.actions if line.id not in earlier]
    if any(line.state is ActionState.DONE for line in shown):
        console.print(demo_display.render_result(view, shown))
        console.print(f"screenshots: {data / 'evidence'}", soft_wrap=True)
    else:
        print_text(_describe_nothing_new(view))
    for problem in verdict.problems:
        console.print(problem, style="bold red")
    console.print(str(verdict), style="bold green" if not verdict.problems else "bold red")
    if verdict.problems:
        sys.exit(ExitCode.FOUND)
    console.print(f"Now try:\n{next_steps.after_the_demo(view.actions, MEMBER.login, data)}", soft_wrap=True)


@contextmanager
def _run_stack(
    console: Console,
    data: Path,
    workers: int,
    *,
    hasty: bool = False,
    on_event: Callable[[str], object] | None = None,
) -> Iterator[RunningStack]:
    get_settings()  # reports a wrong variable before anything starts

    def say(step: str) -> None:
        console.print(step, style="dim")

    def warn(event: str) -> None:
        console.print(event, style="yellow", soft_wrap=True)

    with run_rapport_stack(
        data, migrate=migrate_and_seed, browser_workers=workers, on_step=say, hasty=hasty
    ) as started:
        running = RunningStack(*started, on_event=on_event or warn)
        try:
            yield running
        finally:
            running.mark_stopping()


def _prepare_account(
    stack: Stack, addresses: Addresses, console: Console, *, again: bool = False
) -> AccountRecord:
    """Add the demo account with its limits, and sign it in through a browser if it isn't signed in."""
    database = Database(stack.database_url, application_name="rapport demo")
    account = prepare_account(database, again=again)
    with database.transaction() as session:
        limits = get_configured_limits(session, account.id, Kind.GREET)
    database.close()
    console.print(
        f"account {MEMBER.login} on the practice network: {limits.per_day} greetings a day, "
        f"{format_gap(limits.gap_min, limits.gap_max)} apart",
        soft_wrap=True,
    )
    if not is_signed_in(stack, addresses, account):
        console.print("signing it in through the browser", style="dim")
        sign_in(stack)
    return account


def _list_greeted(database: Database, account: AccountRecord) -> frozenset[UUID]:
    """Return the ids of the greetings of earlier runs."""
    with database.transaction() as session:
        lines = overview.list_account_actions(session, account.id)
    return frozenset(line.id for line in lines if line.state is ActionState.DONE)


def _describe_nothing_new(view: View) -> str:
    greeted = sum(line.state is ActionState.DONE for line in view.actions)
    missed = sum(each.reached_at is None for each in view.outlooks.values())
    waiting = sum(line.state is ActionState.PLANNED for line in view.actions) - missed
    left = format_counts((waiting, "person waits", "people wait"), (missed, "is too late", "are too late"))
    people = format_count(greeted, "person was", "people were")
    return (
        f"Nobody new to greet: {people} greeted by earlier runs{f'; {left}' if left else ''}. New birthdays: "
        "`rapport demo --again`"
    )


def _start_campaign(stack: Stack) -> UUID:
    campaign_id = uuid4()
    request = BirthdayCampaign(account=MEMBER.login, late_days=LATE_DAYS, campaign_id=campaign_id)
    client = TaskClient(redis_address.parse(stack.redis_url))
    client.send(request.task, request, correlation_id=str(campaign_id))
    client.close()
    return campaign_id


def _follow_campaign(
    running: RunningStack,
    *,
    database: Database,
    account: AccountRecord,
    campaign_id: UUID,
    events: Sequence[str],
) -> View:
    """Show the progress, and the last of `events`, until nothing is due soon.

    Raises StackError after TIMEOUT.
    """
    stack = running.stack
    addresses = demo_display.list_addresses(running.addresses, stack.data_dir)
    header = [f"{name}: {value}" for name, value in addresses]
    deadline = clock.monotonic_seconds() + TIMEOUT.total_seconds()
    outlook = OutlookReader()
    with open_quota(redis_address.parse(stack.redis_url)) as quota:

        def read() -> View:
            while True:
                running.check()
                header[len(addresses) :] = events[-1:]
                if clock.monotonic_seconds() > deadline:
                    raise StackError(
                        f"not finished after {TIMEOUT}; the logs are in {stack.data_dir / 'logs'}"
                    )
                try:
                    with database.transaction() as session:
                        found = campaigns.list_campaigns(session, [campaign_id])
                        lines = overview.list_account_actions(session, account.id)
                        now = accounts.get_account(session, account.id)
                        return read_view(session, quota, now, found, lines, outlook=outlook)
                except OperationalError:  # Postgres has ended; the next check starts it again
                    time.sleep(_CHECK_SECONDS)

        view = follow(read, _has_ended, header=header, hint="q stops the demo")
    if view is None:
        raise KeyboardInterrupt  # q: there is nothing else to do here than to stop
    return view


def _has_ended(view: View) -> bool:
    """Return whether the campaign is planned and settled. Raises StackError if that can't be any more."""
    if view.account.status is AccountStatus.STOPPED:
        raise StackError(f"the demo can't go on: {view.note}")
    campaign = next(iter(view.campaigns), None)
    if campaign is not None and campaign.state is CampaignState.FAILED:
        raise StackError(f"the campaign failed: {campaign.reason}: {campaign.detail}")
    return campaign is not None and campaign.state is CampaignState.PLANNED and _is_settled(view.actions)


def _is_settled(lines: Sequence[ActionLine]) -> bool:
    """Return whether nothing is in flight and every planned action is due only later."""
    soon = clock.now() + SOON_ENOUGH
    return not any(
        line.state in IN_FLIGHT | {ActionState.UNCERTAIN}
        or (line.state is ActionState.PLANNED and line.not_before < soon)
        for line in lines
    )
