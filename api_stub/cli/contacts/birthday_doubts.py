"""`rapport contacts doubts`, `confirm`, `refuse`, `reopen`: imported birthdays to confirm."""

import sys
from collections.abc import Sequence
from typing import Annotated, Final

import click
import typer
from rich.text import Text
from sqlalchemy.orm import Session

from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountFilter,
    AsJson,
    DataDir,
    check_account_filter,
    open_database,
    open_session,
    print_answer,
)
from api_stub.cli.formatting import create_table, folding_text, print_text
from api_stub.cli.terminal import Console
from db.engine import Database
from db.store.imports import birthday_doubts
from db.store.imports.birthday_doubts import BirthdayDoubt
from tasks.campaigns import hand_edits
from worker.errors import RequestRefusedError

_HINT = "`rapport contacts doubts`"
_ANSWERS: Final = {"y": "yes", "n": "no", "l": "later", "u": "undo", "q": "quit"}


def list_doubts(account: AccountFilter = None, as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """List birthdays from files that wait for you: it is uncertain whose they are, or which day it is."""
    with open_session(data) as session:
        check_account_filter(session, account)
        waiting = birthday_doubts.list_doubts(session, account=account, limit=None)
    if as_json:
        print_answer(waiting)
        return
    table = create_table("id", "contact", "who", "address", "birthday", "as the file says", "file")
    for doubt in waiting:
        table.add_row(
            str(doubt.id),
            folding_text(doubt.contact),
            folding_text(_describe_work(doubt)),
            folding_text(doubt.profile_url),
            _format_birthday(doubt),
            folding_text(doubt.name),
            folding_text(f"{doubt.file_name}, line {doubt.line}"),
        )
    Console().print(table if waiting else Text("no birthday is waiting for an answer"))
    unique = sum(doubt.is_unique for doubt in waiting)
    if unique:
        print_text(
            f"{unique} of them have the whole name of exactly one contact; to confirm those: `rapport "
            "contacts confirm --all-unique`",
            "dim",
        )


def confirm_doubts(
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help=f"Doubts to confirm ({_HINT}).")
    ] = None,
    account: AccountFilter = None,
    all_unique: Annotated[
        bool,
        typer.Option(
            "--all-unique",
            help="Confirm all whose day is certain and whose whole name matches exactly one contact.",
        ),
    ] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Confirm that a birthday is the contact's. Without ids it asks about each: yes, no, later, undo, quit.

    The birthday is written to the contact, and the other candidates and days of the same entry are dropped.
    `rapport contacts reopen ID` undoes an answer, and so does undoing the import.
    """
    with open_database(data) as database:
        if all_unique:
            if ids:
                raise RequestRefusedError("give ids or --all-unique, not both")
            _confirm_unique(database, account)
            return
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
    """Refuse a birthday as not the contact's, or a day as not the right one. It is not asked again."""
    with open_session(data) as session:
        for doubt_id in ids:
            birthday_doubts.refuse_doubt(session, doubt_id)
    print_text(f"{_format_count(len(ids))} refused")


