"""A person's page: what is known and from where, what is planned, and what happened."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.page import render
from api_stub.console.people.chosen import ContactId, find_person
from api_stub.console.people.wording import say_no_name
from api_stub.console.session import Role, SignedIn, Viewer
from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from db.engine import today_in
from db.store.people import accounts, addresses, contacts, lookup
from db.store.people.accounts import AccountRecord
from db.store.reports.contacts import contact_details, contact_history, fact_sources, open_doubts
from db.store.reports.contacts.contact_details import ContactDetails
from db.store.reports.contacts.contact_history import HistoryCursor
from db.store.reports.forecasts import birthday_forecast, next_greeting
from worker.rules.messages.drafts import find_addressee_name
from worker.rules.model import ActionState, Kind
from worker.rules.names.spoken_name import SpokenName
from worker.rules.quota.forecast import ActionForecast

router = APIRouter(prefix="/people", include_in_schema=False)

_LEAP_YEAR = 2000


@router.get("/{contact}")
def show_person(
    request: Request, viewer: Viewer, database: AppDatabase, contact: ContactId, before: str = ""
) -> Response:
    """Show everything that is known about a person."""
    with database.snapshot() as session:
        return render_person(request, viewer, session, contact, before=HistoryCursor.parse(before))


def render_person(
    request: Request,
    viewer: SignedIn,
    session: Session,
    contact_id: int,
    *,
    before: HistoryCursor | None = None,
    status: int = 200,
    **values: Any,  # noqa: ANN401 -- what the forms on the page show again
) -> Response:
    """Return a person's page, with a page of the history and what was typed into a refused form."""
    person = find_person(session, contact_id)
    account = accounts.get_account(session, person.account_id)
    details = contact_details.get_contact_details(session, contact_id)
    everywhere = lookup.list_everywhere(session, person)
    today = today_in(session, account.zone)
    return render(
        request,
        viewer,
        "people/person.html",
        status=status,
        person=person,
        account=account,
        zone=account.zone,
        today=today,
        details=details,
        born=_first_day(details),
        called=_find_called(viewer, session, contact_id, account),
        sources=fact_sources.find_fact_sources(session, contact_id),
        former=sorted(
            addresses.list_former_addresses(session, [contact_id]) - {person.profile_url, person.member_url}
        ),
        elsewhere=[each for each in everywhere if each.id != contact_id],
        next=next_greeting.find_next_greeting(session, account, contact_id),
        outlooks=_read_outlooks(session, account, details),
        doubts=open_doubts.find_open_doubts(session, contact_id),
        history=contact_history.list_history(session, contact_id, before=before),
        before=before,
        may_decide=viewer.may(Role.APPROVER),
        may_all=viewer.may(Role.OWNER),
        **{"errors": {}, "typed": {}, **values},
    )


def _first_day(details: ContactDetails) -> date | None:
    """Return the birthday in its year, or a leap year; None if it isn't known, or no year has that day."""
    if details.birthday is None:
        return None
    year, month, day = details.birthday
    with suppress(ValueError):
        return date(year or _LEAP_YEAR, month, day)
    return None


@dataclass(frozen=True, slots=True)
class Called:
    """What greetings call the person, or why no name is certain."""

    name: str | None
    why_not: str | None


def _find_called(viewer: SignedIn, session: Session, contact_id: int, account: AccountRecord) -> Called:
    found = find_addressee_name(contacts.get_addressee(session, contact_id, today_in(session, account.zone)))
    if isinstance(found, SpokenName):
        return Called(found.first, None)
    return Called(None, say_no_name(viewer, found))


def _read_outlooks(
    session: Session, account: AccountRecord, details: ContactDetails
) -> Mapping[UUID, ActionForecast]:
    """Return the forecast of the person's planned greetings; it takes reading those of the whole account."""
    planned = any(
        each.kind is Kind.GREET and each.state is ActionState.PLANNED for each in details.open_actions
    )
    if not planned:
        return {}
    return birthday_forecast.forecast_planned(session, account, default_late_days=DEFAULT_LATE_DAYS)
