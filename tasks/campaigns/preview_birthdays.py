"""What a birthday campaign would do, from what is stored: who gets which text when, and who is left out."""

from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from db.store.actions.plans import PlannedAction
from db.store.identity import doubts
from db.store.people.accounts import AccountRecord
from db.store.people.contacts import DueBirthday
from db.store.reports.forecasts import birthday_forecast
from tasks.campaigns.drafting import draft_due_greetings
from tasks.contract import BirthdayOptions
from worker.errors import Reason
from worker.rules.quota.forecast import ActionForecast


def preview_birthdays(
    session: Session, account: AccountRecord, options: BirthdayOptions, *, most: int | None = None
) -> list[dict[str, str]]:
    """Return a line for each due birthday, or for `most` of the latest.

    Changes nothing, and opens no page of the site.
    """
    due, drafts = draft_due_greetings(session, account, options, most=most)
    outlook = birthday_forecast.forecast_greetings(
        session, account, default_late_days=options.late_days, late_days=options.late_days
    )
    waiting = doubts.list_waiting(session, account.id)
    return [
        _preview_one(
            person,
            draft,
            outlook.get((person.contact_id, person.on)),
            account.zone,
            None if draft.reason else waiting.get(person.contact_id),
        )
        for person, draft in zip(due, drafts, strict=True)
    ]


def _preview_one(
    person: DueBirthday,
    draft: PlannedAction,
    outlook: ActionForecast | None,
    zone: ZoneInfo,
    doubt: Reason | None,
) -> dict[str, str]:
    """Return a line of the preview. `when` is empty for a person who is missed; `waits_for` says why.

    A person who is on hold for longer than the greeting may wait is left out. `doubt` is why a person has to
    say who it is before. `detail` says what is wrong with a name.
    """
    held_until = draft.held_until.astimezone(zone).date() if draft.held_until else None
    is_missed = held_until is not None and draft.expires_on is not None and held_until > draft.expires_on
    reached = outlook if outlook is not None and draft.reason is None else None
    at = reached.reached_at if reached is not None else None
    return {
        "contact": person.full_name,
        "profile_url": person.profile_url,
        "occasion": draft.occasion,
        "on": draft.on.isoformat(),
        "until": draft.expires_on.isoformat() if draft.expires_on else "",
        "message": draft.message,
        "when": at.isoformat(timespec="seconds") if at else "",
        "waits_for": doubt or ((reached.held_back or "") if reached is not None else ""),
        "left_out": draft.reason or (Reason.ON_HOLD if is_missed else ""),
        "detail": draft.detail or "",
        "already": person.planned_as or "",
        **({"held_until": held_until.isoformat()} if held_until else {}),
    }
