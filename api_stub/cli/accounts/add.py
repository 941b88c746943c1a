"""`rapport account add`: add an account, or move one to another time zone."""

from typing import Annotated

import typer
from pydantic import TypeAdapter

from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountArgument,
    DataDir,
    get_terminal_user,
    open_database,
    validate_name,
)
from api_stub.cli.formatting import print_text
from api_stub.cli.screen.prompts import ask, is_interactive, require_typed_yes
from api_stub.explain.halts import advise_sign_in
from api_stub.explain.quota_gates import WARM_UP_TEXT
from api_stub.sandbox.population.members import MEMBERS
from db.engine import Database
from db.store.people import accounts
from db.store.quota import new_accounts
from tasks.contract import AccountName
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.dates.zones import parse_zone
from worker.rules.sites.registry import SITES

_SANDBOX = "sandbox"
_SITES = tuple(site.name for site in SITES.values() if site.offered)
_LISTED = " or ".join(f"{site} (the practice network)" if site == _SANDBOX else site for site in _SITES)


def add_account(
    name: AccountArgument,
    site: Annotated[
        str | None,
        typer.Option(
            help=f"The account's site: {_LISTED}. Default: inferred from the name and the known contacts, "
            "or asked for."
        ),
    ] = None,
    time_zone: Annotated[
        str, typer.Option(help="The account's time zone (IANA), such as Europe/Paris.")
    ] = "UTC",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add an account, or move one to another time zone.

    A new account of a real site may do only a part of its limits in its first three weeks, and asks for
    a typed yes, because the site's user agreement forbids automation.
    """
    if site not in {None, *_SITES}:
        raise RequestRefusedError(f"unknown site {site!r}; the sites are {_LISTED}")
    zone = parse_zone(time_zone)
    validate_name(TypeAdapter[str](AccountName), name, "an account's name")
    with open_database(data) as database:
        with database.transaction() as session:
            there = accounts.find_account(session, name)
        if there is not None and site not in {None, there.site}:
            raise RequestRefusedError(
                f"account {name} is on {there.site}, and an account can't change its site: use another name "
                f"for {site}, or first remove this one (`rapport account remove {name}`)"
            )
        site = there.site if there is not None else site or _infer_site(database, name)
        if there is None and (notice := SITES[site].risk_notice):
            require_typed_yes(
                notice, "Type yes to add it anyway", refusal="not confirmed, so no account was added"
            )
        with database.transaction() as session:
            warms_up = new_accounts.add_account(
                session, name=name, site=site, zone=zone, now=clock.now(), by=get_terminal_user()
            )
    if warms_up:
        print_text(
            f"the account is new to Rapport, so its limits ramp up from today: {WARM_UP_TEXT}. If you have "
            f"used it for long: `rapport quota warm-up {name} --skip`"
        )
    print_text(f"account {name} is on {site}; next: {advise_sign_in(name, site)}")


def _infer_site(database: Database, name: str) -> str:
    """Return the site of a new account: inferred, or asked for. Raises RequestRefusedError if nobody says.

    A member of the practice network is on it. If all known contacts are on one other site, so is the account.
    """
    if name in MEMBERS:
        return _SANDBOX
    with database.transaction() as session:
        known = [site for site in accounts.list_contact_sites(session) if site in _SITES]
    if len(known) == 1 and known[0] != _SANDBOX:
        print_text(f"on {known[0]}, like the contacts that you have; --site chooses another site")
        return known[0]
    if is_interactive():
        answer = ask(f"Which site is {name} on? {_LISTED}").lower()
        if answer in _SITES:
            return answer
        raise RequestRefusedError(f"{answer!r} isn't a site; no account was added")
    choices = ", or ".join(f"`rapport account add {name} --site {site}`" for site in _SITES)
    raise RequestRefusedError(f"the site of account {name} is unknown; the sites are {_LISTED}: {choices}")
