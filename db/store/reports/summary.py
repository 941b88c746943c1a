"""Summaries of a day and of a campaign, counted from the ledger: sent, skipped, waiting, answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from sqlalchemy import Date, and_, cast, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.store.campaigns import campaigns, searches
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.searches import SearchRecord
from db.store.people.accounts import AccountRecord
from db.store.quota import ledger, limits
from db.store.reports import outcome_counts
from db.tables import Account, Action, Contact, DailySummary, Interaction
from worker.errors import Reason, RequestRefusedError
from worker.rules.dates.birthdays import recent_birthdays
from worker.rules.dates.date_range import require_supported_day
from worker.rules.messages.replies import REPLY_WINDOW
from worker.rules.model import ActionState, ContactStatus, Kind
from worker.rules.quota.gates import usage
from worker.rules.quota.windows import Span, local_day
from worker.rules.reports.campaign_progress import CampaignProgress, campaign_progress
from worker.rules.reports.summary import EndedCounts, GreetingQuota, NotGreeted, OpenCounts, Summary

_STATE_HOLDS_FOR: Final = timedelta(hours=1)
"""For this long after a day's end, the current open actions count as those at its end."""

_SUMMARIES: Final = TypeAdapter(Summary)


@dataclass(frozen=True, slots=True)
class CampaignSummary:
    """The results of one campaign so far."""

    campaign: CampaignRecord
    progress: CampaignProgress
    happened: EndedCounts
    open: OpenCounts
    left_out: Sequence[NotGreeted]
    search: SearchRecord | None


def summarise_day(
    session: Session, account: AccountRecord, on: date | None = None, *, now: datetime | None = None
) -> Summary:
    """Return the summary of the day `on`, today's by default.

    For a past day, what happened is counted from the ledger, and the open state is the one saved at its end.
    Raises RequestRefusedError for a future day, or one before 1900.
    """
    now = now or get_database_time(session)
    today = now.astimezone(account.zone).date()
    on = on or today
    if on > today:
        raise RequestRefusedError(f"{on} is in the future: in {account.zone.key} it is {today}")
    try:
        require_supported_day(on)
    except ValueError as error:
        raise RequestRefusedError(str(error)) from None
    if on == today:
        return _with_open_state(session, account, on, at=now, now=now)
    saved = session.scalar(
        select(DailySummary.summary).where(DailySummary.account_id == account.id, DailySummary.on == on)
    )
    counted = _count_day(session, account, on, now=now)
    if saved is None:
        return counted
    then = _SUMMARIES.validate_python(saved)
    return replace(
        counted, as_of=then.as_of, open=then.open, quota=then.quota,
        birthdays_next_day=then.birthdays_next_day,
    )  # fmt: skip


def summarise_campaign(
    session: Session, campaign_id: UUID, *, with_lists: bool = True
) -> CampaignSummary | None:
    """Return the campaign's summary so far, or None for an unknown id.

    `with_lists=False` leaves out what may have thousands of lines: `left_out`, and a dry run's preview.
    """
    campaign = campaigns.find_campaign(session, campaign_id, with_preview=with_lists)
    if campaign is None:
        return None
    zone = session.scalars(select(Account.time_zone).where(Account.id == campaign.account_id)).one()
    of_campaign = Action.campaign_id == campaign_id
    sent, late = outcome_counts.count_sent(session, ZoneInfo(zone), of_campaign)
    done = outcome_counts.count_done(session, of_campaign)
    answered = select(func.count()).select_from(Interaction).join(Action)
    by_hand = select(func.count()).where(
        of_campaign, Action.state == ActionState.DONE, Action.reason == Reason.SETTLED_BY_HAND
    )
    return CampaignSummary(
        campaign=campaign,
        progress=campaign_progress(
            campaign.state,
            campaigns.count_actions(session, campaign_id),
            dry_run=campaign.is_dry_run,
        ),
        happened=EndedCounts(
            sent=sent,
            late=late,
            replies=session.scalars(answered.where(of_campaign, Interaction.replied_at.is_not(None))).one(),
            settled_by_hand=session.scalars(by_hand).one(),
            skipped=outcome_counts.count_reasons(session, of_campaign, ActionState.SKIPPED),
            failed=outcome_counts.count_reasons(session, of_campaign, ActionState.FAILED),
            visits=done[Kind.VISIT],
            pages=done[Kind.COLLECT],
            withdrawn=done[Kind.WITHDRAW],
        ),
        open=outcome_counts.count_open(session, of_campaign),
        left_out=outcome_counts.list_left_out(session, of_campaign) if with_lists else (),
        search=searches.find_search(session, campaign_id),
    )


