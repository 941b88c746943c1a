"""Forecast when an account's birthday greetings go out under its quota."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.actions import gates
from db.store.people import contacts
from db.store.people.accounts import AccountRecord
from db.store.people.contacts import DueBirthday
from db.store.quota import ledger, limits
from db.store.reports import halts
from db.tables import Action, Campaign, Contact, Schedule
from worker.errors import Reason
from worker.rules.halts import Halt
from worker.rules.messages.drafts import has_certain_name
from worker.rules.model import ActionState, CampaignKind, CampaignState, ContactStatus, Kind
from worker.rules.quota.allowance import Allowance
from worker.rules.quota.forecast import ActionForecast, ExpectedAction, Forecast, forecast
from worker.rules.quota.windows import Span, calendar_day, local_day

_NOT_BEGUN = or_(  # two conditions, each with an index of its own
    Action.state.in_((ActionState.PROPOSED, ActionState.PLANNED)),
    Action.state.in_((ActionState.QUEUED, ActionState.CLAIMED)),
)


@dataclass(frozen=True, slots=True)
class AccountForecast:
    """The forecast of an account, as of `now`, for birthdays from today to `last`.

    `due` are the birthdays of these days and of those that compete with them, also of people who are left
    out; none if only planned ones were asked for. `halts` stop the account at this moment. `unapproved` and
    `paused` count planned greetings that wait for approval or in a paused campaign. The forecast ignores all
    three, as if nothing were stopped.
    """

    account: AccountRecord
    allowance: Allowance
    now: datetime
    last: date
    late_days: int
    due: Sequence[DueBirthday]
    forecast: Forecast
    halts: Sequence[Halt]
    unapproved: int
    paused: int

    @property
    def today(self) -> date:
        """The first day of the forecast."""
        return self.now.astimezone(self.account.zone).date()


@dataclass(frozen=True, slots=True)
class _PlannedGreeting:
    """A planned greeting that is not acting yet."""

    expected: ExpectedAction
    state: ActionState
    campaign: CampaignState


def forecast_birthdays(
    session: Session,
    account: AccountRecord,
    *,
    days: int,
    default_late_days: int,
    late_days: int | None = None,
    only_planned: bool = False,
) -> AccountForecast:
    """Return when each birthday of today and the next `days` - 1 days is reached.

    Birthdays of the last days that may still be greeted are included. How late that is comes from
    `late_days`, else the account's schedule, else its latest campaign, else `default_late_days`.
    `only_planned` leaves out those that no campaign has planned yet: they go after the planned ones, and
    finding them takes long with many contacts.
    """
    allowance = limits.load_allowance(session, account.id, Kind.GREET)
    now = ledger.read_clock(session)
    today = now.astimezone(account.zone).date()
    last = today + timedelta(days=days - 1)
    if late_days is None:
        late_days = _find_late_days(session, account.id, default_late_days)
    horizon = last + timedelta(days=late_days)
    planned = list(_list_planned(session, account.id, account.zone, never_late=horizon))
    due: Sequence[DueBirthday] = ()
    if not only_planned:  # as a campaign on the last day that looks back over all the days
        due = contacts.list_due_birthdays(session, account.id, horizon, days - 1 + 2 * late_days)
    day = local_day(now, account.zone)
    written_to = gates.list_written_to(session, day.start, account_id=account.id, site=account.site)
    state = ledger.read_ledger(session, allowance.context_at(now, ""))
    halted = halts.list_halts(session, account)
    # All is read: what follows may take long, and Postgres ends a transaction that is idle for long.
    unplanned = _list_unplanned(due, late_days)
    expected = _hold_for_one_voice([*(one.expected for one in planned), *unplanned], written_to, day)
    return AccountForecast(
        account=account,
        allowance=allowance,
        now=now,
        last=last,
        late_days=late_days,
        due=due,
        forecast=forecast(expected, allowance, state, now=now, last=last),
        halts=halted,
        unapproved=sum(one.state is ActionState.PROPOSED for one in planned),
        paused=sum(one.campaign is CampaignState.PAUSED for one in planned),
    )


def forecast_greetings(
    session: Session,
    account: AccountRecord,
    *,
    default_late_days: int,
    late_days: int | None = None,
    only_planned: bool = False,
) -> Mapping[tuple[int, date], ActionForecast]:
    """Return the forecast for each birthday up to today that is still to be greeted, by contact and day.

    The other arguments are those of `forecast_birthdays`.
    """
    found = forecast_birthdays(
        session, account, days=1, default_late_days=default_late_days, late_days=late_days,
        only_planned=only_planned,
    )  # fmt: skip
    return {(each.action.contact_id, each.action.on): each for each in found.forecast.actions}


def forecast_planned(
    session: Session, account: AccountRecord, *, default_late_days: int
) -> Mapping[UUID, ActionForecast]:
    """Return the forecast of each planned greeting for a birthday up to today, by the action's id.

    Greetings that wait for a person, because the account or their campaign is stopped, are left out.
    """
    found = forecast_birthdays(session, account, days=1, default_late_days=default_late_days)
    if found.halts:
        return {}
    paused = select(Campaign.id).where(
        Campaign.account_id == account.id, Campaign.state == CampaignState.PAUSED
    )
    waiting = {str(campaign_id) for campaign_id in session.scalars(paused)}
    return {
        each.action.planned[1]: each
        for each in found.forecast.actions
        if each.action.planned and each.action.campaign not in waiting
    }


@dataclass(frozen=True, slots=True)
class OutlookCounts:
    """How many planned greetings go out today, later, or too late to be sent at all."""

    today: int
    later: int
    too_late: int


def count_outlook(session: Session, account: AccountRecord, *, default_late_days: int) -> OutlookCounts:
    """Count the account's planned greetings by their forecast."""
    found = forecast_birthdays(session, account, days=1, default_late_days=default_late_days)
    planned = [each for each in found.forecast.actions if each.action.campaign is not None]
    today = sum(each.reached_on == found.last for each in planned)
    too_late = sum(each.reached_on is None for each in planned)
    return OutlookCounts(today, len(planned) - today - too_late, too_late)


