"""`rapport why`: the gates of an account, person or action, and the next step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.text import Text
from sqlalchemy.orm import Session

from api_stub.cli.contacts.source_failures import list_failure_lines
from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    open_session,
    print_answer,
    resolve_action_id,
)
from api_stub.cli.explain.halts import print_halts
from api_stub.cli.explain.next_step import NextStep, find_next_step
from api_stub.cli.explain.upkeep import describe_jobs
from api_stub.cli.explain.why_display import build_gates, find_subject
from api_stub.cli.formatting import create_table, format_time, join_counts, print_text, reason_suffix
from api_stub.cli.hints import as_typed
from api_stub.cli.local_servers import find_redis, load_settings
from api_stub.cli.lookup import WhoseAccount, choose_contact, describe_contact
from api_stub.cli.quota.gates import SOURCE_TEXTS, Gate
from api_stub.cli.quota.reader import open_quota, read_quota
from api_stub.cli.terminal import Console
from api_stub.cli.wording import describe_occasion
from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from api_stub.responses.quota_windows import QuotaReading, Source
from api_stub.stack.errors import NOT_RUNNING
from db.store.people import accounts, lookup
from db.store.people.lookup import ContactRecord
from db.store.reports import birthday_forecast, overview
from db.store.reports import gate_facts as store
from db.store.reports.gate_facts import GateFacts
from db.store.upkeep import UpkeepState, list_jobs
from worker import queues
from worker.errors import ConfigurationError, RequestRefusedError, TryAgainError
from worker.redis_address import RedisAddress
from worker.rules.model import ActionState, Kind
from worker.rules.quota.forecast import ActionForecast
from worker.rules.suggestions import did_you_mean
from worker.secrets import SESSION_UNREADABLE, Vault
from worker.settings import Settings

_MIN_ID_CHARACTERS = 8
"""Fewer digits could be a person's name."""