def list_unsaved_days(session: Session, *, now: datetime | None = None) -> list[tuple[int, date]]:
    """Return (account id, yesterday in its zone) for accounts whose yesterday is not saved yet.

    Leaves out accounts that did not exist yesterday, and removed ones.
    """
    zone = Account.time_zone
    yesterday = cast(func.timezone(zone, now or get_database_time(session)), Date) - 1
    saved = exists().where(DailySummary.account_id == Account.id, DailySummary.on == yesterday)
    existed = cast(func.timezone(zone, Account.created_at), Date) <= yesterday
    wanted = (~saved, existed, Account.removed_at.is_(None))
    rows = session.execute(select(Account.id, yesterday).where(*wanted).order_by(Account.id))
    return [(account_id, on) for account_id, on in rows]


def summarise_ended_day(
    session: Session, account: AccountRecord, on: date, *, now: datetime | None = None
) -> Summary:
    """Return the summary of a past day, for saving.

    Within an hour of the day's end it includes the open actions, the quota and the next day's birthdays;
    later these are no longer known and stay None.
    """
    now = now or get_database_time(session)
    end = _day_span(on, account.zone).end
    if now - end > _STATE_HOLDS_FOR:
        return _count_day(session, account, on, now=now)
    return _with_open_state(session, account, on, at=end - timedelta.resolution, now=now)


def save_day(session: Session, account_id: int, summary: Summary) -> bool:
    """Save a day's summary. Return False if it was saved already."""
    values = {"account_id": account_id, "on": summary.on, "summary": dump_summary(summary)}
    statement = insert(DailySummary).values(values).on_conflict_do_nothing().returning(DailySummary.on)
    return session.execute(statement).first() is not None


def dump_summary(summary: Summary) -> dict[str, object]:
    """Return the summary as JSON, for the table and the log: counts only, no names or texts."""
    plain: dict[str, object] = _SUMMARIES.dump_python(summary, mode="json")
    return plain


def _day_span(on: date, zone: ZoneInfo) -> Span:
    return local_day(datetime(on.year, on.month, on.day, 12, tzinfo=zone), zone)


def _with_open_state(
    session: Session, account: AccountRecord, on: date, *, at: datetime, now: datetime
) -> Summary:
    return replace(
        _count_day(session, account, on, now=now),
        open=outcome_counts.count_open(session, Action.account_id == account.id),
        quota=_count_greetings_left(session, account, at),
        birthdays_next_day=_count_birthdays(session, account.id, on + timedelta(days=1)),
    )


def _count_day(session: Session, account: AccountRecord, on: date, *, now: datetime) -> Summary:
    """Count what the ledger knows of any day; the open state stays None."""
    span = _day_span(on, account.zone)
    of_account = Interaction.account_id == account.id
    sent, late = outcome_counts.count_sent(
        session, account.zone, and_(of_account, outcome_counts.is_sent_within(span))
    )
    lately = outcome_counts.is_sent_within(Span(span.end - REPLY_WINDOW, span.end))
    greeted, answered = session.execute(
        select(func.count(), func.count(Interaction.replied_at))
        .select_from(Interaction)
        .join(Action)
        .where(of_account, Interaction.type == Kind.GREET, lately)
    ).one()
    replies = session.scalars(
        select(func.count()).where(
            of_account,
            # replies are looked for within REPLY_WINDOW only, so an older greeting has none on this day
            Interaction.created_at > span.start - 2 * REPLY_WINDOW,
            outcome_counts.is_within(Interaction.replied_at, span),
        )
    ).one()
    ended = outcome_counts.count_ended(session, account.id, span)
    done = outcome_counts.count_done(
        session, and_(Action.account_id == account.id, outcome_counts.is_within(Action.acting_since, span))
    )
    return Summary(
        account=account.name,
        on=on,
        time_zone=account.zone.key,
        as_of=now,
        happened=EndedCounts(
            sent=sent,
            late=late,
            replies=replies,
            settled_by_hand=ended[ActionState.DONE].get(Reason.SETTLED_BY_HAND, 0),
            skipped=ended[ActionState.SKIPPED],
            failed=ended[ActionState.FAILED],
            visits=done[Kind.VISIT],
            pages=done[Kind.COLLECT],
            withdrawn=done[Kind.WITHDRAW],
        ),
        greeted=greeted,
        answered=answered,
        open=None,
        quota=None,
        birthdays_next_day=None,
    )


def _count_greetings_left(session: Session, account: AccountRecord, at: datetime) -> GreetingQuota:
    context = limits.load_context(session, account.id, Kind.GREET, "").context
    state = ledger.read_ledger(session, context)
    state_then = replace(state, charges=tuple(charge for charge in state.charges if charge.at <= at))
    used = usage(state_then, context, at)
    left = used.left(context)
    return GreetingQuota(used.day, left.day, used.week, left.week)


def _count_birthdays(session: Session, account_id: int, on: date) -> int:
    """Count the connections without do-not-contact whose birthday is celebrated on `on`."""
    theirs = [
        and_(Contact.birth_month == day.month, Contact.birth_day == day.day)
        for day in recent_birthdays(on, 0)
    ]
    return session.scalars(
        select(func.count()).where(
            Contact.account_id == account_id,
            Contact.status == ContactStatus.CONNECTED,
            ~Contact.do_not_contact,
            or_(*theirs),
        )
    ).one()
