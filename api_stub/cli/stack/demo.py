"""The demo: greet the birthdays of the practice network, and verify that each greeting arrived once."""

import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy.exc import OperationalError

from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import format_counts, print_text
from api_stub.cli.quota.reader import open_quota
from api_stub.cli.stack import demo_display, next_steps
from api_stub.cli.stack.demo_account import MEMBER, is_signed_in, prepare_account, sign_in
from api_stub.cli.terminal import Console
from api_stub.cli.users.address import describe_link
from api_stub.cli.watch.follow import follow
from api_stub.cli.watch.view import OutlookReader, View, read_view
from api_stub.client import TaskClient
from api_stub.sandbox.client import SandboxClient
from api_stub.stack.errors import StackError
from api_stub.stack.ledger_check import LedgerCheck, compare_with_ledger
from api_stub.stack.running import RunningStack
from api_stub.stack.stack import Stack
from db.engine import Database
from db.store.campaigns import campaigns
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota.limits import get_configured_limits
from db.store.reports import overview
from db.store.reports.overview import ActionLine
from tasks.contract import BirthdayCampaign
from worker import clock
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import AccountStatus, ActionState, CampaignState, Kind
from worker.rules.quota.notation import format_gap
from worker.rules.wording.counts import format_count
from worker.servers import redis_address
from worker.settings import get_settings

LATE_DAYS = 7

TIMEOUT = timedelta(minutes=5)
HEAD_START = timedelta(seconds=10)
SOON_ENOUGH = timedelta(minutes=1)
_CHECK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Result:
    """What a demo did. `earlier` are the greetings of earlier runs."""

    view: View
    earlier: frozenset[UUID]
    verdict: LedgerCheck


def run_demo(running: RunningStack, console: Console, *, again: bool, events: Sequence[str]) -> Result:
    """Greet the birthdays, follow the campaign, and compare what was sent with the network's ledger."""
    stack, addresses = running.stack, running.addresses
    key = stack.secrets.sandbox_key.get_secret_value()
    database = Database(stack.database_url, application_name="rapport demo")
    account = prepare_demo_account(running, console, again=again)
    earlier = _list_greeted(database, account)
    if again and earlier:
        SandboxClient(addresses.sandbox, key).add_birthdays()
    campaign_id = _start_campaign(stack)
    view = _follow_campaign(
        running, database=database, account=account, campaign_id=campaign_id, earlier=earlier, events=events
    )
    verdict = compare_with_ledger(view.actions, SandboxClient(addresses.sandbox, key).ledger(MEMBER.login))
    database.close()
    return Result(view, earlier, verdict)


def print_result(result: Result, console: Console, data: Path) -> None:
    """Print the greetings and what to try next. Exits with 4 if the ledger differs."""
    view, verdict = result.view, result.verdict
    if any(_is_greeted(line, result.earlier) for line in view.actions):
        shown = [line for line in view.actions if line.id not in result.earlier]
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


def print_addresses(
    running: RunningStack, console: Console, data: Path, *, in_background: bool = False
) -> None:
    """Print where what runs can be reached, and what to try beside it."""
    console.print(demo_display.render_addresses(running.addresses, data))
    steps = next_steps.beside_the_stack(MEMBER.login, data)
    console.print(f"Now try{'' if in_background else ', in another terminal'}:\n{steps}", soft_wrap=True)


def print_console_address(running: RunningStack, console: Console) -> None:
    """Print a link that opens the console once, for its first user."""
    database = Database(running.stack.database_url, application_name="rapport up")
    with database.transaction() as session:
        text = describe_link(session, get_settings(), running.addresses.api)
    database.close()
    console.print(text, style="bold", soft_wrap=True)


def prepare_demo_account(running: RunningStack, console: Console, *, again: bool = False) -> AccountRecord:
    """Add the demo account with its limits, and sign it in through a browser if it isn't signed in."""
    stack = running.stack
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
    if not is_signed_in(stack, running.addresses, account):
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
    earlier: Collection[UUID],
    events: Sequence[str],
) -> View:
    """Show the progress, and the last of `events`, until nothing is due soon.

    The other services start after the first greeting, because they would delay it, or after HEAD_START.
    Raises StackError after TIMEOUT.
    """
    stack = running.stack
    addresses = demo_display.list_addresses(running.addresses, stack.data_dir)
    header = [f"{name}: {value}" for name, value in addresses]
    began = clock.monotonic_seconds()
    outlook = OutlookReader()
    with open_quota(redis_address.parse(stack.redis_url)) as quota:

        def read() -> View:
            while True:
                running.check()
                header[len(addresses) :] = events[-1:]
                elapsed = timedelta(seconds=clock.monotonic_seconds() - began)
                if elapsed > TIMEOUT:
                    raise StackError(
                        f"not finished after {TIMEOUT}; the logs are in {stack.data_dir / 'logs'}"
                    )
                try:
                    with database.transaction() as session:
                        found = campaigns.list_campaigns(session, [campaign_id])
                        lines = overview.list_account_actions(session, account.id)
                        now = accounts.get_account(session, account.id)
                        view = read_view(session, quota, now, found, lines, outlook=outlook)
                except OperationalError:  # Postgres has ended; the next check starts it again
                    time.sleep(_CHECK_SECONDS)
                    continue
                if elapsed > HEAD_START or any(_is_greeted(line, earlier) for line in lines):
                    running.mark_ready()
                return view

        view = follow(read, _has_ended, header=header, hint="q stops the demo")
    if view is None:
        raise KeyboardInterrupt  # q: there is nothing else to do here than to stop
    return view


def _is_greeted(line: ActionLine, earlier: Collection[UUID]) -> bool:
    """Return whether this run has sent the greeting."""
    return line.state is ActionState.DONE and line.id not in earlier


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
