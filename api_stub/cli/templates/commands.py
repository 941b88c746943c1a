"""`rapport templates`: list, add and change the texts of greetings."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, open_session, print_answer, require_account
from api_stub.cli.formatting import create_table, print_text
from api_stub.cli.screen.prompts import read_all
from api_stub.cli.templates import preview, send_test, signature
from api_stub.cli.templates.find import TemplateId, format_state, require_template
from api_stub.cli.terminal import Console
from db.store.campaigns import template_states, templates
from db.store.campaigns.templates import TemplateRecord
from worker.errors import RequestRefusedError
from worker.rules.languages import describe_unknown_language, is_known_language
from worker.rules.messages.template_syntax import TEMPLATE_FIELDS

_FIELDS_HELP = "\n\n".join(f"{{{{ {name} }}}}  {meaning}" for name, meaning in TEMPLATE_FIELDS.items())

app = typer.Typer(
    help="Templates: the texts of greetings by language, for the day and late. A template is a text with "
    f"fields:\n\n{_FIELDS_HELP}\n\nFor what may be unknown, give a default: "
    "{{ company or 'your team' }}. More: docs/templates.md.",
    no_args_is_help=True,
)
app.command("preview")(preview.preview)
app.command("test")(send_test.send_test)
app.command("signature")(signature.signature)

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


@app.command("list")
def list_templates(
    account: Annotated[
        str | None, typer.Option(help="Only those that this account uses, and its own that are disabled.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Only this language: en, de, fr, es, ...")] = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List templates. An account's own replace the shared ones of the same language, on the day or late."""
    if language is not None:
        _require_language(language)
    with open_session(data) as session:
        found = templates.list_templates(session, language=language)
        if account is not None:
            owner = require_account(session, account).id
            used = {template.id for template in templates.list_usable_templates(session, owner)}
            found = [record for record in found if record.id in used or record.account == account]
    if as_json:
        print_answer(found)
        return
    table = create_table("id", "language", "when", "whose", "weight", "state", "text", texts={"text"})
    for record in found:
        when = "late" if record.late else "day"
        table.add_row(
            str(record.id),
            record.language,
            when,
            _format_owner(record),
            str(record.weight),
            format_state(record),
            record.body,
        )
    Console().print(table if found else "no templates; `rapport templates add` adds one")
    for record in found:
        for warning in template_states.warn_about(record, found):
            print_text(f"template {record.id} {warning}", "yellow")


@app.command()
def add(
    language: Annotated[str, typer.Option(help="The language it is in: en, de, fr, es, ... (ISO 639-1).")],
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="The text. Without it, the text is read from standard input."),
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
    """Add a template. One that could fail, be empty or be too long for anybody is refused.

    So is one with a field in another program's spelling, such as {first_name}, [Name] or %name%.
    """
    _require_language(language)
    body = _read_text(text)
    with open_session(data) as session:
        owner = require_account(session, account).id if account else None
        number = templates.add_template(
            session, account_id=owner, language=language, late=late, body=body, weight=weight
        )
        alike, warnings = _look_at_new(session, number) if number else ([], [])
    if number is None:
        print_text("this template already exists; `rapport templates list` shows it")
        return
    print_text(f"template {number} is added; next: `rapport templates preview {number}`")
    for warning in warnings:
        print_text(f"note: it {warning}", "yellow")
    if alike:
        numbers = ", ".join(str(record.id) for record in alike)
        print_text(f"note: it is nearly the same as {numbers}, so nobody gets both within two years")


@app.command()
def remove(template: TemplateId, data: DataDir = DEFAULT_DATA) -> None:
    """Remove one of your templates. Planned greetings keep their text. A default can only be disabled."""
    with open_session(data) as session:
        if require_template(session, template).default:
            raise RequestRefusedError(
                f"template {template} ships with Rapport, and the next `rapport migrate` would add it again: "
                f"`rapport templates disable {template}`"
            )
        templates.delete_template(session, template)
    print_text(f"template {template} is removed")


@app.command()
def enable(template: TemplateId, data: DataDir = DEFAULT_DATA) -> None:
    """Use a template again."""
    with open_session(data) as session:
        require_template(session, template)
        templates.set_template_enabled(session, template, enabled=True)
    print_text(f"template {template} is used again")


@app.command()
def disable(template: TemplateId, data: DataDir = DEFAULT_DATA) -> None:
    """Stop using a template. Planned greetings keep their text."""
    with open_session(data) as session:
        require_template(session, template)
        templates.set_template_enabled(session, template, enabled=False)
    print_text(f"template {template} is no longer used")


@app.command()
def weight(template: TemplateId, value: Weight, data: DataDir = DEFAULT_DATA) -> None:
    """Set a template's weight: weight 3 is chosen three times as often as weight 1."""
    with open_session(data) as session:
        require_template(session, template)
        templates.set_template_weight(session, template, value)
    print_text(f"template {template} has weight {value}")


def _require_language(given: str) -> None:
    if not is_known_language(given):
        raise RequestRefusedError(describe_unknown_language(given))


def _read_text(text: str | None) -> str:
    if text is not None:
        return text
    if sys.stdin.isatty():
        raise RequestRefusedError("no text: give it as the last argument in quotes, or pipe it in")
    return read_all()


def _look_at_new(session: Session, number: int) -> tuple[Sequence[TemplateRecord], Sequence[str]]:
    """Return the templates that count as the same text as this one, and what is to be said about it."""
    new = require_template(session, number)
    found = templates.list_templates(session, language=new.language)
    beside = [other for other in found if other.account in {None, new.account}]
    return template_states.list_alike(new, beside), template_states.warn_about(new, beside)


def _format_owner(record: TemplateRecord) -> str:
    return record.account or ("default" if record.default else "everybody")
