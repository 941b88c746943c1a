"""Accounts of the practice network's two members, without limits that matter, and people to greet."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text

from api_stub.sandbox.client import SandboxClient
from bench.system.practice_network import TIMEOUT
from bench.system.stack import Stack
from db.store.people import accounts
from worker.browser.chromium import find_chromium
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.signin import sign_in

_MEMBERS: Final = ("demo", "demo2")
_ADD_ACCOUNTS: Final = text(
    "insert into accounts (name, site, time_zone) "
    "select 'a' || n, 'sandbox', 'UTC' from generate_series(1, :accounts) n"
)
_LIMITS: Final = text("""
with limits as (
    insert into quota_limits (account_id, kind, per_run, per_day, per_week, gap_min_ms, gap_max_ms)
    select id, 'greet', 1000000, 1000000, 1000000, 0, 0 from accounts
)
insert into quota_totals select id, 1000000, 1000000 from accounts
""")


def sign_in_members(site: SandboxClient, accounts: int) -> Sequence[str]:
    """Return the session of each of so many accounts, which are the members in turn."""
    states = []
    with BrowserPool(chromium=find_chromium(), timeout=TIMEOUT) as pool:
        for account, member in enumerate(_MEMBERS):
            sign_in(pool.page_for(account, None), site.base_url, member, "demo-password")
            states.append(pool.storage_state(account))
    return [states[number % len(states)] for number in range(accounts)]


def add_accounts(stack: Stack, sessions: Sequence[str]) -> None:
    """Add an account for each session, `a1` and so on."""
    with stack.database.transaction() as session:
        session.execute(_ADD_ACCOUNTS, {"accounts": len(sessions)})
        for account, state in zip(accounts.list_accounts(session), sessions, strict=True):
            accounts.save_session(session, account.id, stack.vault.seal(state))
        session.execute(_LIMITS)


def add_people(site: SandboxClient, number: int) -> dict[str, str]:
    """Let so many people have a birthday around today; return their names by slug."""
    slugs = list[str]()
    while len(slugs) < number:
        slugs += site.add_birthdays()
    names = {person.slug: person.name for person in site.people()}
    return {slug: names[slug] for slug in slugs[:number]}
