"""What is to be said about a text before it is saved as a template: refusal, warnings, and how it reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.campaigns import template_states, templates
from db.store.campaigns.templates import TemplateRecord
from db.store.people import contacts
from db.store.people.accounts import AccountRecord
from worker.rules.messages.drafts import Addressee
from worker.rules.messages.template_previews import FilledTemplate, choose_varied, fill_in
from worker.rules.messages.template_warnings import SAMPLE_VALUES
from worker.rules.names.difficult_names import DIFFICULT_NAMES

_PEOPLE_READ: Final = 60
_PEOPLE_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class TypedTemplate:
    """A template as it was typed. `own`: only for the account at hand."""

    language: str = "en"
    late: bool = False
    body: str = ""
    weight: str = "1"
    own: bool = True


@dataclass(frozen=True, slots=True)
class CheckedTemplate:
    """What is said about a text: why it is refused; or its warnings, and how it reads.

    `alike` are the numbers of templates that say nearly the same. `people` are some of the account, `names`
    difficult ones.
    """

    refusal: str = ""
    warnings: Sequence[str] = ()
    alike: Sequence[int] = ()
    people: Sequence[FilledTemplate] = ()
    names: Sequence[FilledTemplate] = ()


def check_typed(
    session: Session, account: AccountRecord, typed: TypedTemplate, *, template_id: int = 0
) -> CheckedTemplate:
    """Check a text as `rapport templates add` does, and fill it in."""
    record = TemplateRecord(
        template_id, account.name if typed.own else None, typed.language, typed.late, typed.body.strip(),
        weight=1, enabled=True, default=False,
    )  # fmt: skip
    if refusal := template_states.find_refusal(record):
        return CheckedTemplate(refusal)
    beside = templates.list_templates(session, account_id=account.id, language=typed.language)
    today = today_in(session, account.zone)
    known = contacts.list_first_addressees(session, account.id, today, limit=_PEOPLE_READ)
    difficult = [Addressee(0, name, None, values=SAMPLE_VALUES) for name in DIFFICULT_NAMES]
    return CheckedTemplate(
        warnings=template_states.warn_about(record, beside),
        alike=[other.id for other in template_states.list_alike(record, beside)],
        people=_fill_in(record, choose_varied(known, _PEOPLE_SHOWN), account.signature),
        names=_fill_in(record, difficult, account.signature),
    )


def _fill_in(record: TemplateRecord, people: Sequence[Addressee], signature: str) -> Sequence[FilledTemplate]:
    return [fill_in(record.body, person, late=record.late, signature=signature) for person in people]
