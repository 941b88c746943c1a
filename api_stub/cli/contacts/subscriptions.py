"""`rapport import subscribe` and its kin: address books and calendars that are read again each night."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer
from pydantic import SecretStr

from api_stub.checks.words import describe_failure
from api_stub.cli.contacts.import_report import print_report
from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountFilter,
    AsJson,
    DataDir,
    check_account_filter,
    get_terminal_user,
    open_database,
    open_session,
    print_answer,
    require_account,
)
from api_stub.cli.formatting import create_table, folding_text, format_time, print_text
from api_stub.cli.screen.prompts import ask_secret, is_interactive, read_line
from api_stub.cli.screen.waiting import show_wait
from api_stub.cli.servers.local_servers import load_settings
from api_stub.cli.terminal import Console
from api_stub.responses.subscriptions import build_subscription
from db.engine import Database
from db.store.imports import subscriptions as store
from db.store.people import accounts
from tasks.subscriptions import Reading, Source, read_subscription
from tasks.subscriptions import subscribe as save_subscription
from worker.errors import RequestRefusedError
from worker.remote.carddav import AddressBook
from worker.remote.discovery import discover
from worker.rules.subscriptions.readings import (
    WHAT_TO_DO,
    SourceUnreadableError,
)
from worker.rules.subscriptions.source_address import choose_reach, parse_source
from worker.secrets import Vault

_WITHIN_S: Final = 300.0
"""Seconds. A person waits for it at the terminal, which shows for how long."""
_MAX_SECRET_CHARS: Final = 1_000

SubscriptionId = Annotated[
    int, typer.Argument(metavar="ID", help="The subscription's id: `rapport import subscriptions`.")
]


def subscribe(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="A CardDAV address book or server, or a calendar (https://… or webcal://…)."
        ),
    ],
    *,
    account: Annotated[str, typer.Option(help="The account that these contacts belong to.")],
    user: Annotated[
        str | None,
        typer.Option(help="Your user name there. The password is asked for, or read from a pipe."),
    ] = None,
    own_network: Annotated[
        bool,
        typer.Option(
            "--own-network", help="The server is in a private network such as 192.168.…; there also http."
        ),
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Import an address book (CardDAV) or a calendar of birthdays, and again each night what changed.

    Address and password are stored encrypted. Nothing is ever written to the server. To change the password,
    subscribe to the same address again.

    Example:
    rapport import subscribe https://cloud.example.org --account mine --user ann

    """
    with open_database(data) as database:
        vault = Vault(load_settings(data).required("secret_keys"))
        with database.transaction() as session:
            owner = require_account(session, account)
        parse_source(url, choose_reach(url, own_network=own_network))  # before a password is asked for
        user = _ask_user() if user is None and is_interactive() else user
        source = Source(
            url=SecretStr(url),
            own_network=own_network,
            user=user or "",
            password=_read_password() if user else SecretStr(""),
        )
        try:
            with show_wait("asking the server what is there"), source.open(within_s=_WITHIN_S) as fetcher:
                found = discover(fetcher)
        except SourceUnreadableError as error:
            raise _refusal(error, 0) from None
        book = _choose(found.books)
        subscription_id = save_subscription(
            database, vault, account_id=owner.id, source=source, kind=found.kind, book=book
        )
        if not as_json:
            name = f"{book.title} at {book.address.origin}" if book.title else book.address.origin
            print_text(f"subscription {subscription_id}: {name}; it is read each night")
        _read_now(database, vault, subscription_id, as_json=as_json)


