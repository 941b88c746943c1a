"""What a greeting says: written when it is planned, and written anew when its day has passed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from db.clock import get_now, today_in
from db.store.actions import interactions, lifecycle
from db.store.actions.lifecycle import Claim
from db.store.campaigns import campaigns, templates
from db.store.campaigns.campaigns import PlannedAction
from db.store.people import contacts
from db.store.people.contacts import DueBirthday
from tasks.contract import BirthdayOptions
from tasks.services import Services
from worker import logs
from worker.errors import Reason
from worker.rules.birthdays import birthday_occasion
from worker.rules.messages.drafts import Addressee, draft_message
from worker.rules.messages.templates import MessageTemplate

log = logs.get_logger(__name__)

NO_REPEAT = timedelta(days=730)
"""Nobody gets a text again, or one too like it, within two years."""


def draft_greetings(
    due: Sequence[DueBirthday], available: Sequence[MessageTemplate], today: date, options: BirthdayOptions
) -> list[PlannedAction]:
    """Write one greeting for each due birthday; who is left out keeps the reason instead of a text."""
    return [_draft(person, available, today, options) for person in due]


def _draft(
    person: DueBirthday, available: Sequence[MessageTemplate], today: date, options: BirthdayOptions
) -> PlannedAction:
    written = person.left_out or draft_message(
        Addressee(person.contact_id, person.full_name, person.language),
        available,
        past_texts=person.texts,
        fallback_language=options.fallback_language,
        days_late=(today - person.on).days,
        draw=_template_draw(person.contact_id, person.on),
    )
    return PlannedAction(
        contact_id=person.contact_id,
        occasion=birthday_occasion(person.on),
        on=person.on,
        message="" if isinstance(written, Reason) else written.message,
        reason=written if isinstance(written, Reason) else None,
        worded_for=today,
        expires_on=person.on + timedelta(days=options.late_days),
    )


def reword_greeting(services: Services, claim: Claim) -> Claim | Reason:
    """Write a greeting anew that was written for another day: it is later by now than its text says.

    What a person approved stays as it was approved, and what may have been sent once keeps its text, because
    that is what is looked for. Returns the reason where there is no text for this day.
    """
    if claim.needs_approval or claim.worded_for is None:
        return claim
    with services.database.transaction() as session:
        today = today_in(session, claim.zone)
        if claim.worded_for == today or claim.occasion_on >= today or lifecycle.has_acted(session, claim):
            return claim
        campaign = campaigns.find_campaign(session, claim.campaign_id)
        if campaign is None:
            return claim
        options = BirthdayOptions.model_validate(campaign.options)
        written = draft_message(
            Addressee(claim.contact_id, *contacts.get_addressee(session, claim.contact_id)),
            templates.list_usable_templates(session, claim.account_id),
            past_texts=interactions.list_greetings_to(
                session, claim.contact_id, since=no_repeat_since(session)
            ),
            fallback_language=options.fallback_language,
            days_late=(today - claim.occasion_on).days,
            draw=_template_draw(claim.contact_id, claim.occasion_on),
        )
        if isinstance(written, Reason):
            return written
        lifecycle.reword_action(session, claim, message=written.message, worded_for=today)
    log.info("action_reworded", action=str(claim.action_id), days_late=(today - claim.occasion_on).days)
    return replace(claim, message=written.message, worded_for=today)


def _template_draw(contact_id: int, on: date) -> int:
    """Return what chooses among templates: another one each year, and the same when planned twice."""
    return contact_id + on.year


def no_repeat_since(session: Session) -> datetime:
    """Return since when no text may come again."""
    return get_now(session) - NO_REPEAT
