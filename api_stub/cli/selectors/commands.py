"""`rapport selectors check`: what a site's pages look like for an account, and what may be done on them."""

import os
import secrets
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from api_stub.cli.accounts.account_page import open_account_page
from api_stub.cli.accounts.lease import lease_account
from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountArgument,
    AsJson,
    DataDir,
    open_database,
    print_answer,
    require_account,
)
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import print_text
from api_stub.cli.screen.prompts import ask, is_interactive
from api_stub.cli.selectors.checking import (
    BESIDES_THE_GAP,
    AccountCheck,
    find_person,
    load_pace,
    require_running,
)
from api_stub.cli.selectors.display import build_answer, found_anything, print_result
from api_stub.cli.selectors.report_file import render_report
from api_stub.cli.servers.local_servers import load_settings
from api_stub.cli.terminal import Console
from db.exports.atomic_file import open_atomic_file
from db.store.people.accounts import AccountRecord
from worker.browser.adapters import load_checker
from worker.browser.site_check import CheckedPage, CheckRequest
from worker.errors import RequestRefusedError
from worker.rules.people.addresses import normalise_profile_url
from worker.rules.quota.limits import Limits
from worker.rules.sites.page_shapes import Shaper

app = typer.Typer(
    help="How a site shows its pages to an account, and whether Rapport knows them.", no_args_is_help=True
)
_SALT_BYTES = 16


@app.callback()  # so that the only command keeps its name
def selectors() -> None:
    """How a site shows its pages to an account, and whether Rapport knows them."""


@app.command()
def check(
    name: AccountArgument,
    *,
    profile: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Also open this connection's profile.")
    ] = None,
    inbox: Annotated[
        bool, typer.Option("--inbox", help="Also open the list of conversations, and none of them.")
    ] = False,
    compose: Annotated[
        bool, typer.Option("--compose", help="Also open the page that writes to --profile; types nothing.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a report without texts, names and ids.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write the report without asking.")] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Open a few pages as the account, and say which of Rapport's marks are on them.

    Nothing is clicked, typed or sent. There is as much time between two pages as between two visits, and the
    check ends at any page that asks for a person. Only what it finds in order may be used to send.
    """
    if compose and profile is None:
        raise RequestRefusedError("--compose needs --profile ADDRESS: the connection to write to")
    if report is not None:
        _check_report(report, can_ask=not as_json, yes=yes)
    with open_database(data, needs_workers=True) as database:
        settings = load_settings(data)
        with database.transaction() as session:
            account = require_account(session, name)
            require_running(session, account)
            address = None if profile is None else _normalise(profile, account)
            person = find_person(session, account, address) if address else None
            pace = load_pace(session, account)
        request = CheckRequest(address, inbox=inbox, compose=compose)
        lasts = pace.gap_max + BESIDES_THE_GAP
        leased = lease_account(database, account, lasts=lasts)
        with leased as lease, open_account_page(settings, account) as page:
            checker = load_checker(account.site).open(settings, lambda: page)
            pages = checker.list_pages(request)
            _announce(account, pages, pace, is_contact=person is not None)
            shaper = Shaper(secrets.token_bytes(_SALT_BYTES), checker.vocabulary)
            running = AccountCheck(database, account, lease, person=person, pace=pace)
            result = running.run(checker, pages, shaper if report is not None else None)
    if as_json:
        print_answer(build_answer(account, result))
    else:
        print_result(account, result)
    if report is not None:
        _write_report(report, render_report(account.site, result, shaper), show=not as_json, yes=yes)
    if found_anything(result):
        sys.exit(ExitCode.FOUND)


def _check_report(report: Path, *, can_ask: bool, yes: bool) -> None:
    """Raise RequestRefusedError if the report can't be written, or nobody can be asked whether it may be."""
    if os.path.lexists(report):
        raise RequestRefusedError(f"{report} already exists: give another name")
    if not report.parent.is_dir():
        raise RequestRefusedError(f"there is no folder {report.parent}")
    if not yes and not (can_ask and is_interactive()):
        raise RequestRefusedError(
            "a report is shown before it is written: run this in a terminal, or add --yes"
        )


def _normalise(given: str, account: AccountRecord) -> str:
    address = normalise_profile_url(given, account.site)
    if address is None:
        raise RequestRefusedError(f"{given!r} isn't the address of a profile on {account.site}")
    return address


def _announce(
    account: AccountRecord, pages: Sequence[CheckedPage], pace: Limits, *, is_contact: bool
) -> None:
    """Say what will be opened, how long it takes, and what counts in the quota."""
    gap = (pace.gap_min + pace.gap_max) / 2
    minutes = max(1, round((len(pages) - 1) * gap / timedelta(minutes=1)))
    names = ", ".join(page.title for page in pages)
    lines = [
        f"account {account.name} opens {len(pages)} pages of {account.site} in about {minutes} min: {names}",
        "nothing is clicked, typed or sent; Ctrl-C ends it",
    ]
    if any(page.visits for page in pages):
        lines.append(
            "the profile counts as a visit in the quota"
            if is_contact
            else "the quota does not count the visit to the profile: the person is no contact of the account"
        )
    lines.append("the search page is not counted in the quota: the site may count it")
    for line in lines:
        Console(stderr=True).print(line, style="dim", soft_wrap=True)


def _write_report(report: Path, text: str, *, show: bool, yes: bool) -> None:
    """Show the report, and write it after a yes."""
    if show:
        print_text("\nthe report:\n")
        print_text(text)
    if not yes and ask(f"Write this to {report}? Type yes") != "yes":
        print_text("nothing was written")
        return
    with open_atomic_file(report, replace=False) as file:
        file.write(text.encode())
    if show:
        print_text(f"the report is in {report}; nothing was sent anywhere")
