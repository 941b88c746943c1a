"""What commands share: the data folder, settings, database sessions, and looking up accounts and ids."""

import getpass
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from psycopg.errors import DeadlockDetected, IdleInTransactionSessionTimeout, LockNotAvailable, QueryCanceled
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import InternalError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

import api_stub
from api_stub.stack import environment_file
from api_stub.stack.environment import set_environment
from db.engine import Database, RowRefusedError
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.people.contacts import ContactRecord
from db.store.reports import overview
from worker.errors import ConfigurationError, RequestRefusedError
from worker.rules.characters import sanitise_line
from worker.settings import Settings, get_settings

_ROOT = Path(api_stub.__file__).parents[1]
DEFAULT_DATA = (_ROOT if (_ROOT / "pyproject.toml").exists() else Path.cwd()) / ".rapport"

DataDir = Annotated[
    Path,
    typer.Option(
        "--data", envvar="RAPPORT_DATA", help="Folder of the embedded Postgres, Redis and evidence."
    ),
]
AccountArgument = Annotated[str, typer.Argument(help="The account's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
AccountFilter = Annotated[str | None, typer.Option(help="Only this account's.")]


def load_settings(data_dir: Path) -> Settings:
    """Return the settings of the environment, completed by those of the stack running on `data_dir`."""
    set_environment(environment_file.read_environment(data_dir), override=False)
    return get_settings()


def create_database(data_dir: Path) -> Database:
    """Create the database client. Action events will name this terminal's user as actor."""
    url = load_settings(data_dir).required("database_url").get_secret_value()
    return Database(url, application_name=f"rapport cli {get_terminal_user()}")


@contextmanager
def open_database(data_dir: Path) -> Iterator[Database]:
    """Open the database for one command; closes it on exit.

    Raises ConfigurationError if it doesn't answer or lacks this version's tables, and RequestRefusedError for
    values that it can't store: numbers out of range, or unpaired surrogates.
    """
    database = create_database(data_dir)
    try:
        with translate_database_errors():
            yield database
    except ProgrammingError as error:
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
    """Translate errors of Postgres in the block into ConfigurationError or RequestRefusedError."""
    try:
        yield
    except (OperationalError, InternalError) as error:
        if isinstance(error.orig, IdleInTransactionSessionTimeout):
            raise RequestRefusedError(
                "Postgres heard nothing of this command for too long and ended it, perhaps because this "
                "machine was asleep; nothing was changed: try again"
            ) from error
        if isinstance(error, InternalError):
            raise
        if isinstance(error.orig, (DeadlockDetected, LockNotAvailable, QueryCanceled)):
            raise RequestRefusedError(
                "another process was changing the same data, so this took too long; nothing was changed: try "
                "again"
            ) from error
        raise ConfigurationError(
            f"Postgres did not answer ({type(error.orig).__name__}): is it running (`rapport up`), and is "
            "DATABASE_URL right? `rapport doctor` looks"
        ) from error
    except (RowRefusedError, UnicodeEncodeError) as error:
        raise RequestRefusedError(f"Postgres can't take this, and nothing was changed: {error}") from error


def get_terminal_user() -> str:
    """Return the user of this terminal as user@host, in visible characters."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        user = f"uid{os.getuid()}"
    return sanitise_line(f"{user}@{platform.node()}")[:200]


def require_account(session: Session, name: str) -> AccountRecord:
    """Return the account called `name`. Raises RequestRefusedError if there is none."""
    account = accounts.find_account(session, name)
    if account is None:
        raise RequestRefusedError(
            f"there is no account called {name!r}; add it with `rapport account add {name}`"
        )
    return account


def resolve_id(found: Sequence[UUID], noun: str, given: str, *, hint: str) -> UUID:
    """Return the only id that begins with `given`. Raises RequestRefusedError for none or several."""
    if len(found) == 1:
        return found[0]
    if found:
        raise RequestRefusedError(f"several {noun}s begin with {given!r}: give more of the id")
    raise RequestRefusedError(f"there is no {noun} {given!r}; {hint}")


def resolve_campaign_id(session: Session, given: str) -> UUID:
    """Return the id of the campaign whose id begins with `given`. Raises RequestRefusedError."""
    hint = "`rapport campaign list` shows them"
    return resolve_id(overview.find_campaign_ids(session, given), "campaign", given, hint=hint)


def resolve_action_id(session: Session, given: str) -> UUID:
    """Return the id of the action whose id begins with `given`. Raises RequestRefusedError."""
    hint = "`rapport actions list` shows them"
    return resolve_id(overview.find_action_ids(session, given), "action", given, hint=hint)


def describe_ambiguity(given: str, people: Sequence[ContactRecord]) -> str:
    """Return an error text that lists the people who match."""
    listed = "\n".join(f"  {p.full_name}, {p.profile_url}, of account {p.account}" for p in people)
    return f"{given!r} may be one of these; give the address, or --account:\n{listed}"


def validate_name(adapter: TypeAdapter[str], given: str, what: str) -> None:
    """Check a name of an account or a search. Raises RequestRefusedError that says the rule."""
    try:
        adapter.validate_python(given)
    except ValidationError:
        raise RequestRefusedError(
            f"{given!r} can't be {what}: small letters, digits, - and _, at most 63 of them, beginning with "
            "a letter or digit"
        ) from None