def reopen_doubts(
    ids: Annotated[list[int], typer.Argument(metavar="ID...", help="Doubts that you answered.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Take back what you said about a birthday: it is asked again. What was planned from it is dropped."""
    with open_session(data) as session:
        for doubt_id in ids:
            _reopen(session, doubt_id)
    print_text(f"{_format_count(len(ids))} asked again: {_HINT}")


def _reopen(session: Session, doubt_id: int) -> None:
    hand_edits.apply_birthday(session, birthday_doubts.reopen_doubt(session, doubt_id))


def _confirm_unique(database: Database, account: str | None) -> None:
    """Confirm all unique doubts in one transaction, and list them with their ids, for taking one back."""
    with database.transaction() as session:
        check_account_filter(session, account)
        found = birthday_doubts.list_doubts(session, account=account, only_unique=True, limit=None)
        for doubt in found:
            birthday_doubts.confirm_doubt(session, doubt.id)
        left = birthday_doubts.count_doubts(session, account=account)
    for doubt in found:
        print_text(f"  {doubt.id}: {_describe_contact(doubt)} has the birthday {_format_birthday(doubt)}")
    print_text(
        f"{_format_count(len(found))} confirmed"
        if found
        else "no birthday can be confirmed without asking you"
    )
    if found:
        print_text("to undo one: `rapport contacts reopen ID`", "dim")
    if left:
        print_text(f"{_format_count(left)} still waiting: `rapport contacts confirm`")


def _ask_each(database: Database, account: str | None) -> None:
    """Ask about each doubt with one key; every answer is stored at once. `u` takes the last answer back."""
    if not sys.stdin.isatty():
        raise RequestRefusedError(
            f"this isn't a terminal, so nothing can be asked: give the ids to confirm ({_HINT})"
        )
    with database.transaction() as session:
        check_account_filter(session, account)
        waiting = birthday_doubts.list_doubts(session, account=account, limit=None)
    settled: list[int] = []
    """Places in `waiting` of the answered doubts, in the order of the answers."""
    place = 0
    while place < len(waiting):
        doubt = waiting[place]
        with database.transaction() as session:
            if not birthday_doubts.list_doubts(session, ids=[doubt.id]):
                place += 1  # another candidate of the entry was confirmed
                continue
        key = _ask_key(f"({place + 1}/{len(waiting)}) {_format_question(doubt)}")
        if key == "q":
            break
        if key == "u":
            place = _undo_last(database, waiting, settled, place)
            continue
        with database.transaction() as session:
            if key == "y":
                birthday_doubts.confirm_doubt(session, doubt.id)
            elif key == "n":
                birthday_doubts.refuse_doubt(session, doubt.id)
        if key in {"y", "n"}:
            settled.append(place)
        place += 1
    print_text(
        f"{_format_count(len(settled))} settled" if waiting else "no birthday is waiting for an answer"
    )
    if settled:
        print_text("to undo an answer: `rapport contacts reopen ID`", "dim")


def _undo_last(database: Database, waiting: Sequence[BirthdayDoubt], settled: list[int], place: int) -> int:
    """Take the last answer back; return the place to ask at next."""
    if not settled:
        print_text("there is no answer to undo")
        return place
    last = settled.pop()
    with database.transaction() as session:
        _reopen(session, waiting[last].id)
    return last


def _ask_key(question: str) -> str:
    """Ask, and show the answer as it is typed."""
    print_text(question)
    console = Console()
    console.print("[y]es [n]o [l]ater [u]ndo [q]uit: ", end="")
    while True:
        key = click.getchar().lower()
        if key in _ANSWERS:
            console.print(_ANSWERS[key])
            return key
        console.print(f"{key!r} is an unknown key; y, n, l, u or q: ", end="")


def _format_question(doubt: BirthdayDoubt) -> str:
    where = f"{doubt.file_name}, line {doubt.line}"
    who = f"{_describe_contact(doubt)} (id {doubt.id}"
    birthday = _format_birthday(doubt)
    if doubt.day_uncertain:
        return f"{where}: {doubt.name} may have the birthday {birthday}. Is this the birthday of {who})?"
    only = "the only contact with this name" if doubt.is_unique else "one of several, or the name differs"
    return f"{where}: {doubt.name} has the birthday {birthday}. Is it {who}, {only})?"


def _describe_contact(doubt: BirthdayDoubt) -> str:
    return ", ".join(filter(None, (doubt.contact, _describe_work(doubt), doubt.profile_url)))


def _describe_work(doubt: BirthdayDoubt) -> str:
    company = "" if doubt.company in doubt.headline else doubt.company
    return ", ".join(filter(None, (doubt.headline, company)))


def _format_birthday(doubt: BirthdayDoubt) -> str:
    year = f"{doubt.year}-" if doubt.year else ""
    return f"{year}{doubt.month:02}-{doubt.day:02}"


def _format_count(count: int) -> str:
    return "1 birthday is" if count == 1 else f"{count} birthdays are"