def _hold_for_one_voice(
    expected: Iterable[ExpectedAction], held: Set[int], today: Span
) -> Iterator[ExpectedAction]:
    """Let people who had a message today wait until tomorrow, as the gate before the effect does."""
    for action in expected:
        if action.contact_id in held and (action.not_before or today.start) < today.end:
            yield replace(action, not_before=today.end, waits_for=Reason.ONE_VOICE)
        else:
            yield action


def _find_late_days(session: Session, account_id: int, default: int) -> int:
    scheduled = select(Schedule.options["late_days"].as_integer()).where(
        Schedule.account_id == account_id, Schedule.kind == CampaignKind.BIRTHDAY, Schedule.enabled
    )
    latest = (
        select(Campaign.options["late_days"].as_integer())
        .where(Campaign.account_id == account_id, Campaign.kind == CampaignKind.BIRTHDAY)
        .order_by(Campaign.created_at.desc())
        .limit(1)
    )
    late_days = session.scalar(scheduled)
    if late_days is None:
        late_days = session.scalar(latest)
    return default if late_days is None else late_days


def _list_planned(
    session: Session, account_id: int, zone: ZoneInfo, *, never_late: date
) -> Iterator[_PlannedGreeting]:
    """Yield the planned greetings that are not acting yet; `never_late` is the last day if none is set."""
    rows = session.execute(
        select(Action, Contact.id, Contact.full_name, Contact.hold_until, Campaign.state)
        .join(Contact, Contact.id == Action.contact_id)
        .join(Campaign, Campaign.id == Action.campaign_id)
        .where(
            Action.account_id == account_id,
            Action.kind == Kind.GREET,
            _NOT_BEGUN,
            Campaign.state != CampaignState.CANCELLED,
            Contact.do_not_contact.is_(False),
            Contact.status == ContactStatus.CONNECTED,
        )
    ).all()
    greeted = _list_greeted(session, [action for action, *_ in rows])
    for action, contact_id, full_name, hold_until, campaign in rows:
        if (contact_id, action.occasion) in greeted:
            continue  # by hand, say: the gate skips it
        held_until = calendar_day(hold_until, zone).start if hold_until else action.not_before
        is_held = held_until > action.not_before  # a proposal that the gate would stop
        expected = ExpectedAction(
            contact_id=contact_id,
            full_name=full_name,
            on=action.occasion_on,
            until=action.expires_on or max(never_late, action.occasion_on),
            campaign=str(action.campaign_id),
            not_before=max(action.not_before, held_until),
            waits_for=Reason.ON_HOLD if is_held else Reason(action.reason) if action.reason else None,
            planned=(action.created_at, action.id),
        )
        yield _PlannedGreeting(expected, ActionState(action.state), CampaignState(campaign))


def _list_greeted(session: Session, actions: Sequence[Action]) -> Set[tuple[int, str]]:
    pairs = {
        "contact_ids": [action.contact_id for action in actions],
        "occasions": [action.occasion for action in actions],
        "dates": [action.occasion_on for action in actions],
    }
    found = session.execute(load_query("greeted_among"), pairs)
    return {(contact_id, occasion) for contact_id, occasion in found}


def _list_unplanned(due: Iterable[DueBirthday], late_days: int) -> Iterator[ExpectedAction]:
    """Yield the birthdays for which nothing is planned or done yet."""
    for person in due:
        if (
            person.left_out is None
            and person.planned_as is None
            and has_certain_name(person.full_name, person.language, person.location, person.call_by)
        ):
            until = person.on + timedelta(days=late_days)
            yield ExpectedAction(
                person.contact_id, person.full_name, person.on, until,
                not_before=person.held_until, waits_for=Reason.ON_HOLD if person.held_until else None,
            )  # fmt: skip
