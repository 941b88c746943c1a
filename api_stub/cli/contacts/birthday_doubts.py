"""`rapport contacts doubts`, `confirm`, `refuse`: imported birthdays that may belong to a contact."""

import sys
from typing import Annotated

import click
import typer
from rich.text import Text

from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountFilter,
    AsJson,
    DataDir,
    open_database,
    open_session,
    print_answer,
)
from api_stub.cli.formatting import create_table, folding_text, print_text
from api_stub.cli.terminal import Console
from db.engine import Database
from db.store.imports import birthday_doubts
from db.store.imports.birthday_doubts import BirthdayDoubt
from worker.errors import RequestRefusedError

_HINT = "rapport contacts doubts"


def list_doubts(account: AccountFilter = None, as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """List birthdays from files that may be a contact's: the name, or the e-mail address, is the same."""
    with open_session(data) as session:
        waiting = birthday_doubts.list_doubts(session, account=account)
    if as_json:
        print_answer(waiting)
        return
    table = create_table("id", "contact", "address", "birthday", "as the file says", "file")
    for doubt in waiting:
        table.add_row(
            str(doubt.id),
            folding_text(doubt.contact),
            folding_text(doubt.profile_url),
            _format_birthday(doubt),
            folding_text(doubt.name),
            folding_text(f"{doubt.file_name}, line {doubt.line}"),
        )
    Console().print(table if waiting else Text("no birthday waits for you"))


def confirm_doubts(
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help=f"Doubts to confirm ({_HINT}).")
    ] = None,
    account: AccountFilter = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Confirm that a birthday is the contact's. Without ids it asks about each: y, n, later, quit.

    The birthday is written to the contact, and the other candidates of the same entry are dropped. Undoing
    the import takes it back.
    """
    with open_database(data) as database:
        if not ids:
            _ask_each(database, account)
            return
        with database.transaction() as session:
            for doubt_id in ids:
                birthday_doubts.confirm_doubt(session, doubt_id)
    print_text(f"{_format_count(len(ids))} confirmed")


def refuse_doubts(
    ids: Annotated[list[int], typer.Argument(metavar="ID...", help=f"Doubts to refuse ({_HINT}).")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Refuse a birthday as not the contact's. It is not asked again."""
    with open_session(data) as session:
        for doubt_id in ids:
            birthday_doubts.refuse_doubt(session, doubt_id)
    print_text(f"{_format_count(len(ids))} refused")


def _ask_each(database: Database, account: str | None) -> None:
    """Ask about each doubt with one key; every answer is stored at once."""
    if not sys.stdin.isatty():
        raise RequestRefusedError(f"there is nobody to ask here: give the ids that are right ({_HINT})")
    with database.transaction() as session:
        waiting = birthday_doubts.list_doubts(session, account=account)
    answered: set[int] = set()
    for place, doubt in enumerate(waiting, start=1):
        with database.transaction() as session:
            if not birthday_doubts.list_doubts(session, ids=[doubt.id]):
                continue  # another candidate of the entry was confirmed
        key = _ask_key(f"({place}/{len(waiting)}) {_format_question(doubt)}")
        if key == "q":
            break
        with database.transaction() as session:
            if key == "y":
                birthday_doubts.confirm_doubt(session, doubt.id)
            elif key == "n":
                birthday_doubts.refuse_doubt(session, doubt.id)
        if key in {"y", "n"}:
            answered.add(doubt.id)
    print_text(f"{_format_count(len(answered))} settled" if waiting else "no birthday waits for you")


def _ask_key(question: str) -> str:
    print_text(f"{question}  [y]es [n]o [l]ater [q]uit")
    while True:
        key = click.getchar().lower()
        if key in {"y", "n", "l", "q"}:
            return key


def _format_question(doubt: BirthdayDoubt) -> str:
    return (
        f"{doubt.file_name}, line {doubt.line}: {doubt.name} has the birthday {_format_birthday(doubt)}. "
        f"Is it {doubt.contact} ({doubt.profile_url})?"
    )


def _format_birthday(doubt: BirthdayDoubt) -> str:
    year = f"{doubt.year}-" if doubt.year else ""
    return f"{year}{doubt.month:02}-{doubt.day:02}"


def _format_count(count: int) -> str:
    return "1 birthday is" if count == 1 else f"{count} birthdays are"
