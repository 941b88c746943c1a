"""`rapport templates`: list, add, change and preview the texts of greetings."""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import typer
from rich.text import Text
from sqlalchemy.orm import Session

from api_stub.cli.context import DEFAULT_DATA, DataDir, open_session, require_account
from api_stub.cli.formatting import create_table, describe_reason, folding_text, print_text
from api_stub.cli.terminal import Console
from db.store.campaigns import templates
from db.store.campaigns.templates import TemplateRecord
from worker.errors import Reason, RequestRefusedError
from worker.rules.messages.similarity import is_same_message
from worker.rules.messages.templates import (
    MAX_DAYS_LATE,
    TEMPLATE_FIELDS,
    TemplateRefusedError,
    check_template,
    render_template,
)
from worker.rules.names.difficult_names import DIFFICULT_NAMES
from worker.rules.names.spoken_name import NoName, SpokenName, find_name, spoken_name

_NO_NAME_TEXTS: Final[Mapping[NoName, str]] = {
    NoName.NO_LETTERS: "no word of it can be a name",
    NoName.STAND_IN: "the site shows this for a hidden or deleted member",
    NoName.ORGANISATION: "a company or an institution",
    NoName.GROUP: "more than one person",
    NoName.ONLY_TITLES: "only a title or initials",
    NoName.ONLY_FAMILY_NAME: "only a family name",
    NoName.IN_DOUBT: "which word is the given name is in doubt",
}

_FIELDS_HELP = "\n\n".join(f"{{{{ {name} }}}}  {meaning}" for name, meaning in TEMPLATE_FIELDS.items())

app = typer.Typer(
    help="Templates: the texts of greetings by language, for the day and late. A template is a text with "
    f"fields:\n\n{_FIELDS_HELP}\n\nMore: docs/templates.md.",
    no_args_is_help=True,
)

TemplateId = Annotated[
    int, typer.Argument(metavar="ID", help="The template's number, as `rapport templates list` shows it.")
]
Late = Annotated[bool, typer.Option("--late", help="For the days after the birthday.")]
Weight = Annotated[
    int,
    typer.Argument(
        metavar="WEIGHT",
        min=1,
        max=100,
        help="How often it is chosen, relative to the others of its language.",
    ),
]
_SAMPLE = SpokenName("Anna", "Anna Smith")
_USED = "used"


