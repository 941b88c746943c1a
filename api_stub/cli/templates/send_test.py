"""`rapport templates test`: send a text to somebody of the practice network, and show what arrived."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api_stub.cli.accounts.account_page import open_account_page
from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    open_database,
    require_account,
)
from api_stub.cli.explain.halts import list_halt_lines
from api_stub.cli.formatting import print_json, print_text
from api_stub.cli.servers.local_servers import load_settings
from api_stub.cli.templates.find import TemplateOrText, find_given
from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.messaging import TEST_HEADER
from api_stub.sandbox.population.members import generate_friends
from api_stub.stack.errors import NotRunningError
from db.engine import Database, today_in
from db.store.people import lookup
from db.store.people.accounts import AccountRecord
from tasks.actions.conversation.practice_message import send_practice_message
from worker import clock
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.site import Site
from worker.errors import Reason, RequestRefusedError
from worker.files import make_private, make_private_folder
from worker.rules.messages.personal_values import personal_values
from worker.rules.messages.signatures import add_signature
from worker.rules.messages.templates import check_template, render_template
from worker.rules.model import Kind
from worker.rules.names.no_name import describe_no_name
from worker.rules.names.shown_names import find_called_name
from worker.rules.names.spoken_name import NoName, find_name
from worker.rules.people.addresses import normalise_profile_url
from worker.rules.screenshot_names import screenshot_name
from worker.rules.sourcing.profile import Profile
from worker.rules.wording.reasons import describe_reason
from worker.settings import Settings

_SANDBOX = "sandbox"
_NO_ATTEMPT = 0
"""In the screenshot's name; the attempts of actions begin with 1."""


def send_test(
    template: TemplateOrText,
    *,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="MEMBER", help="A contact there: the address, or its last part, such as zoe-lefevre."
        ),
    ] = None,
    account: Annotated[str, typer.Option(help="From this account of the practice network.")] = "demo",
    late: Annotated[bool, typer.Option("--late", help="A text for the days after the birthday.")] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Send a text to somebody of the practice network through a browser, and show it as it arrived.

    It is filled in and signed like a greeting, and proven like one. Nobody counts as greeted by it. A member
    whose birthday is near is refused, because a message by hand stops the greeting. While the kill switch is
    on, or the account is paused or stopped, nothing is sent.
    """
    with open_database(data, needs_workers=True) as database:
        settings = load_settings(data)
        with database.transaction() as session:
            record = find_given(session, template)
            sender = require_account(session, account)
            today = today_in(session, sender.zone)
        body, late = (record.body, record.late) if record else (template, late)
        check_template(body, late=late)

        def write(profile: Profile) -> tuple[str, str]:
            return _write(body, profile, late=late, signature=sender.signature, today=today)

        url = _require_practice_network(settings, sender)
        with database.transaction() as session:
            _require_running(session, sender)
        with _open_site(settings, sender, url) as site:
            recipient = _choose_recipient(site, to, today)
            sent = send_practice_message(
                site, recipient, write, lambda: _require_allowed(database, sender, recipient)
            )
            screenshot = _save_screenshot(settings, site, sender, recipient)
    if as_json:
        print_json(json.dumps({**asdict(sent), "screenshot": str(screenshot)}))
        return
    print_text(f"{sent.full_name} ({sent.profile_url}) received:")
    print_text(sent.message, "bold")
    print_text(f"screenshot: {screenshot}")


def _require_practice_network(settings: Settings, account: AccountRecord) -> str:
    """Return the practice network's address.

    Raises RequestRefusedError for another site, NotRunningError if the network doesn't answer.
    """
    if account.site != _SANDBOX:
        raise RequestRefusedError(
            f"account {account.name} is on {account.site}; tests are only sent on the practice network"
        )
    url = settings.sandbox_url
    if url is None or not SandboxClient(url, "").is_healthy():
        raise NotRunningError("the practice network doesn't answer: start Rapport with `rapport up`")
    return url


@contextmanager
def _open_site(settings: Settings, account: AccountRecord, url: str) -> Iterator[Site]:
    """Open the practice network in a browser of its own, which marks its messages as tests."""
    with open_account_page(settings, account) as page:
        page.context.set_extra_http_headers({TEST_HEADER: "1"})
        yield SandboxSite(page, url, settings.browser_timeout)


def _choose_recipient(site: Site, to: str | None, today: date) -> str:
    """Return the address of the member `to`, or of one whose birthday is far. Raises RequestRefusedError."""
    near = {card.profile_url for card in site.birthdays(today)}
    if to is None:
        everyone = (_address(friend.slug) for friend in reversed(generate_friends(today)))
        return next(address for address in everyone if address not in near)
    address = _address(to)
    if address in near:
        raise RequestRefusedError(
            f"{address} has a birthday these days, and a message would count as written by hand: it would "
            "stop a greeting that is still to come. Choose somebody else"
        )
    return address


def _address(given: str) -> str:
    written = given if "/" in given else f"https://sandbox.test/in/{given}/"
    address = normalise_profile_url(written, _SANDBOX)
    if address is None:
        raise RequestRefusedError(f"{given!r} isn't an address of the practice network")
    return address


def _write(body: str, profile: Profile, *, late: bool, signature: str, today: date) -> tuple[str, str]:
    """Return the text, and the name by which it calls the person."""
    name = find_name(profile.full_name)
    if isinstance(name, NoName):
        why = f"{describe_reason(Reason.NO_NAME)}: {describe_no_name(name)}"
        raise RequestRefusedError(f"nothing was sent to {profile.full_name}: {why}")
    job = next(iter(profile.positions or ()), None)
    shown = {
        "headline": profile.headline,
        "location": profile.location,
        "company": job.company if job else "",
    }
    values = personal_values(shown, connected_on=None, today=today)
    text = render_template(body, name=name, days_late=int(late), values=values)
    return add_signature(text, signature), find_called_name(text, name)


def _require_allowed(database: Database, account: AccountRecord, recipient: str) -> None:
    """Raise RequestRefusedError if nothing may be sent now from this account, or to this person."""
    with database.transaction() as session:
        _require_running(session, account)
        known = lookup.find_contacts(session, recipient, account=account.name)
        today = today_in(session, account.zone)
    people = known.people if known.exact else ()
    reason = None
    if any(contact.hold_until is not None and contact.hold_until > today for contact in people):
        reason = Reason.ON_HOLD
    if any(contact.do_not_contact for contact in people):
        reason = Reason.DO_NOT_CONTACT
    if reason is not None:
        raise RequestRefusedError(f"nothing was sent: {describe_reason(reason)}")


def _require_running(session: Session, account: AccountRecord) -> None:
    """Raise RequestRefusedError if the kill switch is on, or the account is paused or stopped."""
    if (halted := next(list_halt_lines(session, account.name), None)) is not None:
        raise RequestRefusedError(f"nothing was sent: {halted}")


def _save_screenshot(settings: Settings, site: Site, account: AccountRecord, recipient: str) -> Path:
    day = settings.evidence_dir / clock.now().date().isoformat()
    path = day / screenshot_name(account.id, recipient, Kind.GREET, _NO_ATTEMPT)
    make_private_folder(day)
    site.screenshot(path, masked=False)
    make_private(path)
    return path
