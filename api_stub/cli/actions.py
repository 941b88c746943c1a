"""`rapport actions`: list and show actions, and settle those that need a person."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text
from sqlalchemy.orm import Session

from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountFilter,
    AsJson,
    DataDir,
    check_account_filter,
    load_zones,
    open_session,
    print_answer,
    require_account,
    resolve_action_id,
)
from api_stub.cli.evidence import list_evidence, open_trace_command
from api_stub.cli.explain.halts import print_halts
from api_stub.cli.formatting import create_table, format_time, print_text, short_id
from api_stub.cli.hints import program
from api_stub.cli.lookup import choose_person
from api_stub.cli.screen.tables import Facts, Table
from api_stub.cli.servers.local_servers import load_settings
from api_stub.cli.terminal import Console
from api_stub.cli.wording import describe_occasion
from api_stub.explain.outlook import Outlooks, describe_wait, read_outlooks
from api_stub.responses.history import ActionOut
from db.store.actions import control, events
from db.store.actions.control import Settlement
from db.store.actions.events import Event
from db.store.people import accounts
from db.store.reports import overview
from db.store.reports.overview import ActionLine
from worker.errors import RequestRefusedError
from worker.rules.model import ActionState, Kind
from worker.rules.quota.forecast import ActionForecast
from worker.rules.wording.reasons import describe_reason
from worker.screenshots import list_traces

app = typer.Typer(
    help="Actions: list and show them, settle those that need a person.",
    no_args_is_help=True,
)

ActionId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The action's id, or enough of its first digits."),
]


@app.command("list")
def list_actions(
    *,
    account: AccountFilter = None,
    state: Annotated[ActionState | None, typer.Option(help="Only those in this state.")] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="WHO", help="Only those about this person, by name or address.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many, newest first.")] = 50,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List actions, newest first, with their state, the reason, and the time until which they wait.

    The first 8 digits of an id are enough for the other commands.
    """
    people = [one.id for one in choose_person(data, contact, account=account)] if contact else None
    with open_session(data) as session:
        check_account_filter(session, account)
        if not as_json:
            print_halts(session, account)
        lines = overview.list_actions(session, limit=limit, account=account, state=state, contacts=people)
        zones = load_zones(session)
        outlooks = {} if as_json else _read_outlooks(session, lines)
    if as_json:
        print_answer([ActionOut.model_validate(line) for line in lines])
        return
    table = create_table("id", "who", "occasion", "state", "why and until when")
    for line in lines:
        table.add_row(
            short_id(line.id),
            line.contact,
            describe_occasion(line.occasion, line.occasion_on),
            line.state,
            _explain_state(line, zones[line.account], outlooks.get(line.id)),
        )
    Console().print(table if lines else "no actions; `rapport why ACCOUNT` says what comes next")