def why(
    about: Annotated[
        str,
        typer.Argument(
            metavar="ACCOUNT|CONTACT|ACTION",
            help="An account's name; a person's profile address, its last part or words of their name; or an "
            "action's id or its first 8 digits.",
        ),
    ],
    account: WhoseAccount = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Explain why something happens or not: every gate with its number, and the next step.

    This changes nothing.
    """
    person = _choose_person(data, about, account)
    with open_session(data, snapshot=True) as session:
        facts = (
            _get_account_or_action_facts(session, about)
            if person is None
            else store.get_contact_facts(session, person.id)
        )
        facts = _check_session_key(session, facts, load_settings(data))
        outlook = _find_outlook(session, facts)
        upkeep = list_jobs(session)
        if not as_json:
            print_halts(session, facts.account.name)
            for line in list_failure_lines(session, facts.account.name):
                print_text(line, "yellow")
    redis_at = find_redis(data)
    with open_quota(redis_at) as redis:
        reading = read_quota(redis, facts.quota)
    workers = _check_workers(facts, redis_at)
    gates, step = (workers, *build_gates(facts, reading)), find_next_step(facts, reading, outlook)
    if as_json:
        print_answer(_build_answer(facts, reading, gates, step, upkeep))
        return
    console = Console()
    console.print(_render_title(facts))
    table = create_table("gate", "", "what it says", folds_last=True)
    for gate in gates:
        mark = Text("pass", "green") if gate.open else Text("stop", "bold red")
        table.add_row(gate.name, mark, as_typed(gate.says))
    console.print(table)
    source = as_typed(SOURCE_TEXTS[reading.source])
    console.print(Text(f"quota for {facts.kind}: {source}", "dim"))
    console.print(Text(f"upkeep: {describe_jobs(upkeep)}", "dim"))
    console.print(Text(as_typed(step.describe(workers, facts.account.zone)), "bold"))


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """The answer of `rapport why --json`. `quota_source` says where the quota's numbers come from."""

    account: str
    contact: str | None
    action_id: UUID | None
    action_state: ActionState | None
    as_of: datetime
    gates: Sequence[Gate]
    quota_source: Source
    next_step: NextStep
    upkeep: Sequence[UpkeepState]


def _build_answer(
    facts: GateFacts,
    reading: QuotaReading,
    gates: Sequence[Gate],
    step: NextStep,
    upkeep: Sequence[UpkeepState],
) -> WhyAnswer:
    return WhyAnswer(
        account=facts.account.name,
        contact=facts.contact.full_name if facts.contact else None,
        action_id=facts.action.id if facts.action else None,
        action_state=facts.action.state if facts.action else None,
        as_of=facts.now,
        gates=gates,
        quota_source=reading.source,
        next_step=step,
        upkeep=upkeep,
    )


def _find_outlook(session: Session, facts: GateFacts) -> ActionForecast | None:
    """Return the forecast of the greeting whose gates are shown, as `rapport forecast` shows it."""
    about = find_subject(facts)
    if about is None or about.kind is not Kind.GREET or about.contact_id is None:
        return None
    record = accounts.get_account(session, facts.account.id)
    found = birthday_forecast.forecast_greetings(session, record, default_late_days=DEFAULT_LATE_DAYS)
    return found.get((about.contact_id, about.occasion_on))


def _check_workers(facts: GateFacts, redis_at: RedisAddress | None) -> Gate:
    """Return a gate: do workers take the messages that dispatch and perform the action."""
    if redis_at is None:
        return Gate("workers", False, NOT_RUNNING)
    about = find_subject(facts)
    needed = (queues.QUEUE_OF_KIND[about.kind if about else facts.kind], "control")
    try:
        snapshot = queues.take_snapshot_at(redis_at)
    except TryAgainError as error:
        return Gate("workers", False, f"can't tell: {error}")
    return Gate("workers", not snapshot.unconsumed(needed), snapshot.describe(needed))


def _check_session_key(session: Session, facts: GateFacts, settings: Settings) -> GateFacts:
    """Add whether the keys of this process decrypt the account's session."""
    if settings.secret_keys is None:
        return facts  # only browser workers need the keys, and they report what they find
    stored = accounts.get_account(session, facts.account.id).session
    try:
        opens = stored is None or Vault(settings.secret_keys).can_open(stored)
    except ConfigurationError as error:
        return replace(facts, account=replace(facts.account, session_problem=str(error)))
    return replace(
        facts, account=replace(facts.account, session_problem=None if opens else SESSION_UNREADABLE)
    )


def _choose_person(data: Path, about: str, account: str | None) -> ContactRecord | None:
    """Return the person that `about` means, or None for an account or an action."""
    with open_session(data, snapshot=True) as session:
        if account is None and accounts.find_account(session, about) is not None:
            return None
        if len(about) >= _MIN_ID_CHARACTERS and overview.find_action_ids(session, about):
            return None
        if not lookup.find_contacts(session, about, account=account).people:
            raise RequestRefusedError(_describe_unknown(session, about, account))
    return choose_contact(data, about, account=account)


def _describe_unknown(session: Session, about: str, account: str | None) -> str:
    people = [
        f"\n  {describe_contact(each)}" for each in lookup.suggest_contacts(session, about, account=account)
    ]
    near = did_you_mean(accounts.suggest_accounts(session, about))
    if people:
        near = f"{near.removesuffix('?') + ', or one of these' if near else 'did you mean'}:{''.join(people)}"
    return f"no match for {about!r}; " + (
        near
        or "give an account's name, a person's name or profile address, or an action's id (`rapport actions "
        "list` shows them)"
    )


def _get_account_or_action_facts(session: Session, about: str) -> GateFacts:
    if (found := accounts.find_account(session, about)) is not None:
        return store.get_account_facts(session, found.id)
    return store.get_action_facts(session, resolve_action_id(session, about))


def _render_title(facts: GateFacts) -> Text:
    account = facts.account
    text = Text(f"account {account.name} on {account.site}, days begin in {account.zone.key}\n", "dim")
    if facts.contact is not None:
        text.append(f"{facts.contact.full_name}, {facts.contact.profile_url}\n", "bold")
    if facts.action is not None:
        action = facts.action
        occasion = describe_occasion(action.occasion)
        text.append(f"{action.kind} for {occasion} is {action.state}", "bold")
        text.append(reason_suffix(action.reason))
        text.append(f" ({action.detail})" if action.detail else "")
        text.append(f"\naction {action.id}\n", "dim")
    if facts.contact is None:
        counts = join_counts(facts.counts)
        text.append(f"actions: {counts or 'none yet'}\n", "bold")
    text.append(f"as of {format_time(facts.now, account.zone)}", "dim")
    return text
