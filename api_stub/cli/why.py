"""`rapport why`: what lets something happen, what does not, and what comes next."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from api_stub.cli.context import DEFAULT_DATA, DataDir, opened, settings_of, the_one
from api_stub.cli.formatting import in_words, utc
from api_stub.cli.quota.gates import SOURCES, Gate
from api_stub.cli.quota.reader import ask, asking
from api_stub.cli.terminal import Console
from api_stub.cli.why_display import gates, next_step, subject
from db.store.people import accounts, contacts
from db.store.people.contacts import ContactRecord
from db.store.reports import gate_facts as store
from db.store.reports import overview
from db.store.reports.gate_facts import Facts
from worker import queues
from worker.errors import ConfigurationError, RequestRefusedError, TryAgainError
from worker.redis_address import RedisAddress
from worker.secrets import UNOPENED, Vault
from worker.settings import Settings

_SHORTEST_ID = 8
"""So many digits make an action's id; less could be somebody's name."""


def why(
    about: Annotated[
        str,
        typer.Argument(
            metavar="ACCOUNT|CONTACT|ACTION",
            help="An account's name; a person's profile address, its last part or their whole name; or an "
            "action's id or its first 8 digits.",
        ),
    ],
    account: Annotated[str | None, typer.Option(help="Look for the person in this account only.")] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Say why something happens or does not: every gate with its number, and what comes next.

    Nothing is changed by asking. All times are UTC.
    """
    with opened(data) as database, database.transaction() as session:
        overview.freeze(session)
        facts = _tried(session, _find(session, about, account), settings_of(data))
    redis_at = settings_of(data).redis
    with asking(redis_at) as redis:
        told = ask(redis, facts.quota)
    workers = _workers(facts, redis_at)
    console = Console()
    console.print(_title(facts))
    table = Table("gate", "", "what it says", box=None, pad_edge=False)
    for gate in (workers, *gates(facts, told)):
        mark = Text("pass", "green") if gate.open else Text("stop", "bold red")
        table.add_row(gate.name, mark, Text(gate.says, overflow="fold"))
    console.print(table)
    console.print(Text(f"quota for {facts.kind}: {SOURCES[told.source]}", "dim"), soft_wrap=True)
    console.print(Text(next_step(facts, told).with_workers(workers), "bold"), soft_wrap=True)


def _workers(facts: Facts, redis_at: RedisAddress) -> Gate:
    """Return whether workers take the messages that dispatch the action and that carry it out."""
    about = subject(facts)
    needed = (queues.QUEUE_OF[about.kind if about else facts.kind], "control")
    try:
        look = queues.look_at(redis_at)
    except TryAgainError as error:
        return Gate("workers", False, f"can't tell: {error}")
    return Gate("workers", not look.untaken(needed), look.says(needed))


def _tried(session: Session, facts: Facts, settings: Settings) -> Facts:
    """Add whether the keys at hand open the account's session."""
    if settings.secret_keys is None:
        return facts  # only the browser workers need the keys, and they say what they find
    stored = accounts.by_id(session, facts.account.id).session
    try:
        opens = stored is None or Vault(settings.secret_keys).opens(stored)
    except ConfigurationError as error:
        return replace(facts, account=replace(facts.account, sealed=str(error)))
    return replace(facts, account=replace(facts.account, sealed=None if opens else UNOPENED))


def _find(session: Session, about: str, account: str | None) -> Facts:
    if account is None and (found := accounts.by_name(session, about)) is not None:
        return store.about_account(session, found.id)
    if len(about) >= _SHORTEST_ID and (ids := overview.actions_by_prefix(session, about)):
        hint = "`rapport actions list` shows them"
        return store.about_action(session, the_one(ids, "action", about, hint=hint))
    people = contacts.matching(session, about, account=account)
    if not people:
        raise RequestRefusedError(
            f"nothing is called {about!r}: give an account's name, a person's profile address or whole name, "
            "or an action's id (`rapport actions list` shows them)"
        )
    if len(people) > 1:
        raise RequestRefusedError(ambiguous(about, people))
    return store.about_contact(session, people[0].id)


def ambiguous(given: str, people: Sequence[ContactRecord]) -> str:
    """Say who may be meant, and what to give instead."""
    listed = "\n".join(f"  {p.full_name}, {p.profile_url}, of account {p.account}" for p in people)
    return f"{given!r} may be one of these; give the address, or --account:\n{listed}"


def _title(facts: Facts) -> Text:
    account = facts.account
    text = Text(f"account {account.name} on {account.site}, days begin in {account.zone.key}\n", "dim")
    if facts.contact is not None:
        text.append(f"{facts.contact.full_name}, {facts.contact.profile_url}\n", "bold")
    if facts.action is not None:
        action = facts.action
        text.append(f"{action.kind} for {action.occasion} is {action.state}", "bold")
        text.append(f": {in_words(action.reason)}" if action.reason else "")
        text.append(f" ({action.detail})" if action.detail else "")
        text.append(f"\naction {action.id}\n", "dim")
    if facts.contact is None:
        told = ", ".join(f"{count} {state}" for state, count in facts.counts.items())
        text.append(f"actions: {told or 'none yet'}\n", "bold")
    text.append(f"as of {utc(facts.now)}", "dim")
    return text
