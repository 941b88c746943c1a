"""The account of `rapport demo` and `rapport up`: its limits, its sign-in, and new birthdays for it."""

import http.client
import json
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api_stub.sandbox.population.members import MEMBERS
from api_stub.stack.errors import DemoNameTakenError
from api_stub.stack.services import Addresses
from api_stub.stack.stack import Service, Stack
from db.engine import Database
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits, status
from worker.processes import Process
from worker.rules.model import AccountStatus, Kind
from worker.rules.quota.limits import Limits, Totals
from worker.secrets import Vault

MEMBER: Final = MEMBERS["demo"]
_DEMO: Final = "rapport demo"
_SITE: Final = "sandbox"

LIMITS: Final = Limits(
    per_run=15, per_day=12, per_week=75, gap_min=timedelta(seconds=0.8), gap_max=timedelta(seconds=1.2)
)
"""A new practice network has 13 birthdays; with 12 a day, one person visibly has to wait."""


def prepare_account(database: Database, *, again: bool) -> AccountRecord:
    """Add the demo account with its limits. With `again` it may greet 12 more today.

    The limits and the time zone that a person has set stay. Raises DemoNameTakenError if the account of this
    name is on another site.
    """
    with database.transaction() as session:
        account = accounts.find_account(session, MEMBER.login) or accounts.add_account(
            session, name=MEMBER.login, site=_SITE, zone=ZoneInfo("UTC")
        )
        if account.site != _SITE:
            raise DemoNameTakenError(
                f"account {account.name} is on {account.site}, and `rapport demo` needs that name "
                "on the practice network: give it another folder with --data"
            )
        _set_limits(session, account, again=again)
    return account


def _set_limits(session: Session, account: AccountRecord, *, again: bool) -> None:
    configured = limits.get_configured_limits(session, account.id, Kind.GREET)
    base = configured if _has_own_limits(session, account) else LIMITS
    used = status.get_kind_status(session, account.id, Kind.GREET, "").used
    more = LIMITS.per_day if again else 0
    wanted = replace(
        base,
        per_day=max(base.per_day, used.day + more),
        per_week=max(base.per_week, used.week + LIMITS.per_day),
    )
    if configured != wanted and (again or base is LIMITS):
        limits.set_limits(session, account.id, Kind.GREET, wanted, by=_DEMO)
    totals = limits.get_configured_totals(session, account.id)
    needed = Totals(
        max(totals.per_day, used.all_day + more), max(totals.per_week, used.all_week + LIMITS.per_day)
    )
    if needed != totals:
        limits.set_totals(session, account.id, needed, by=_DEMO)


def _has_own_limits(session: Session, account: AccountRecord) -> bool:
    """Return whether a person ever changed the limits of greetings."""
    changes = limits.list_changes(session, account.id)
    return any(each.what == Kind.GREET and each.by != _DEMO for each in changes)


def is_signed_in(stack: Stack, addresses: Addresses, account: AccountRecord) -> bool:
    """Return whether the stored session still opens the practice network. Needs no browser."""
    vault = Vault(stack.secrets.secret_key)
    if account.status is not AccountStatus.ACTIVE or account.session is None:
        return False
    if not vault.can_open(account.session):
        return False
    kept = json.loads(vault.open(account.session).get_secret_value())
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in kept["cookies"])
    connection = http.client.HTTPConnection(urlsplit(addresses.sandbox).netloc, timeout=10)
    try:
        connection.request("GET", "/feed/", headers={"Cookie": cookies})
        return connection.getresponse().status == http.HTTPStatus.OK
    finally:
        connection.close()


def sign_in(stack: Stack) -> None:
    """Sign the account in through a browser. Raises StackError, with the tail of its log, if that fails."""
    argv = (sys.executable, "-m", "api_stub.cli", "account", "sign-in", MEMBER.login)
    stack.run(Service("sign-in", argv, process=Process.SIGN_IN))
