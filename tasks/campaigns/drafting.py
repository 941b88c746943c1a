"""Write greetings: one for each birthday that is due, from the account's templates."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from db.engine import get_database_time, today_in
from db.store.actions import interactions
from db.store.actions.claims import Claim
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.store.campaigns.templates import list_usable_templates
from db.store.people import accounts, contacts
from db.store.people.accounts import AccountRecord
from db.store.people.contacts import DueBirthday
from tasks.contract import BirthdayOptions
from worker.errors import Reason
from worker.rules.dates.birthdays import birthday_occasion
from worker.rules.messages.drafts import Addressee, Draft, draft_message, find_addressee_name
from worker.rules.messages.templates import MessageTemplate
from worker.rules.names.no_name import describe_no_name
from worker.rules.names.spoken_name import NoName

NO_REPEAT = timedelta(days=730)
"""For how long nobody gets the same or a similar text again."""


def no_repeat_since(session: Session) -> datetime:
    """Return the instant since which no text may be repeated."""
    return get_database_time(session) - NO_REPEAT


def draft_due_greetings(
    session: Session, account: AccountRecord, options: BirthdayOptions, *, most: int | None = None
) -> tuple[Sequence[DueBirthday], list[PlannedAction]]:
    """Return the due birthdays of the account, and the greeting of each, in the same order.

    With `most`, only of so many of the latest birthdays.
    """
    today = today_in(session, account.zone)
    due = contacts.list_due_birthdays(
        session, account.id, today, options.late_days, texts_since=no_repeat_since(session)
    )[:most]
    usable = list_usable_templates(session, account.id)
    return due, draft_greetings(due, usable, today, options, signature=account.signature)


def draft_greetings(
    due: Sequence[DueBirthday],
    templates: Sequence[MessageTemplate],
    today: date,
    options: BirthdayOptions,
    *,
    signature: str,
) -> list[PlannedAction]:
    """Return one planned greeting for each due birthday; a person left out has a reason and no text."""
    return [_draft(person, templates, today, options, signature) for person in due]


def _draft(
    person: DueBirthday,
    templates: Sequence[MessageTemplate],
    today: date,
    options: BirthdayOptions,
    signature: str,
) -> PlannedAction:
    draft = person.left_out or draft_greeting(
        person.addressee, person.on, templates, today, options, past_texts=person.texts, signature=signature
    )
    return PlannedAction(
        contact_id=person.contact_id,
        occasion=birthday_occasion(person.on),
        on=person.on,
        message="" if isinstance(draft, Reason) else draft.message,
        reason=draft if isinstance(draft, Reason) else None,
        detail=_explain_no_name(person.addressee) if draft is Reason.NO_NAME else None,
        called=None if isinstance(draft, Reason) else draft.called,
        held_until=person.held_until,
        worded_for=today,
        expires_on=person.on + timedelta(days=options.late_days),
    )


def redraft_greeting(session: Session, claim: Claim, today: date) -> Draft | Reason | None:
    """Return the text of a claimed greeting if it is sent today, as the contact is known now.

    None: its campaign is gone.
    """
    campaign = campaigns.find_campaign(session, claim.campaign_id)
    if campaign is None:
        return None
    since = no_repeat_since(session)
    return draft_greeting(
        contacts.get_addressee(session, claim.contact_id, today),
        claim.occasion_on,
        list_usable_templates(session, claim.account_id),
        today,
        BirthdayOptions.model_validate(campaign.options),
        past_texts=interactions.list_greetings_to(session, claim.contact_id, since=since),
        signature=accounts.get_account(session, claim.account_id).signature,
    )


def _explain_no_name(addressee: Addressee) -> str | None:
    why = find_addressee_name(addressee)
    return describe_no_name(why) if isinstance(why, NoName) else None


def draft_greeting(
    addressee: Addressee,
    birthday: date,
    templates: Sequence[MessageTemplate],
    today: date,
    options: BirthdayOptions,
    *,
    past_texts: Sequence[str],
    signature: str,
) -> Draft | Reason:
    """Return the greeting for a birthday if it is sent today, or the reason why there is none.

    Each year draws another template; planning a year twice draws the same one.
    """
    return draft_message(
        addressee,
        templates,
        past_texts=past_texts,
        fallback_language=options.fallback_language,
        days_late=(today - birthday).days,
        draw=addressee.contact_id + birthday.year,
        signature=signature,
    )
