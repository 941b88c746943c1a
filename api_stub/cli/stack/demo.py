"""`rapport demo` and `rapport up`: the whole system with the practice network on this machine."""

import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import typer

from api_stub.cli.context import DEFAULT_DATA, DataDir
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.quota.reader import open_quota
from api_stub.cli.stack import demo_display
from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.cli.terminal import Console
from api_stub.cli.watch.follow import follow
from api_stub.cli.watch.view import View, read_view
from api_stub.sandbox.client import SandboxClient
from api_stub.stack.errors import StackError
from api_stub.stack.ledger_check import compare_with_ledger
from api_stub.stack.services import Addresses, run_rapport_stack
from api_stub.stack.stack import Service, Stack
from db.engine import Database
from db.store.campaigns import campaigns
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.store.reports import overview
from db.store.reports.overview import ActionLine
from worker import clock, redis_address
from worker.processes import Process
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import ActionState, CampaignState, Kind
from worker.rules.quota.limits import Limits
from worker.settings import get_settings

MEMBER = "demo"
LATE_DAYS = 7
LIMITS = Limits(
    per_run=15, per_day=12, per_week=75, gap_min=timedelta(seconds=0.8), gap_max=timedelta(seconds=1.2)
)
"""A new practice network has 13 birthdays; with 12 a day, one person visibly has to wait."""

TIMEOUT = timedelta(minutes=5)
SOON_ENOUGH = timedelta(minutes=1)

Workers = Annotated[int, typer.Option(min=1, max=8, help="Browser workers, one Chromium each.")]


def up(data: DataDir = DEFAULT_DATA, workers: Workers = 2) -> None:
    """Start everything and run until Ctrl-C."""
    console = Console()
    with _run_stack(console, data, workers) as (stack, addresses):
        _prepare_account(stack, console)
        console.print(demo_display.render_addresses(addresses, data))
        console.print("running; Ctrl-C stops everything", style="bold")
        while True:
            stack.check()
            time.sleep(1)


def demo(data: DataDir = DEFAULT_DATA, workers: Workers = 2) -> None:
    """Greet the birthdays of the practice network, and verify that each greeting arrived once."""
    console = Console()
    with _run_stack(console, data, workers) as (stack, addresses):
        database = Database(stack.database_url, application_name="rapport demo")
        account = _prepare_account(stack, console)
        campaign_id = _start_campaign(stack, addresses)
        lines = _follow_campaign(
            stack, addresses=addresses, database=database, account=account, campaign_id=campaign_id
        )
        key = stack.secrets.sandbox_key.get_secret_value()
        verdict = compare_with_ledger(lines, SandboxClient(addresses.sandbox, key).ledger(MEMBER))
        database.close()
    console.print(demo_display.render_result(lines, account.zone))
    console.print(f"screenshots: {data / 'evidence'}", soft_wrap=True)
    for problem in verdict.problems:
        console.print(problem, style="bold red")
    console.print(str(verdict), style="bold green" if not verdict.problems else "bold red")
    if verdict.problems:
        sys.exit(ExitCode.FOUND)


def _run_stack(console: Console, data: Path, workers: int) -> AbstractContextManager[tuple[Stack, Addresses]]:
    get_settings()  # reports a wrong variable before anything starts

    def say(step: str) -> None:
        console.print(step, style="dim")

    return run_rapport_stack(data, migrate=migrate_and_seed, browser_workers=workers, on_step=say)


def _prepare_account(stack: Stack, console: Console) -> AccountRecord:
    """Add the demo account with its limits, and sign it in through a browser."""
    database = Database(stack.database_url, application_name="rapport demo")
    with database.transaction() as session:
        account = accounts.add_account(session, name=MEMBER, site="sandbox", zone=ZoneInfo("UTC"))
        if limits.get_configured_limits(session, account.id, Kind.GREET) != LIMITS:
            limits.set_limits(session, account.id, Kind.GREET, LIMITS, by="rapport demo")
    database.close()
    console.print(
        f"account {MEMBER} on the practice network, with sandbox limits: "
        f"{LIMITS.per_day} greetings a day, about {LIMITS.gap_min.total_seconds():.0f} s apart"
    )
    console.print("signing it in through the browser", style="dim")
    argv = (sys.executable, "-m", "api_stub.cli", "account", "sign-in", MEMBER)
    stack.run(Service("sign-in", argv, process=Process.SIGN_IN))
    return account


def _start_campaign(stack: Stack, addresses: Addresses) -> UUID:
    answer = httpx.post(
        f"{addresses.api}/control/birthday",
        headers={"X-API-Key": stack.secrets.api_key.get_secret_value()},
        json={"account": MEMBER, "late_days": LATE_DAYS},
    )
    if answer.status_code != 202:
        raise StackError(f"the front door refused the campaign: {answer.text}")
    return UUID(answer.json()["campaign_id"])


def _follow_campaign(
    stack: Stack,
    *,
    addresses: Addresses,
    database: Database,
    account: AccountRecord,
    campaign_id: UUID,
) -> Sequence[ActionLine]:
    """Show the progress until nothing is due soon. Raises StackError after TIMEOUT."""
    header = [f"{name}: {value}" for name, value in demo_display.list_addresses(addresses, stack.data_dir)]
    deadline = clock.monotonic_seconds() + TIMEOUT.total_seconds()
    with open_quota(redis_address.parse(stack.redis_url)) as quota:

        def read() -> View:
            stack.check()
            if clock.monotonic_seconds() > deadline:
                raise StackError(f"not finished after {TIMEOUT}; the logs are in {stack.data_dir / 'logs'}")
            with database.transaction() as session:
                found = campaigns.list_campaigns(session, [campaign_id])
                lines = overview.list_account_actions(session, account.id)
                return read_view(session, quota, account, found, lines)

        view = follow(read, _has_ended, header=header, hint="q stops the demo")
    if view is None:
        raise KeyboardInterrupt  # q: there is nothing else to do here than to stop
    return view.actions


def _has_ended(view: View) -> bool:
    """Return whether the campaign is planned and settled. Raises StackError if it failed."""
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
