"""`rapport templates preview`: a template filled in, for difficult names and for people of an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy.orm import Session

from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, open_session, print_answer, require_account
from api_stub.cli.formatting import create_table, describe_reason, print_text
from api_stub.cli.templates.find import TemplateOrText, find_given, warn_about
from api_stub.cli.terminal import Console
from db.engine import today_in
from db.store.campaigns import templates
from db.store.people import accounts, contacts
from db.store.people.accounts import AccountRecord
from worker.errors import Reason
from worker.rules.messages.drafts import Addressee, find_addressee_name
from worker.rules.messages.personal_values import PersonalValues
from worker.rules.messages.signatures import add_signature
from worker.rules.messages.template_syntax import OPTIONAL_FIELDS
from worker.rules.messages.template_warnings import SAMPLE_VALUES, list_warnings
from worker.rules.messages.templates import (
    MAX_DAYS_LATE,
    ValueUnknownError,
    check_template,
    list_fields,
    render_template,
)
from worker.rules.names.difficult_names import DIFFICULT_NAMES
from worker.rules.names.no_name import describe_no_name
from worker.rules.names.spoken_name import NoName, SpokenName

_PEOPLE_SHOWN = 8


def preview(
    template: TemplateOrText,
    *,
    name: Annotated[
        list[str] | None, typer.Option(help="The name as the site shows it; may be given several times.")
    ] = None,
    late: Annotated[bool, typer.Option("--late", help="For the days after the birthday.")] = False,
    account: Annotated[
        str | None, typer.Option(help="Show it for people of this account, with its signature.")
    ] = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show a template filled in: for a list of difficult names, and for people of an account. Sends nothing.

    Without --account, people of the template's own account are shown, or of the only account there is.
    """
    with open_session(data, snapshot=True) as session:
        record = find_given(session, template)
        body, late = (record.body, record.late) if record else (template, late)
        check_template(body, late=late)
        owner = _choose_account(session, account or (record.account if record else None))
        people = _list_people(session, owner) if owner and not name else []
        others = templates.list_templates(session, language=record.language) if record else []
    shown = [Addressee(0, each, None, values=SAMPLE_VALUES) for each in name or DIFFICULT_NAMES]
    signature = owner.signature if owner else ""
    if as_json:
        print_answer([_fill_in(body, each, late=late, signature=signature) for each in (*shown, *people)])
        return
    if used := [field for field in OPTIONAL_FIELDS if field in list_fields(body)]:
        sample = SAMPLE_VALUES.known()
        print_text(
            f"assumed: {', '.join(f'{field} {sample[field]!r}' for field in used)}; "
            "in the last line, nothing is known"
        )
        shown.append(Addressee(0, shown[0].full_name, None))
    _print_messages(body, shown, late=late, signature=signature)
    if owner and people:
        print_text(f"\npeople of account {owner.name}:", "bold")
        _print_messages(body, people, late=late, signature=signature)
    if any(isinstance(find_addressee_name(person), NoName) for person in shown):
        print_text(f"left out: {describe_reason(Reason.NO_NAME)}; docs/templates.md has the rules")
    for warning in warn_about(record, others) if record else list_warnings(body, late=late):
        print_text(f"note: it {warning}", "yellow")


def _choose_account(session: Session, name: str | None) -> AccountRecord | None:
    """Return the account called `name`, or the only one there is."""
    if name is not None:
        return require_account(session, name)
    everyone = accounts.list_accounts(session)
    return everyone[0] if len(everyone) == 1 else None


def _list_people(session: Session, account: AccountRecord) -> Sequence[Addressee]:
    today = today_in(session, account.zone)
    return contacts.list_addressees(session, account.id, today, limit=_PEOPLE_SHOWN)


@dataclass(frozen=True, slots=True)
class FilledTemplate:
    """A template filled in for one person, who is `left_out` for this reason, or gets the `message`.

    In a late template, `message` has each different text with its days.
    """

    name: str
    first_name: str | None
    message: str | None
    left_out: str | None = None


def _print_messages(body: str, people: Sequence[Addressee], *, late: bool, signature: str) -> None:
    table = create_table("name", "first name", "message", texts={"message"})
    for person in people:
        filled = _fill_in(body, person, late=late, signature=signature)
        message = Text(filled.message) if filled.message else Text(filled.left_out or "", "dim")
        table.add_row(filled.name, filled.first_name or "", message)
    Console().print(table)


def _fill_in(body: str, person: Addressee, *, late: bool, signature: str) -> FilledTemplate:
    name = find_addressee_name(person)
    if isinstance(name, NoName):
        return FilledTemplate(person.full_name, None, None, f"left out: {describe_no_name(name)}")
    try:
        message = _render_days(body, name, person.values, late=late, signature=signature)
    except ValueUnknownError as unknown:
        return FilledTemplate(person.full_name, name.first, None, f"gets another template: {unknown}")
    return FilledTemplate(person.full_name, name.first, message)


def _render_days(body: str, name: SpokenName, values: PersonalValues, *, late: bool, signature: str) -> str:
    """Render the message; for a late template, each different one with its days."""
    days: dict[str, list[int]] = {}
    for day in range(1, MAX_DAYS_LATE + 1) if late else (0,):
        text = render_template(body, name=name, days_late=day, values=values)
        days.setdefault(add_signature(text, signature), []).append(day)
    if len(days) == 1:
        return next(iter(days))
    return "\n".join(f"day {_format_days(those)}: {message}" for message, those in days.items())


def _format_days(days: Sequence[int]) -> str:
    in_a_row = days[-1] - days[0] == len(days) - 1 > 0
    return f"{days[0]}-{days[-1]}" if in_a_row else ", ".join(map(str, days))