@app.command("list")
def list_templates(
    account: Annotated[
        str | None, typer.Option(help="Only those that this account uses, and its own that are disabled.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Only this language: en, de, fr, es, ...")] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List templates. An account's own replace everybody's of the same language, on the day or late."""
    with open_session(data) as session:
        found = templates.list_templates(session, language=language)
        if account is not None:
            owner = require_account(session, account).id
            used = {template.id for template in templates.list_usable_templates(session, owner)}
            found = [record for record in found if record.id in used or record.account == account]
    table = create_table("id", "language", "when", "whose", "weight", "state", "text")
    for record in found:
        when, body = "late" if record.late else "day", folding_text(record.body)
        table.add_row(
            str(record.id),
            record.language,
            when,
            _format_owner(record),
            str(record.weight),
            _format_state(record),
            body,
        )
    Console().print(table if found else "no templates; `rapport templates add` adds one")


@app.command()
def add(
    language: Annotated[str, typer.Option(help="The language it is in: en, de, fr, es, ... (ISO 639-1).")],
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT", help="The text. Left out, it is read from standard input, line by line."
        ),
    ] = None,
    *,
    late: Late = False,
    weight: Annotated[
        int,
        typer.Option(min=1, max=100, help="How often it is chosen, relative to the others of its language."),
    ] = 1,
    account: Annotated[str | None, typer.Option(help="For this account only; default: for all.")] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add a template. One that could fail, be empty or be too long for anybody is refused."""
    if not re.fullmatch("[a-z]{2}", language):
        raise RequestRefusedError(f"{language!r} is no language code of two small letters, such as en or fr")
    body = _read_text(text)
    with open_session(data) as session:
        owner = require_account(session, account).id if account else None
        number = templates.add_template(
            session, account_id=owner, language=language, late=late, body=body, weight=weight
        )
        alike = _find_similar(session, number, language) if number else []
    if number is None:
        print_text("it is there already; `rapport templates list` shows it")
        return
    print_text(f"template {number} is there; next: rapport templates preview {number}")
    if alike:
        numbers = ", ".join(str(record.id) for record in alike)
        print_text(f"it says much the same as {numbers}: nobody gets both within two years")


@app.command()
def remove(template: TemplateId, data: DataDir = DEFAULT_DATA) -> None:
    """Remove one of your templates. Planned greetings keep their text. A default can only be disabled."""
    with open_session(data) as session:
        if _require_template(session, template).default:
            raise RequestRefusedError(
                f"template {template} ships with Rapport and would be back with the next `rapport migrate`: "
                f"rapport templates disable {template}"
            )
        templates.delete_template(session, template)
    print_text(f"template {template} is gone")


@app.command()
def enable(template: TemplateId, data: DataDir = DEFAULT_DATA) -> None:
    """Use a template again."""
    with open_session(data) as session:
        _require_template(session, template)
        templates.set_template_enabled(session, template, enabled=True)
    print_text(f"template {template} is used")


@app.command()
def disable(template: TemplateId, data: DataDir = DEFAULT_DATA) -> None:
    """Stop using a template. Planned greetings keep their text."""
    with open_session(data) as session:
        _require_template(session, template)
        templates.set_template_enabled(session, template, enabled=False)
    print_text(f"template {template} is not used any more")


@app.command()
def weight(template: TemplateId, value: Weight, data: DataDir = DEFAULT_DATA) -> None:
    """Set a template's weight: weight 3 is chosen three times as often as weight 1."""
    with open_session(data) as session:
        _require_template(session, template)
        templates.set_template_weight(session, template, value)
    print_text(f"template {template} has weight {value}")


@app.command()
def preview(
    template: Annotated[
        str, typer.Argument(metavar="ID|TEXT", help="A template's number, or a text to try.")
    ],
    name: Annotated[
        list[str] | None, typer.Option(help="The name as the site shows it; may be given several times.")
    ] = None,
    late: Late = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show a template filled in for the given names, or for a list of difficult names. Sends nothing."""
    body = template
    if re.fullmatch("[0-9]{1,18}", template):
        with open_session(data) as session:
            record = _require_template(session, int(template))
        body, late = record.body, record.late
    check_template(body, late=late)
    table = create_table("name", "first name", "message")
    for shown in name or DIFFICULT_NAMES:
        spoken = find_name(shown)
        if isinstance(spoken, SpokenName):
            message = _render_messages(body, spoken, late=late)
            table.add_row(Text(shown), Text(spoken.first), Text(message))
        else:
            table.add_row(Text(shown), Text(), Text(f"left out: {_NO_NAME_TEXTS[spoken]}", "dim"))
    Console().print(table)
    if not all(spoken_name(shown) for shown in name or DIFFICULT_NAMES):
        print_text(f"left out: {describe_reason(Reason.NO_NAME)}; docs/templates.md has the rules")


def _render_messages(body: str, name: SpokenName, *, late: bool) -> str:
    """Render the text for a name; for a late template, each different text with its days."""
    if not late:
        return render_template(body, name=name, days_late=0)
    days: dict[str, list[int]] = {}
    for day in range(1, MAX_DAYS_LATE + 1):
        days.setdefault(render_template(body, name=name, days_late=day), []).append(day)
    if len(days) == 1:
        return next(iter(days))
    return "\n".join(f"day {_format_days(those)}: {message}" for message, those in days.items())


def _format_days(days: Sequence[int]) -> str:
    in_a_row = days[-1] - days[0] == len(days) - 1 > 0
    return f"{days[0]}-{days[-1]}" if in_a_row else ", ".join(map(str, days))


def _read_text(text: str | None) -> str:
    if text is not None:
        return text
    if sys.stdin.isatty():
        raise RequestRefusedError("no text: give it as the last argument in quotes, or pipe it in")
    return sys.stdin.read()


def _require_template(session: Session, number: int) -> TemplateRecord:
    record = templates.find_template(session, number)
    if record is None:
        raise RequestRefusedError(f"there is no template {number}; `rapport templates list` shows them")
    return record


def _find_similar(session: Session, number: int, language: str) -> Sequence[TemplateRecord]:
    """Return templates that count as the same text as this one."""
    found = {record.id: record for record in templates.list_templates(session, language=language)}
    new = found.pop(number)
    sample = _render_sample(new)
    return [
        other
        for other in found.values()
        if other.account in {None, new.account}
        and _format_state(other) == _USED
        and is_same_message(sample, _render_sample(other), name=_SAMPLE)
    ]


def _render_sample(record: TemplateRecord) -> str:
    return render_template(record.body, name=_SAMPLE, days_late=int(record.late))


def _format_state(record: TemplateRecord) -> str:
    try:
        check_template(record.body, late=record.late)
    except TemplateRefusedError as error:
        return f"can't be used: {error}"
    return _USED if record.enabled else "disabled"


def _format_owner(record: TemplateRecord) -> str:
    return record.account or ("default" if record.default else "everybody")
