"""Say what stops an account, and what a person can do about it."""

from api_stub.sandbox.population.members import MEMBERS
from db.store.people.accounts import AccountRecord
from worker.rules.halts import Halt, advise, name_halt


def describe_halt(account: AccountRecord, halt: Halt) -> str:
    """Return what stops the account and what to do about it, in one line."""
    sign_in = advise_sign_in(account.name, account.site)
    return f"{name_halt(account.name, halt)}; {advise(account.name, halt, sign_in=sign_in)}"


def advise_sign_in(name: str, site: str) -> str:
    """Return how to sign the account in, or why that is not possible."""
    if site == "sandbox" and name not in MEMBERS:
        known = " and ".join(MEMBERS)
        return f"use another account: the practice network has no member called {name}, only {known}"
    return f"sign in: `rapport account sign-in {name}`"
