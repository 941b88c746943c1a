"""A template filled in, for difficult names and for people of an account."""

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
from worker.rules.messages.template_previews import FilledTemplate, fill_in
from worker.rules.messages.template_warnings import SAMPLE_VALUES, list_warnings
from worker.rules.names.difficult_names import DIFFICULT_NAMES

PEOPLE_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class TemplatePreview:
    """A text filled in for names, and for people of an account, with its warnings."""

    names: Sequence[FilledTemplate]
    people: Sequence[FilledTemplate]
    warnings: Sequence[str]


def preview_template(
    session: Session,
    body: str,
    *,
    late: bool,
    account: AccountRecord | None,
    names: Sequence[str] = (),
    record: TemplateRecord | None = None,
) -> TemplatePreview:
    """Return how a text reads, with the account's signature: for these names, else for difficult ones.

    Without `names`, also for people of the account. `record` is the stored template of this text. Raises
    TemplateRefusedError for an invalid one.
    """
    signature = account.signature if account else ""
    given = [Addressee(0, name, None, values=SAMPLE_VALUES) for name in names or DIFFICULT_NAMES]
    people = list_people(session, account) if account and not names else []
    beside = templates.list_templates(session, language=record.language) if record else []

    def fill(person: Addressee) -> FilledTemplate:
        return fill_in(body, person, late=late, signature=signature)

    return TemplatePreview(
        names=[fill(person) for person in given],
        people=[fill(person) for person in people],
        warnings=template_states.warn_about(record, beside) if record else list_warnings(body, late=late),
    )


def list_people(session: Session, account: AccountRecord) -> Sequence[Addressee]:
    """Return some people of the account, for whom a text is shown."""
    today = today_in(session, account.zone)
    return contacts.list_addressees(session, account.id, today, limit=PEOPLE_SHOWN)
