"""What commands share: the data folder, settings, database sessions, and looking up accounts and ids."""

import getpass
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from psycopg.errors import (
    DeadlockDetected,
    IdleInTransactionSessionTimeout,
    InsufficientPrivilege,
    LockNotAvailable,
    QueryCanceled,
)
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from sqlalchemy.exc import InternalError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from api_stub.cli.formatting import print_json, short_id
from api_stub.cli.servers.data_folder import DEFAULT_DATA, DataDir
from api_stub.cli.servers.local_servers import find_database
from api_stub.cli.wording import describe_occasion
from api_stub.stack.errors import NotRunningError
from db.engine import Database, RowRefusedError
from db.store.campaigns import campaigns
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.reports import overview
from worker.errors import ConfigurationError, RequestRefusedError
from worker.rules.texts.characters import sanitise_line
from worker.rules.texts.suggestions import did_you_mean, suggest_names

# For all commands; servers/data_folder.py is for those that start first.
__all__ = ("DEFAULT_DATA", "DataDir")

_CONNECT_TIMEOUT_S = 3
"""A person waits; the server is on this machine or near."""

AccountArgument = Annotated[str, typer.Argument(help="The account's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
_MOST_SUGGESTED = 500
"""Latest ids that a mistyped one is compared with."""
AccountFilter = Annotated[str | None, typer.Option(help="Only this account's.")]


@contextmanager
def open_database(data_dir: Path, *, needs_workers: bool = False) -> Iterator[Database]:
    """Open the database for one command; closes it on exit. Action events name this terminal's user as actor.

    While Rapport isn't running, the embedded database runs for this command alone, unless it needs workers:
    then NotRunningError is raised, and also if Postgres doesn't answer. Raises ConfigurationError if the
    database lacks this version's tables, and RequestRefusedError for what its role may not do, and for values
    that it can't store: numbers out of range, or unpaired surrogates.
    """
    with find_database(data_dir, needs_workers=needs_workers) as url:
        database = Database(
            url, application_name=f"rapport cli {get_terminal_user()}", connect_timeout_s=_CONNECT_TIMEOUT_S
        )
        try:
            with translate_database_errors():
                yield database
        except ProgrammingError as error:
            if isinstance(error.orig, InsufficientPrivilege):
                raise RequestRefusedError(
                    "the role of DATABASE_URL may not do this: give this command the address of one that may "
                    "(docs/deployment.md#roles). If this one should, `rapport migrate` as the owner of the "
                    "tables renews its rights"
                ) from error
            raise ConfigurationError(
                "the database doesn't have this version's tables: run `rapport migrate`"
            ) from error
        finally:
            database.close()


@contextmanager
def open_session(data_dir: Path, *, snapshot: bool = False) -> Iterator[Session]:
    """Open a database transaction for one command, as `open_database` does.

    With `snapshot` it is read-only, and all its reads see the same moment.
    """
    with (
        open_database(data_dir) as database,
        database.snapshot() if snapshot else database.transaction() as session,
    ):
        yield session


@contextmanager
def translate_database_errors() -> Iterator[None]:
    """Translate errors of Postgres in the block into NotRunningError or RequestRefusedError."""
    try:
        yield
    except (OperationalError, InternalError) as error:
        if isinstance(error.orig, IdleInTransactionSessionTimeout):
            raise RequestRefusedError(
                "Postgres heard nothing from this command for too long and ended it, perhaps because this "
                "machine was asleep; nothing was changed: try again"
            ) from error
        if isinstance(error, InternalError):
            raise
        if isinstance(error.orig, (DeadlockDetected, LockNotAvailable, QueryCanceled)):
            raise RequestRefusedError(
                "another process was changing the same data, so this took too long; nothing was changed: try "
                "again"
            ) from error
        raise NotRunningError(
            f"Postgres did not answer ({type(error.orig).__name__}): is it running (`rapport status`), and "
            "is DATABASE_URL right? `rapport doctor` checks"
        ) from error
    except (RowRefusedError, UnicodeEncodeError) as error:
        raise RequestRefusedError(f"Postgres refused this, and nothing was changed: {error}") from error


def get_terminal_user() -> str:
    """Return the user of this terminal as user@host, in visible characters."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        user = f"uid{os.getuid()}"
    return sanitise_line(f"{user}@{platform.node()}")[:200]


def load_zones(session: Session) -> Mapping[str, ZoneInfo]:
    """Return the time zone of each account, by its name."""
    return {account.name: account.zone for account in accounts.list_accounts(session)}


def print_answer(answer: object) -> None:
    """Print models or dataclasses as JSON: the names of the fields as keys, times in UTC."""
    print_json(to_json(answer, indent=2, fallback=str).decode())


def require_account(session: Session, name: str) -> AccountRecord:
    """Return the account called `name`. Raises RequestRefusedError, with suggestions, if there is none."""
    account = accounts.find_account(session, name)
    if account is None:
        near = did_you_mean(accounts.suggest_accounts(session, name))
        advice = near or "`rapport account add NAME` adds one"
        raise RequestRefusedError(f"there is no account called {name!r}; {advice}")
    return account


def check_account_filter(session: Session, account: str | None) -> None:
    """Raise RequestRefusedError if a list is asked for an account that there is not."""
    if account is not None:
        require_account(session, account)


def resolve_id(found: Mapping[UUID, str], noun: str, given: str, *, known: Iterable[UUID], hint: str) -> UUID:
    """Return the only id that begins with `given`.

    `found` has a description for each id that matches. Raises RequestRefusedError: with their list if there
    are several, with the ids of `known` most like it if there are none.
    """
    if len(found) == 1:
        return next(iter(found))
    if found:
        listed = "\n".join(f"  {short_id(each)}  {text}" for each, text in found.items())
        raise RequestRefusedError(
            f"several {noun}s begin with {given!r}: give more digits of the id\n{listed}"
        )
    near = did_you_mean(suggest_names(given[:8], map(short_id, known)))
    raise RequestRefusedError(f"there is no {noun} {given!r}; {f'{near} ' if near else ''}{hint}")


def resolve_campaign_id(session: Session, given: str) -> UUID:
    """Return the id of the campaign whose id begins with `given`. Raises RequestRefusedError."""
    found = {
        line.id: f"{line.kind} campaign of {line.account}, {line.state}"
        for campaign_id in overview.find_campaign_ids(session, given)
        if (line := campaigns.find_campaign(session, campaign_id)) is not None
    }
    known = [] if found else [line.id for line in overview.list_campaigns(session, limit=_MOST_SUGGESTED)]
    return resolve_id(found, "campaign", given, known=known, hint="`rapport campaign list` shows them")


def resolve_action_id(session: Session, given: str) -> UUID:
    """Return the id of the action whose id begins with `given`. Raises RequestRefusedError."""
    found = {
        line.id: f"{line.contact}, {line.kind} for {describe_occasion(line.occasion, line.occasion_on)}, "
        f"{line.state}, account {line.account}"
        for action_id in overview.find_action_ids(session, given)
        if (line := overview.find_action(session, action_id)) is not None
    }
    known = [] if found else [line.id for line in overview.list_actions(session, limit=_MOST_SUGGESTED)]
    return resolve_id(found, "action", given, known=known, hint="`rapport actions list` shows them")


def validate_name(adapter: TypeAdapter[str], given: str, what: str) -> None:
    """Check a name of an account or a search. Raises RequestRefusedError that says the rule."""
    try:
        adapter.validate_python(given)
    except ValidationError:
        raise RequestRefusedError(
            f"{given!r} can't be {what}: use lower-case letters, digits, - and _, at most 63, beginning with "
            "a letter or digit"
        ) from None
