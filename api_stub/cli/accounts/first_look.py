"""`rapport account first-look`: a person looks at the first message that was sent to a real site."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.orm import Session

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
from api_stub.cli.explain.halts import list_halt_lines
from api_stub.cli.formatting import format_time, print_text, render_facts
from api_stub.cli.screen.prompts import ask
from api_stub.cli.screen.waiting import show_wait
from api_stub.cli.servers.local_servers import load_settings
from api_stub.cli.terminal import Console
from db.engine import Database
from db.store.actions import unseen_sends
from db.store.actions.unseen_sends import UnseenSend
from db.store.people import site_checks
from db.store.people.accounts import AccountRecord
from tasks.actions.conversation.first_look import SeenSend, look_at_send
from tasks.services import Services
from tasks.stopping import stop_account
from worker.errors import NeverError, RequestRefusedError, StopAccountError
from worker.rules.model import ActionState, Kind
from worker.rules.sites.capabilities import is_seen_live
from worker.rules.sites.registry import needs_check
from worker.settings import Settings


def first_look(
    name: AccountArgument,
    pass_over: Annotated[
        bool,
        typer.Option(
            "--pass-over", help="This message can't be looked at any more: look at the next one instead."
        ),
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Open the conversation of the first message that was sent, show it, and ask whether it is right.

    On a real site each message waits for approval, and one is sent at a time, until you have seen one arrive
    as it was meant. After a typed yes the others go out by themselves. With --json nothing is asked.
    """
    with open_database(data, needs_workers=True) as database:
        with database.transaction() as session:
            account = require_account(session, name)
            send = _require_send(session, account)
        if pass_over:
            _store(database, account, send, unseen_sends.pass_over_send)
            print_text(f"the next approved message of account {name} is sent, and is the one to look at")
            return
        seen = _look(database, load_settings(data), account, send)
        if as_json:
            print_answer(_Answer(send.action_id, account.name, send.full_name, seen))
            return
        _show(account, send, seen)
        _decide(database, account, send, seen)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The answer of `rapport account first-look --json`."""

    action_id: UUID
    account: str
    contact: str
    seen: SeenSend


def _require_send(session: Session, account: AccountRecord) -> UnseenSend:
    """Return the message to look at. Raises RequestRefusedError if there is none, or not yet."""
    name = account.name
    if not needs_check(account.site):
        raise RequestRefusedError(f"account {name} is on {account.site}, where nobody has to look first")
    send = unseen_sends.get_unseen_send(session, account.id)
    if send is None:
        if is_seen_live(site_checks.list_verdicts(session, account.id)):
            raise RequestRefusedError(f"a message of account {name} was seen live already")
        raise RequestRefusedError(
            f"account {name} has sent nothing yet that a person could look at; `rapport why {name}` says "
            "what comes first"
        )
    if send.state is ActionState.NEEDS_REVIEW:
        raise RequestRefusedError(
            f"nobody knows yet whether the message to {send.full_name} was sent: look on the site, then "
            f"`rapport actions settle {send.action_id} done|again|skip`"
        )
    if send.state is not ActionState.DONE:
        raise RequestRefusedError(
            f"the message to {send.full_name} is not proven yet; `rapport why {send.action_id}` says when it "
            "is checked"
        )
    if (halted := next(list_halt_lines(session, name), None)) is not None:
        raise RequestRefusedError(halted)
    return send


def _look(database: Database, settings: Settings, account: AccountRecord, send: UnseenSend) -> SeenSend:
    leased = lease_account(database, account, lasts=settings.action_time_limit)
    with leased, _opened(settings) as services:
        try:
            with show_wait(f"opening the conversation with {send.full_name} in a browser"):
                return look_at_send(services, account, send)
        except StopAccountError as error:
            with database.transaction() as session:
                stop_account(session, account.id, Kind.GREET, error)
            raise
        except NeverError as error:
            raise RequestRefusedError(
                f"{error}; if it can't be looked at any more: `rapport account first-look {account.name} "
                "--pass-over`"
            ) from error


@contextmanager
def _opened(settings: Settings) -> Iterator[Services]:
    services = Services(settings)
    try:
        yield services
    finally:
        services.close()


def _show(account: AccountRecord, send: UnseenSend, seen: SeenSend) -> None:
    facts = [
        ("to", f"{seen.name}, {seen.recipient}"),
        ("planned for", f"{send.full_name}, {' '.join(send.keys.addresses)}"),
        ("on your side", seen.text if seen.text is not None else "this message is not there"),
        ("sent", format_time(seen.at, account.zone) if seen.at else "the page shows no time"),
        ("times", str(seen.copies)),
        ("screenshot", seen.screenshot or "none could be taken"),
    ]
    Console().print(render_facts(facts))


def _decide(database: Database, account: AccountRecord, send: UnseenSend, seen: SeenSend) -> None:
    """Ask the person, and store the answer. Anything but yes or no decides nothing."""
    answer = ask("Is this what you see on the site, and what you meant to send? Type yes or no").lower()
    if answer == "yes" and seen.text is None:
        raise RequestRefusedError("the conversation does not show the message, so nothing was confirmed")
    if answer not in {"yes", "no"}:
        raise RequestRefusedError("nothing was decided: the next message waits until you have answered")
    decide = unseen_sends.accept_send if answer == "yes" else unseen_sends.reject_send
    _store(database, account, send, decide)
    with database.transaction() as session:
        supervised = site_checks.is_supervised(session, account.id, account.site)
    if answer == "no":
        print_text(
            f"nothing more is sent from account {account.name} before another check: `rapport selectors "
            f"check {account.name} --profile ADDRESS --compose --report FILE`, which also writes what a bug "
            "report needs"
        )
    elif supervised:
        print_text(f"a page has changed meanwhile: `rapport selectors check {account.name}`")
    else:
        print_text(f"seen live: account {account.name} now sends its planned messages by itself")


def _store(
    database: Database,
    account: AccountRecord,
    send: UnseenSend,
    decide: Callable[[Session, AccountRecord, UUID], bool],
) -> None:
    """Store a decision. Raises RequestRefusedError if it is about another message by now."""
    with database.transaction() as session:
        if not decide(session, account, send.action_id):
            raise RequestRefusedError("another message was sent meanwhile: look again")
