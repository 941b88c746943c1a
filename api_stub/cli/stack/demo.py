"""`rapport demo` and `rapport up`: the whole system with the practice network on this machine."""

import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer
from rich.live import Live

from api_stub.cli.context import DEFAULT_DATA, DataDir
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import format_count
from api_stub.cli.quota.reader import open_quota, read_quota
from api_stub.cli.stack import demo_display, next_steps
from api_stub.cli.stack.demo_account import LIMITS, MEMBER, is_signed_in, prepare_account, sign_in
from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.cli.terminal import Console
from api_stub.client import TaskClient
from api_stub.sandbox.client import SandboxClient
from api_stub.stack.errors import StackError
from api_stub.stack.ledger_check import compare_with_ledger
from api_stub.stack.services import Addresses, run_rapport_stack
from api_stub.stack.stack import Stack
from db.engine import Database
from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from db.store.people.accounts import AccountRecord
from db.store.quota import status
from db.store.reports import overview
from db.store.reports.overview import ActionLine
from tasks.contract import BirthdayCampaign
from worker import clock, redis_address
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import ActionState, CampaignState, Kind
from worker.settings import get_settings

LATE_DAYS = 7

TIMEOUT = timedelta(minutes=5)
SOON_ENOUGH = timedelta(minutes=1)

Workers = Annotated[int, typer.Option(min=1, max=8, help="Browser workers, one Chromium each.")]


def up(data: DataDir = DEFAULT_DATA, workers: Workers = 2) -> None:
    """Start everything and run until Ctrl-C."""
    console = Console()
    with _run_stack(console, data, workers) as (stack, addresses):
        _prepare_account(stack, addresses, console)
        console.print(demo_display.render_addresses(addresses, data))
        steps = next_steps.beside_the_stack(MEMBER.login, data)
        console.print(f"Now try, in another terminal:\n{steps}", soft_wrap=True)
        console.print("running; Ctrl-C stops everything", style="bold")
        while True:
            stack.check()
            time.sleep(1)


def demo(
    data: DataDir = DEFAULT_DATA,
    workers: Workers = 2,
    again: Annotated[
        bool, typer.Option("--again", help="More people of the practice network have a birthday first.")
    ] = False,
) -> None:
    """Greet the birthdays of the practice network, and verify that each greeting arrived once."""
    console = Console()
    with _run_stack(console, data, workers, hasty=True) as (stack, addresses):
        database = Database(stack.database_url, application_name="rapport demo")
        account = _prepare_account(stack, addresses, console, again=again)
        earlier = _list_greeted(database, account)
        if again and earlier:
            SandboxClient(addresses.sandbox, stack.secrets.sandbox_key.get_secret_value()).add_birthdays()
        campaign_id = _start_campaign(stack)
        lines = _follow_campaign(
            console, stack, addresses=addresses, database=database, account=account, campaign_id=campaign_id
        )
        key = stack.secrets.sandbox_key.get_secret_value()
        verdict = compare_with_ledger(lines, SandboxClient(addresses.sandbox, key).ledger(MEMBER.login))
        database.close()
    shown = [line for line in lines if line.id not in earlier]
    if any(line.state is ActionState.DONE for line in shown):
        console.print(demo_display.render_result(shown))
        console.print(f"screenshots: {data / 'evidence'}", soft_wrap=True)
    else:
        console.print(_describe_nothing_new(lines))
    for problem in verdict.problems:
        console.print(problem, style="bold red")
    console.print(str(verdict), style="bold green" if not verdict.problems else "bold red")
    if verdict.problems:
        sys.exit(ExitCode.FOUND)
    console.print(f"Now try:\n{next_steps.after_the_demo(lines, MEMBER.login, data)}", soft_wrap=True)


def _run_stack(
    console: Console, data: Path, workers: int, *, hasty: bool = False
) -> AbstractContextManager[tuple[Stack, Addresses]]:
    get_settings()  # reports a wrong variable before anything starts

    def say(step: str) -> None:
        console.print(step, style="dim")

    return run_rapport_stack(
        data, migrate=migrate_and_seed, browser_workers=workers, on_step=say, hasty=hasty
    )


def _prepare_account(
    stack: Stack, addresses: Addresses, console: Console, *, again: bool = False
) -> AccountRecord:
    """Add the demo account with its limits, and sign it in through a browser if it isn't signed in."""
    database = Database(stack.database_url, application_name="rapport demo")
    account = prepare_account(database, again=again)
    database.close()
    console.print(
        f"account {MEMBER.login} on the practice network, with sandbox limits: "
        f"{LIMITS.per_day} greetings a day, about {LIMITS.gap_min.total_seconds():.0f} s apart"
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


def _describe_nothing_new(lines: Sequence[ActionLine]) -> str:
    greeted = sum(line.state is ActionState.DONE for line in lines)
    waiting = sum(line.state is ActionState.PLANNED for line in lines)
    later = (
        f", and {format_count(waiting, 'person waits', 'people wait')} for the next day" if waiting else ""
    )
    people = format_count(greeted, "person was", "people were")
    return (
        f"Nobody new to greet: {people} greeted by earlier runs{later}. New birthdays: `rapport demo --again`"
    )


def _start_campaign(stack: Stack) -> UUID:
    campaign_id = uuid4()
    request = BirthdayCampaign(account=MEMBER.login, late_days=LATE_DAYS, campaign_id=campaign_id)
    client = TaskClient(redis_address.parse(stack.redis_url))
    client.send(request.task, request, correlation_id=str(campaign_id))
    client.close()
    return campaign_id


def _follow_campaign(
    console: Console,
    stack: Stack,
    *,
    addresses: Addresses,
    database: Database,
    account: AccountRecord,
    campaign_id: UUID,
) -> Sequence[ActionLine]:
    """Show the progress until nothing is due soon. Raises StackError after TIMEOUT."""
    header = demo_display.render_addresses(addresses, stack.data_dir)
    deadline = clock.monotonic_seconds() + TIMEOUT.total_seconds()
    with (
        open_quota(redis_address.parse(stack.redis_url)) as redis,
        Live(console=console, refresh_per_second=4, transient=True) as screen,
    ):
        while True:
            stack.check()
            with database.transaction() as session:
                campaign = campaigns.find_campaign(session, campaign_id)
                lines = overview.list_account_actions(session, account.id)
                quota = status.get_kind_status(session, account.id, Kind.GREET, str(campaign_id))
            left = read_quota(redis, quota).decision.remaining
            screen.update(demo_display.render_progress(lines, left, _describe_progress(campaign), header))
            if campaign and campaign.state is CampaignState.FAILED:
                raise StackError(f"the campaign failed: {campaign.reason}: {campaign.detail}")
            if campaign and campaign.state is CampaignState.PLANNED and _is_settled(lines):
                return lines
            if clock.monotonic_seconds() > deadline:
                raise StackError(f"not finished after {TIMEOUT}; the logs are in {stack.data_dir / 'logs'}")
            time.sleep(0.25)


def _describe_progress(campaign: CampaignRecord | None) -> str:
    if campaign is None:
        return "the campaign is on its way through Redis"
    if campaign.state is CampaignState.READING:
        return "a browser worker reads the birthdays page"
    return "browser workers greet, one person at a time"


def _is_settled(lines: Sequence[ActionLine]) -> bool:
    """Return whether nothing is in flight and every planned action is due only later."""
    soon = clock.now() + SOON_ENOUGH
    return not any(
        line.state in IN_FLIGHT | {ActionState.UNCERTAIN}
        or (line.state is ActionState.PLANNED and line.not_before < soon)
        for line in lines
    )
