"""`rapport templates preview`: a template filled in, for difficult names and for people of an account."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy.orm import Session

from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, open_session, print_answer, require_account
from api_stub.cli.formatting import create_table, print_text
from api_stub.cli.templates.find import TemplateOrText, find_given
from api_stub.cli.terminal import Console
from api_stub.template_previews import list_people
from db.store.campaigns import template_states, templates
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from worker.errors import Reason
from worker.rules.messages.drafts import Addressee, find_addressee_name
from worker.rules.messages.template_previews import fill_in
from worker.rules.messages.template_syntax import OPTIONAL_FIELDS
from worker.rules.messages.template_warnings import SAMPLE_VALUES, list_warnings
from worker.rules.messages.templates import (
    check_template,
    list_fields,
)
from worker.rules.names.difficult_names import DIFFICULT_NAMES
from worker.rules.names.spoken_name import NoName
from worker.rules.wording.reasons import describe_reason


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
        people = list_people(session, owner) if owner and not name else []
        others = templates.list_templates(session, language=record.language) if record else []
    shown = [Addressee(0, each, None, values=SAMPLE_VALUES) for each in name or DIFFICULT_NAMES]
    signature = owner.signature if owner else ""
    if as_json:
        print_answer([fill_in(body, each, late=late, signature=signature) for each in (*shown, *people)])
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
    for warning in template_states.warn_about(record, others) if record else list_warnings(body, late=late):
        print_text(f"note: it {warning}", "yellow")


def _choose_account(session: Session, name: str | None) -> AccountRecord | None:
    """Return the account called `name`, or the only one there is."""
    if name is not None:
        return require_account(session, name)
    everyone = accounts.list_accounts(session)
    return everyone[0] if len(everyone) == 1 else None


def _print_messages(body: str, people: Sequence[Addressee], *, late: bool, signature: str) -> None:
    table = create_table("name", "first name", "message", texts={"message"})
    for person in people:
        filled = fill_in(body, person, late=late, signature=signature)
        message = Text(filled.message) if filled.message else Text(filled.left_out or "", "dim")
        table.add_row(filled.name, filled.first_name or "", message)
    Console().print(table)