@app.command()
def show(action: ActionId, as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """Show an action's history: every transition with its time, reason, actor and attempt."""
    with open_session(data, snapshot=True) as session:
        action_id = resolve_action_id(session, action)
        line = overview.find_action(session, action_id)
        story = events.list_events(session, action_id)
        owner = accounts.find_account(session, line.account) if line else None
        outlooks = _read_outlooks(session, [line]) if line and not as_json else {}
    if line is None or owner is None:
        raise RequestRefusedError(f"action {action} no longer exists")
    about = line.profile_url or line.occasion
    settings = load_settings(data)
    pictures = list_evidence(settings, owner.id, about, kind=line.kind, recorded=[line.screenshot])
    traces = [str(path) for path in list_traces(settings.evidence_dir, owner.id, about, line.kind)]
    if as_json:
        opened = [{"path": path, "command": open_trace_command(path)} for path in traces]
        print_answer({"action": line, "events": story, "screenshots": pictures, "traces": opened})
        return
    Console().print(_render_action(line, owner.zone, outlooks.get(line.id)))
    for path in pictures:
        print_text(f"screenshot  {path}")
    for path in traces:
        print_text(f"trace       {path}\n            opens with: {open_trace_command(path)}")
    Console().print("", _render_events(story, owner.zone, usual_id=line.correlation_id), sep="\n")


@app.command()
def review(account: AccountFilter = None, as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """List what only a person can settle, and why. Check the thread, then: `rapport actions settle`.

    These messages may have been sent already. Greetings that wait for your approval: `rapport review`.
    """
    with open_session(data) as session:
        check_account_filter(session, account)
        lines = overview.list_actions(session, limit=1000, account=account, state=ActionState.NEEDS_REVIEW)
        zones = load_zones(session)
    if as_json:
        print_answer([ActionOut.model_validate(line) for line in lines])
        return
    console = Console()
    if not lines:
        console.print("nothing to settle")
        return
    for line in lines:
        occasion = describe_occasion(line.occasion, line.occasion_on)
        text = Text(f"{line.contact} ({occasion}), account {line.account}\n", "bold")
        why = _explain_state(line, zones[line.account])
        text.append(f"  {line.profile_url}\n  {why}\n  text: {line.message}\n", "default")
        text.append(f"  {program()} actions settle {short_id(line.id)} done|again|skip", "dim")
        console.print(text)
    console.print(f"{len(lines)} to settle: check each thread first", style="bold")


@app.command()
def settle(
    action: ActionId,
    verdict: Annotated[
        Settlement,
        typer.Argument(
            help="done: the message is in the thread. again: it is not, so send it. "
            "skip: leave this person out."
        ),
    ],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Settle an action that waits for a person, by what you saw in the thread.

    `again` sends another message, unless a worker finds the first one in the thread by then.
    """
    with open_session(data) as session:
        action_id = resolve_action_id(session, action)
        settled = control.settle_by_hand(session, action_id, verdict.state)
        line = overview.find_action(session, action_id)
    if line is None or not settled:
        raise RequestRefusedError(_describe_refusal(line, verdict))
    print_text(_describe_settlement(line, verdict))


def _describe_refusal(line: ActionLine | None, verdict: Settlement) -> str:
    if line is None:
        return "the action no longer exists"
    why = control.describe_unsettled(line.state, verdict)
    return why if line.state is ActionState.NEEDS_REVIEW else f"{why} (`rapport actions review` lists them)"


def _describe_settlement(line: ActionLine, verdict: Settlement) -> str:
    who = f"{line.contact} ({describe_occasion(line.occasion, line.occasion_on)})"
    if verdict is Settlement.AGAIN:
        return (
            f"planned again: {who} gets the message when the gates open (`rapport why {short_id(line.id)}`). "
            "A worker checks the thread first, and sends nothing if the message is there by then."
        )
    quota = "A message that may have been sent still counts in the quota."
    if verdict is Settlement.SKIP:
        return f"skipped: nothing more is sent to {who}. {quota}"
    return (
        f"done: {who} counts as greeted, and nothing more is sent. {quota} "
        "No interaction is recorded, because Rapport itself has not seen the text."
    )


def _read_outlooks(session: Session, lines: Sequence[ActionLine]) -> Outlooks:
    """Return the forecast of the planned greetings among `lines`."""
    planned = [line for line in lines if line.kind is Kind.GREET and line.state is ActionState.PLANNED]
    found: dict[UUID, ActionForecast] = {}
    for name in {line.account for line in planned}:
        found.update(read_outlooks(session, require_account(session, name)))
    return {line.id: found[line.id] for line in planned if line.id in found}


def _explain_state(line: ActionLine, zone: ZoneInfo, outlook: ActionForecast | None = None) -> str:
    """Explain an action's state, and when it goes on: a planned greeting by its forecast."""
    if outlook is not None:
        wait = describe_wait(line.reason, line.not_before, outlook, zone)
        return f"{wait}; {line.detail}" if line.detail else wait
    parts = [describe_reason(line.reason)] if line.reason else []
    if line.detail:
        parts.append(line.detail)
    if line.state in {ActionState.PLANNED, ActionState.UNCERTAIN}:
        parts.append(f"not before {format_time(line.not_before, zone)}")
    return "; ".join(parts)


def _render_action(line: ActionLine, zone: ZoneInfo, outlook: ActionForecast | None) -> Facts:
    rows = {
        "action": str(line.id),
        "who": f"{line.contact}, {line.profile_url}",
        "account": line.account,
        "occasion": f"{line.kind} for {describe_occasion(line.occasion, line.occasion_on)}",
        "state": line.state,
        "why": "; ".join(filter(None, (describe_reason(line.reason) if line.reason else "", line.detail)))
        or "-",
        "not before": format_time(line.not_before, zone),
        **({"forecast": describe_wait(None, line.not_before, outlook, zone)} if outlook else {}),
        "tries": f"{line.attempt}, of which {line.failures} failed; {line.looks} checks found nothing",
        "text": line.sent or (f"{line.message} (not verified)" if line.message else "-"),
        "replied": _format_reply(line, zone),
        "campaign": str(line.campaign_id),
        "correlation": line.correlation_id,
    }
    return Facts(rows.items())


def _format_reply(line: ActionLine, zone: ZoneInfo) -> str:
    if line.replied_at is None:
        return "not known"
    return format_time(line.replied_at, zone) + (f": {line.reply}" if line.reply else "")


def _render_events(story: Sequence[Event], zone: ZoneInfo, *, usual_id: str) -> Table:
    """Return the history; with correlation ids if any is another one than the action's."""
    others = any(event.correlation_id != usual_id for event in story)
    table = create_table("when", "from", "to", "why", "try", "by", *(["correlation"] if others else []))
    for event in story:
        table.add_row(
            format_time(event.at, zone, seconds=True),
            event.from_state or "-",
            event.to_state,
            describe_reason(event.reason) if event.reason else "",
            str(event.attempt),
            event.actor,
            *([event.correlation_id] if others else []),
        )
    return table
