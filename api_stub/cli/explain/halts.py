"""Say what stops an account, and what to do about it, before anything else is shown."""

from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy.orm import Session

from api_stub.cli.explain.sign_ins import list_expiry_lines
from api_stub.cli.explain.upkeep import list_late_lines
from api_stub.cli.formatting import describe_reason, print_text
from api_stub.sandbox.population.members import MEMBERS
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.reports import halts as store
from worker.errors import Reason
from worker.rules.halts import NEEDS_ATTENTION, RESUMED_BY_HAND, Halt, HaltCause

_FIRST: Final[Mapping[Reason, str]] = {
    Reason.SITE_CHANGED: "see what changed: `rapport selectors check {} --profile ADDRESS --compose`",
    Reason.LANGUAGE_UNKNOWN: "choose English, French, German, Spanish or Polish in the site's settings",
    Reason.ENTER_SENDS: "choose to send by clicking Send, in the conversation's own menu on the site",
    Reason.ACCOUNT_HELD: "look at the account on the site and wait if it asks for that",
}
"""What a person does before an account is resumed."""


def print_halts(session: Session, account: str | None = None) -> None:
    """Print a line for each account that is stopped; of one account, whatever keeps it from acting.

    Then a line for each sign-in that has expired or soon will, and one if upkeep is late.
    """
    urgent = (*list_halt_lines(session, account), *list_expiry_lines(session, account))
    for line in (*urgent, *list_late_lines(session)):
        print_text(line, "bold red")


def list_halt_lines(session: Session, account: str | None = None) -> Iterator[str]:
    """Yield the lines of `print_halts`."""
    if account is not None:
        record = accounts.find_account(session, account)
        halted = store.list_halts(session, record)[:1] if record is not None else ()
        yield from (describe_halt(record, halt) for halt in halted if record is not None)
        return
    found = store.list_halted_accounts(session)
    lines = (describe_halt(each, halt) for each, halt in found if halt.cause in NEEDS_ATTENTION)
    yield from dict.fromkeys(lines)  # the kill switch once


def describe_halt(account: AccountRecord, halt: Halt) -> str:
    """Return what stops the account and what to do about it, in one line."""
    return f"{name_halt(account.name, halt)}; {advise(account.name, account.site, halt)}"


def name_halt(name: str, halt: Halt) -> str:
    """Return what stops the account."""
    if halt.cause is HaltCause.KILL_SWITCH:
        return "the kill switch is on: nothing is read or sent"
    if halt.cause is HaltCause.ACCOUNT_PAUSED:
        return f"account {name} is paused"
    if halt.cause is HaltCause.NOT_SIGNED_IN:
        return f"account {name} has not signed in yet"
    return f"account {name} is stopped: {describe_reason(halt.reason) if halt.reason else 'see the logs'}"


def advise(name: str, site: str, halt: Halt) -> str:
    """Return what a person can do about it. A command in it is accepted as things are."""
    if halt.cause is HaltCause.KILL_SWITCH:
        return "to resume: `rapport resume-everything`"
    if halt.cause is HaltCause.ACCOUNT_PAUSED:
        return f"to resume: `rapport account resume {name}`"
    if halt.cause is HaltCause.NOT_SIGNED_IN:
        return advise_sign_in(name, site)
    if halt.reason in RESUMED_BY_HAND:
        first = _FIRST[halt.reason].format(name)
        return f"{first}, then resume it: `rapport account resume {name}`"
    return f"check the account on the site, then {advise_sign_in(name, site)}"


def advise_sign_in(name: str, site: str) -> str:
    """Return how to sign the account in, or why that is not possible."""
    if site == "sandbox" and name not in MEMBERS:
        known = " and ".join(MEMBERS)
        return f"use another account: the practice network has no member called {name}, only {known}"
    return f"sign in: `rapport account sign-in {name}`"
