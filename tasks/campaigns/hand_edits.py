"""Edit a contact by hand, and carry the edit into the greetings that are planned for the person.

A text that changes is written anew; if it was approved, it waits for approval again. A greeting that may have
been sent keeps its text, because reconciling looks for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from db.engine import get_database_time, today_in
from db.store.actions import interactions
from db.store.actions.contact_changes import open_greetings
from db.store.actions.contact_changes.open_greetings import OpenGreeting
from db.store.campaigns import schedules, templates
from db.store.people import accounts, contacts, hand_edits
from db.store.people.accounts import AccountRecord
from db.store.people.hand_edits import HandEdits
from tasks.campaigns.drafting import draft_greeting, no_repeat_since
from tasks.contract import BirthdayOptions
from worker.errors import Reason
from worker.rules.dates.birthdays import birthday_in
from worker.rules.messages.drafts import Draft
from worker.rules.model import CampaignKind


@dataclass(slots=True)
class ReplannedGreetings:
    """What became of a contact's planned greetings: how many of each."""

    reworded: int = 0
    proposed_again: int = 0
    moved: int = 0
    dropped: int = 0


def edit_contact(session: Session, contact_id: int, edits: HandEdits, *, by: str) -> ReplannedGreetings:
    """Store the edits and replan the contact's greetings.

    Raises RequestRefusedError, and changes nothing, while a worker is about to send a greeting to them.
    """
    # Lock the greetings before the contact, as recording an effect does.
    found = open_greetings.lock_open_greetings(session, contact_id)
    hand_edits.save_hand_edits(session, contact_id, edits, by=by)
    return _replan(session, contact_id, found)


def preview_greeting(session: Session, contact_id: int, on: date, *, call_by: str | None) -> Draft | Reason:
    """Return the greeting that the person would get for the birthday `on`, called `call_by`.

    None derives the name from the display name. It is the text of the account's schedule, or of the default
    options; nothing is stored.
    """
    account = accounts.get_account(session, contacts.get_account_id(session, contact_id))
    options = _scheduled_options(session, account)
    addressee = replace(contacts.get_addressee(session, contact_id, on), call_by=call_by)
    return draft_greeting(
        addressee,
        on,
        templates.list_usable_templates(session, account.id),
        on,
        options,
        past_texts=interactions.list_greetings_to(session, contact_id, since=no_repeat_since(session)),
        signature=account.signature,
    )


def _scheduled_options(session: Session, account: AccountRecord) -> BirthdayOptions:
    found = schedules.list_schedules(session, account=account.name)
    options = next(
        (each.options for each in found if each.kind is CampaignKind.BIRTHDAY and each.enabled), {}
    )
    return BirthdayOptions.model_validate(options)


def apply_birthday(session: Session, contact_id: int) -> ReplannedGreetings:
    """Replan the contact's greetings after its birthday has changed. Raises as `edit_contact` does."""
    return _replan(session, contact_id, open_greetings.lock_open_greetings(session, contact_id))


def _replan(session: Session, contact_id: int, found: Sequence[OpenGreeting]) -> ReplannedGreetings:
    result = ReplannedGreetings()
    if not found:
        return result
    account = accounts.get_account(session, found[0].account_id)
    today = today_in(session, account.zone)
    birthday = contacts.get_birthday(session, contact_id)
    for greeting in found:
        options = BirthdayOptions.model_validate(greeting.options)
        on = birthday_in(birthday, greeting.occasion_on.year) if birthday else None
        if on is None or on + timedelta(days=options.late_days) < today:
            result.dropped += 1
            why = "its birthday was removed" if on is None else "its birthday was changed and is past"
            open_greetings.drop_greeting(session, greeting, Reason.DROPPED_BY_HAND, why)
            continue
        draft = _draft(session, contact_id, account, on, max(today, on), options)
        if isinstance(draft, Reason):
            result.dropped += 1
            open_greetings.drop_greeting(session, greeting, draft, "after an edit by hand")
            continue
        moved, reworded = on != greeting.occasion_on, draft.message != greeting.message
        if not (moved or reworded):
            continue
        again = open_greetings.change_greeting(
            session, greeting, message=draft.message, called=draft.called, worded_for=max(today, on), on=on,
            expires_on=on + timedelta(days=options.late_days),
            not_before=_opening(session, account, on) if moved else None,
        )  # fmt: skip
        result.moved += moved
        result.proposed_again += again
        result.reworded += reworded and not again
    return result


def _draft(  # noqa: PLR0917 -- private, and each is another kind of thing
    session: Session,
    contact_id: int,
    account: AccountRecord,
    on: date,
    day: date,
    options: BirthdayOptions,
) -> Draft | Reason:
    """Return the greeting for the birthday `on` if it is sent on `day`."""
    since = no_repeat_since(session)
    return draft_greeting(
        contacts.get_addressee(session, contact_id, day),
        on,
        templates.list_usable_templates(session, account.id),
        day,
        options,
        past_texts=interactions.list_greetings_to(session, contact_id, since=since),
        signature=account.signature,
    )


def _opening(session: Session, account: AccountRecord, on: date) -> datetime:
    """Return the beginning of `on` in the account's zone, or now if that is past."""
    return max(get_database_time(session), datetime.combine(on, time(), account.zone))