def list_subscriptions(
    account: AccountFilter = None, as_json: AsJson = False, data: DataDir = DEFAULT_DATA
) -> None:
    """List subscribed address books and calendars: when they were read, and why not."""
    with open_session(data) as session:
        check_account_filter(session, account)
        records = store.list_subscriptions(session, account=account)
    if as_json:
        print_answer([build_subscription(each) for each in records])
        return
    table = create_table("id", "account", "what", "server", "entries", "last read", "next", "result")
    for each in records:
        table.add_row(
            str(each.id),
            each.account,
            folding_text(each.title or each.kind),
            folding_text(each.origin),
            str(each.entries),
            format_time(each.read_at, each.zone) if each.read_at else "never",
            format_time(each.next_at, each.zone) if each.next_at else "paused",
            folding_text("being read now" if each.reading else describe_failure(each) or "read"),
        )
    Console().print(table if records else "there is none yet: `rapport import subscribe URL --account NAME`")


def refresh(subscription_id: SubscriptionId, as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """Read a subscription now, and continue one that is paused."""
    with open_database(data) as database:
        vault = Vault(load_settings(data).required("secret_keys"))
        with database.transaction() as session:
            store.get_subscription(session, subscription_id)
        _read_now(database, vault, subscription_id, as_json=as_json)


def unsubscribe(subscription_id: SubscriptionId, data: DataDir = DEFAULT_DATA) -> None:
    """End a subscription and delete its address and password. Its contacts and imports stay."""
    with open_session(data) as session:
        record = store.get_subscription(session, subscription_id)
        store.remove_subscription(session, subscription_id)
    print_text(
        f"subscription {subscription_id} ({record.name}) has ended; its contacts stay, and its imports can "
        "be undone: `rapport import list`"
    )


def _read_now(database: Database, vault: Vault, subscription_id: int, *, as_json: bool) -> None:
    try:
        with show_wait("reading"):
            reading = read_subscription(
                database, vault, subscription_id, by=get_terminal_user(), within_s=_WITHIN_S
            )
    except SourceUnreadableError as error:
        raise _refusal(error, subscription_id) from None
    if reading is None:
        raise RequestRefusedError("another process is reading it right now; try again in some minutes")
    if as_json:
        print_answer(reading.report)
        return
    _print_reading(database, reading, subscription_id)


def _print_reading(database: Database, reading: Reading, subscription_id: int) -> None:
    with database.transaction() as session:
        record = store.get_subscription(session, subscription_id)
        owner = accounts.find_account(session, record.account)
    if reading.report is None or owner is None:
        print_text("nothing changed since the last time")
    else:
        print_report(reading.report, reading.file, owner, names=reading.names)
    if reading.unfinished:
        print_text("not everything could be read in time: the rest is read in some minutes")


def _refusal(error: SourceUnreadableError, subscription_id: int) -> RequestRefusedError:
    return RequestRefusedError(f"{error}; {WHAT_TO_DO[error.failure].format(id=subscription_id)}")


def _ask_user() -> str:
    return str(typer.prompt("User name (empty if none is needed)", default="", show_default=False)).strip()


def _read_password() -> SecretStr:
    """Ask for the password on a terminal, else read the first line of standard input."""
    given = ask_secret("Password") if is_interactive() else read_line(_MAX_SECRET_CHARS + 2)
    password = given.rstrip("\r\n")
    if not 0 < len(password) <= _MAX_SECRET_CHARS:
        raise RequestRefusedError("no password was given: enter it on the terminal, or pipe it in")
    return SecretStr(password)


def _choose(books: Sequence[AddressBook]) -> AddressBook:
    """Return the only address book, or the one that a person chooses. Raises RequestRefusedError."""
    if len(books) == 1:
        return books[0]
    listed = "\n".join(
        f"  {number}  {book.title or '(no name)'}  {book.address.url}" for number, book in enumerate(books, 1)
    )
    said = f"there are {len(books)} address books:\n{listed}"
    if not is_interactive():
        raise RequestRefusedError(f"{said}\nsubscribe to the address of one of them")
    print_text(said)
    chosen = int(typer.prompt("Which one", type=int))
    if not 1 <= chosen <= len(books):
        raise RequestRefusedError(f"there is no number {chosen}")
    return books[chosen - 1]
