"""The texts that a proposal could have: those of the account's templates, filled in for its person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.actions import interactions
from db.store.campaigns import templates
from db.store.people import accounts, contacts
from db.store.reports import reviews
from db.store.reports.reviews import Origin
from tasks.campaigns.drafting import no_repeat_since
from tasks.contract import BirthdayOptions
from worker.rules.messages.drafts import Addressee, DraftOption, find_addressee_name, list_drafts
from worker.rules.names.spoken_name import SpokenName


@dataclass(frozen=True, slots=True)
class TextChoices:
    """The texts that could be sent to a person today, in any language, and what they are compared with.

    `past_texts` are what may not be repeated. `fallback_language` is that of the campaign.
    """

    person: Addressee
    options: Sequence[DraftOption]
    past_texts: Sequence[str]
    fallback_language: str
    worded_for: date

    @property
    def name(self) -> SpokenName | None:
        """How the person is addressed, None if no name is certain."""
        found = find_addressee_name(self.person)
        return found if isinstance(found, SpokenName) else None

    def find_source(self, message: str) -> DraftOption | None:
        """Return the template that gives exactly this text, or None: a person wrote it, or it is older."""
        return next((each for each in self.options if each.draft.message == message), None)


def list_choices(session: Session, action_ids: Sequence[UUID]) -> Mapping[UUID, TextChoices]:
    """Return the texts that these proposals could have, by action."""
    found: dict[UUID, TextChoices] = {}
    origins = sorted(reviews.list_origins(session, action_ids), key=lambda each: each.account_id)
    for account_id, group in groupby(origins, key=lambda each: each.account_id):
        found |= _list_of_account(session, account_id, list(group))
    return found


def _list_of_account(
    session: Session, account_id: int, origins: Sequence[Origin]
) -> Mapping[UUID, TextChoices]:
    account = accounts.get_account(session, account_id)
    today, usable = today_in(session, account.zone), templates.list_usable_templates(session, account_id)
    ids = [origin.contact_id for origin in origins]
    people = contacts.get_addressees(session, ids, today)
    past = interactions.list_greetings_to_each(session, ids, since=no_repeat_since(session))
    found = {}
    for origin in origins:
        person, texts = people[origin.contact_id], past[origin.contact_id]
        fallback = BirthdayOptions.model_validate(origin.options).fallback_language
        options = list_drafts(
            person,
            usable,
            past_texts=texts,
            fallback_language=fallback,
            days_late=(today - origin.occasion_on).days,
            signature=account.signature,
        )
        found[origin.id] = TextChoices(person, options, texts, fallback, today)
    return found
