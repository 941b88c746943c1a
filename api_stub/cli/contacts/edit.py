"""`rapport contacts edit`, `call`: set a person's birthday, name to be called by, and language by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from api_stub.cli.context import DEFAULT_DATA, DataDir, get_terminal_user, open_database
from api_stub.cli.formatting import format_counts, print_text
from api_stub.cli.lookup import Who, WhoseAccount, choose_contact
from db.engine import today_in
from db.store.campaigns import templates
from db.store.people import accounts
from db.store.people.hand_edits import HandEdits
from db.store.people.lookup import ContactRecord
from tasks.campaigns import hand_edits
from tasks.campaigns.hand_edits import ReplannedGreetings
from worker.errors import RequestRefusedError
from worker.rules.names.hand_edits import (
    EditRefusedError,
    check_call_by,
    check_language,
    format_birthday,
    parse_birthday,
)

_OFF = "off"

Value = TypeVar("Value")
Off = TypeVar("Off")


def edit_contact(
    who: Who,
    *,
    birthday: Annotated[
        str | None,
        typer.Option(metavar="[YEAR-]MONTH-DAY|off", help="Such as 3-14 or 1980-03-14; off: not by hand."),
    ] = None,
    call_by: Annotated[
        str | None, typer.Option(metavar="NAME|off", help="What greetings call the person; off: not by hand.")
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(metavar="LANGUAGE|off", help="The language of greetings, such as fr; off: not by hand."),
    ] = None,
    account: WhoseAccount = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Set by hand what an account knows of a person. Imports and pages of the site don't change it back.

    Planned greetings change with it: their texts are rewritten, and approved texts wait for approval
    again. `off` restores what was known before.

    Example:
    rapport contacts edit "ann lee" --birthday 3-14 --call-by Annie --language fr

    """
    if birthday is None and call_by is None and language is None:
        raise RequestRefusedError("nothing to change: give --birthday, --call-by or --language")
    person = choose_contact(data, who, account=account)
    _edit(data, person, birthday=birthday, call_by=call_by, language=language)


def call_contact(
    who: Who,
    name: Annotated[str | None, typer.Argument(help="What greetings call the person.")] = None,
    off: Annotated[
        bool, typer.Option("--off", help="Derive it from the display name again, as for everybody.")
    ] = False,
    account: WhoseAccount = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Set what greetings call a person, for a name that can't be derived or that the person doesn't use."""
    if (name is None) is not off:
        raise RequestRefusedError("give a name, or --off")
    person = choose_contact(data, who, account=account)
    _edit(data, person, birthday=None, call_by=_OFF if off else name, language=None)


def _edit(
    data: Path, person: ContactRecord, *, birthday: str | None, call_by: str | None, language: str | None
) -> None:
    with open_database(data) as database:
        with database.transaction() as session:
            today = today_in(session, accounts.get_account(session, person.account_id).zone)
            known = {each.language for each in templates.list_usable_templates(session, person.account_id)}
        try:
            edits = HandEdits(
                birthday=_parse(birthday, lambda given: parse_birthday(given, today), off=()),
                call_by=_parse(call_by, check_call_by, off=""),
                language=_parse(language, check_language, off=""),
            )
        except EditRefusedError as error:
            raise RequestRefusedError(str(error)) from None
        with database.transaction() as session:
            replanned = hand_edits.edit_contact(session, person.id, edits, by=get_terminal_user())
    print_text(f"{person.full_name} (account {person.account}): {_describe_edits(edits)}")
    if edits.language and edits.language not in known:
        print_text(f"no template is in {edits.language}, so campaigns use their fallback language", "yellow")
    if told := _describe_replanned(replanned):
        print_text(told)


def _parse(given: str | None, parse: Callable[[str], Value], *, off: Off) -> Value | Off | None:
    if given is None:
        return None
    return off if given == _OFF else parse(given)


def _describe_edits(edits: HandEdits) -> str:
    told = []
    if edits.birthday is not None:
        told.append(
            f"birthday {format_birthday(*edits.birthday)}"
            if edits.birthday
            else "birthday no longer set by hand"
        )
    if edits.call_by is not None:
        told.append(f"called {edits.call_by}" if edits.call_by else "called by the display name")
    if edits.language is not None:
        told.append(f"language {edits.language}" if edits.language else "language no longer set by hand")
    return ", ".join(told)


def _describe_replanned(replanned: ReplannedGreetings) -> str:
    return format_counts(
        (replanned.moved, "planned greeting was moved to the birthday", "planned greetings were moved"),
        (replanned.reworded, "planned greeting was rewritten", "planned greetings were rewritten"),
        (
            replanned.proposed_again,
            "approved greeting was rewritten and waits for approval again: `rapport review`",
            "approved greetings were rewritten and wait for approval again: `rapport review`",
        ),
        (replanned.dropped, "planned greeting was dropped", "planned greetings were dropped"),
    )
