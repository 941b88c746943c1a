"""`rapport why`: the gates of an account, person or action, and the next step."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy.orm import Session

from api_stub.checks.words import describe_jobs
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
from api_stub.cli.formatting import create_table, format_time, join_counts, print_text
from api_stub.cli.hints import as_typed, describe_log
from api_stub.cli.lookup import WhoseAccount, choose_contact, describe_contact
from api_stub.cli.quota.reader import open_quota, read_quota
from api_stub.cli.servers.local_servers import describe_not_running, find_redis, load_settings
from api_stub.cli.terminal import Console
from api_stub.cli.wording import describe_occasion
from api_stub.explain.gates import find_subject
from api_stub.explain.quota_gates import SOURCE_TEXTS, Gate
from api_stub.explain.why import build_why_answer, check_session_key, check_workers, find_outlook
from db.store.people import accounts, lookup
from db.store.people.lookup import ContactRecord
from db.store.reports import gate_facts as store
from db.store.reports import overview
from db.store.reports.gate_facts import GateFacts
from db.store.upkeep import list_jobs
from worker.errors import RequestRefusedError
from worker.rules.texts.suggestions import did_you_mean
from worker.rules.wording.reasons import reason_suffix

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
        facts = check_session_key(session, facts, load_settings(data).secret_keys)
        outlook = find_outlook(session, facts)
        upkeep = list_jobs(session)
        if not as_json:
            print_halts(session, facts.account.name)
            for line in list_failure_lines(session, facts.account.name):
                print_text(line, "yellow")
    redis_at = find_redis(data)
    with open_quota(redis_at) as redis:
        reading = read_quota(redis, facts.quota)
    workers = (
        check_workers(facts, redis_at)
        if redis_at is not None
        else Gate("workers", False, describe_not_running(data))
    )
    answer = build_why_answer(facts, reading, workers, outlook, upkeep)
    if as_json:
        print_answer(answer)
        return
    console = Console()
    console.print(_render_title(facts))
    table = create_table("gate", "", "what it says", folds_last=True)
    for gate in answer.gates:
        mark = Text("pass", "green") if gate.open else Text("stop", "bold red")
        table.add_row(gate.name, mark, as_typed(gate.says))
    console.print(table)
    source = as_typed(SOURCE_TEXTS[reading.source])
    console.print(Text(f"quota for {facts.kind}: {source}", "dim"))
    console.print(Text(f"upkeep: {describe_jobs(upkeep)}", "dim"))
    if (subject := find_subject(facts)) is not None:
        console.print(Text(describe_log(subject.correlation_id), "dim"), soft_wrap=True)
    console.print(Text(as_typed(answer.next_step.describe(workers, facts.account.zone)), "bold"))


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
