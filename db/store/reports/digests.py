"""Read what the morning digest and the evening summary of an account say.

Everything comes from the reports that the command line shows as well.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.store.actions.review.proposals import Proposal, count_proposals, list_proposals
from db.store.actions.site_gate import find_site_gate
from db.store.identity.doubts import list_identity_doubts
from db.store.imports.birthday_doubts import list_doubts
from db.store.people.accounts import AccountRecord
from db.store.reports import halts, outcome_counts
from db.store.reports.forecasts.birthday_forecast import forecast_birthdays
from db.store.reports.forecasts.upcoming_birthdays import UpcomingBirthday, list_upcoming_birthdays
from db.store.reports.outcome_counts import is_sent_within, is_within
from db.store.reports.summary import summarise_day
from db.tables import Action, ActionEvent, Contact, Interaction
from worker.rules.model import AccountStatus, ActionState, Kind
from worker.rules.notices.digest import (
    MOST_LISTED,
    EveningSummary,
    MorningDigest,
    People,
    PersonLine,
    Waiting,
)
from worker.rules.quota.forecast import ActionForecast
from worker.rules.quota.windows import Span, calendar_day
from worker.rules.sites.sign_ins import Expiry, judge_expiry
from worker.rules.wording.counts import format_count
from worker.rules.wording.greetings import describe_greeting
from worker.rules.wording.reasons import describe_reason
from worker.rules.wording.site_steps import advise_site

ApproveUrls = Callable[[Sequence[Proposal]], str | None]
"""Returns the address of a page on which these proposals can be approved, or None."""

_MOST_PROPOSALS: Final = 100
"""What one page of approval may hold."""
_MOST_DOUBTS: Final = 100


@dataclass(frozen=True, slots=True)
class DigestReader:
    """Reads the digests of one account, in the caller's transaction.

    `late_days` is how late a greeting may be if nothing else says so. With `with_texts`, messages are quoted.
    `approve_urls` is asked once for each proposal that is listed, and once for all of them.
    """

    session: Session
    account: AccountRecord
    late_days: int
    with_texts: bool = False
    approve_urls: ApproveUrls = lambda _: None

    def read_morning(self, on: date) -> MorningDigest:
        """Return the digest of the morning of `on`, as things are now."""
        now = get_database_time(self.session)
        waiting = self._read_waiting(now)
        yesterday = summarise_day(self.session, self.account, on - timedelta(days=1), now=now)
        return MorningDigest(
            account=self.account.name,
            on=on,
            waiting=waiting,
            birthdays=self._list_birthdays(on, stopped=bool(waiting.halts)),
            late=People() if waiting.halts else self._list_late(on),
            yesterday=yesterday.happened,
        )

    def read_evening(self, on: date) -> EveningSummary:
        """Return the summary of the day `on`, as things are now."""
        now = get_database_time(self.session)
        waiting = self._read_waiting(now)
        span = calendar_day(on, self.account.zone)
        answered = outcome_counts.is_within(Interaction.replied_at, span)
        return EveningSummary(
            account=self.account.name,
            on=on,
            waiting=waiting,
            happened=summarise_day(self.session, self.account, on, now=now).happened,
            greeted=self._list_interactions(is_sent_within(span), with_texts=self.with_texts),
            answered=self._list_interactions(answered, with_texts=False),
            left_out=self._list_ended(ActionState.SKIPPED, span),
            failed=self._list_ended(ActionState.FAILED, span),
            tomorrow=self._list_birthdays(on + timedelta(days=1), stopped=bool(waiting.halts)),
        )

    def _read_waiting(self, now: datetime) -> Waiting:
        proposals = list_proposals(self.session, limit=_MOST_PROPOSALS, account=self.account.name)
        still = outcome_counts.count_open(self.session, Action.account_id == self.account.id)
        listed = [
            PersonLine(
                proposal.contact,
                proposal.note or "",
                proposal.message if self.with_texts else "",
                self.approve_urls([proposal]),
            )
            for proposal in proposals[:MOST_LISTED]
        ]
        return Waiting(
            halts=halts.list_halts(self.session, self.account),
            proposals=People(listed, count_proposals(self.session, account=self.account.name)),
            approve_all_url=self.approve_urls(proposals) if proposals else None,
            needs_review=still.needs_review,
            steps=tuple(self._list_steps(now)),
        )

    def _list_steps(self, now: datetime) -> Iterator[str]:
        """Yield what else a person has to do."""
        account = self.account
        expiry = judge_expiry(account.session_expires_at, now)
        ends = account.session_expires_at
        if ends and account.status is not AccountStatus.STOPPED and expiry in {Expiry.SOON, Expiry.OVER}:
            when = "has expired" if expiry is Expiry.OVER else f"expires on {_format_day(ends, account.zone)}"
            yield f"the sign-in {when}; sign in again: `rapport account sign-in {account.name}`"
        gate = find_site_gate(
            self.session, account_id=account.id, site=account.site, kind=Kind.GREET, now=now
        )
        step = advise_site(account.name, gate.unproven, to_look_at=gate.to_look_at is not None)
        if step:
            yield step
        doubts = list_doubts(self.session, account=account.name, limit=_MOST_DOUBTS)
        if entries := len({(doubt.import_id, doubt.line) for doubt in doubts}):
            says = format_count(entries, "imported birthday is", "imported birthdays are")
            yield f"{says} uncertain: `rapport contacts doubts --account {account.name}`"
        if same := len(list_identity_doubts(self.session, account=account.name, limit=_MOST_DOUBTS)):
            says = format_count(same, "contact is", "contacts are")
            yield f"it is uncertain who {says}: `rapport contacts same --account {account.name}`"

    def _list_birthdays(self, on: date, *, stopped: bool) -> People:
        days = (on - self._today()).days + 1
        if days < 1:
            return People()  # the digest of a day that is over
        found = [
            each
            for each in list_upcoming_birthdays(
                self.session, self.account, days=days, default_late_days=self.late_days
            )
            if each.on == on
        ]
        found.sort(key=lambda each: (each.greeting_at is None, each.greeting_at, each.full_name))
        messages = self._read_messages([each.contact_id for each in found], on) if self.with_texts else {}
        lines = [
            PersonLine(
                each.full_name,
                self._describe_birthday(each, stopped=stopped),
                messages.get(each.contact_id, ""),
            )
            for each in found[:MOST_LISTED]
        ]
        return People(lines, len(found))

    def _describe_birthday(self, birthday: UpcomingBirthday, *, stopped: bool) -> str:
        turns = f"turns {birthday.turns}, " if birthday.turns else ""
        if birthday.planned_as is ActionState.PROPOSED and birthday.left_out is None:
            return f"{turns}waits for your approval"
        at = birthday.greeting_at
        if stopped and at is not None:
            return f"{turns}waits"
        when = self._format_time(at, birthday.on) if at else None
        return turns + describe_greeting(
            None if at else birthday.planned_as, birthday.left_out, when, none="not greeted"
        )

    def _list_late(self, on: date) -> People:
        found = forecast_birthdays(
            self.session, self.account, days=1, default_late_days=self.late_days
        ).forecast.actions
        late = [each for each in found if each.action.on < on and each.reached_on == on]
        late.sort(key=lambda each: (each.reached_at, each.action.full_name))
        proposed = set(
            self.session.scalars(
                select(Action.id).where(
                    Action.account_id == self.account.id, Action.state == ActionState.PROPOSED
                )
            )
        )
        lines = [
            self._describe_late(each, on, is_proposed=not proposed.isdisjoint(each.action.planned))
            for each in late[:MOST_LISTED]
        ]
        return People(lines, len(late))

    def _describe_late(self, each: ActionForecast, on: date, *, is_proposed: bool) -> PersonLine:
        birthday = f"birthday on {each.action.on.day} {each.action.on:%b}"
        if is_proposed:
            return PersonLine(each.action.full_name, f"{birthday}, waits for your approval")
        at = f", about {self._format_time(each.reached_at, on)}" if each.reached_at else ""
        return PersonLine(each.action.full_name, birthday + at)

    def _list_interactions(self, which: ColumnElement[bool], *, with_texts: bool) -> People:
        rows = self.session.execute(
            select(Contact.full_name, Interaction.message, func.count().over())
            .select_from(Interaction)
            .join(Action)
            .join(Contact, Contact.id == Interaction.contact_id)
            .where(Interaction.account_id == self.account.id, Interaction.type == Kind.GREET, which)
            .order_by(Interaction.created_at, Interaction.id)
            .limit(MOST_LISTED)
        ).all()
        lines = [PersonLine(name, "", message if with_texts else "") for name, message, _ in rows]
        return People(lines, rows[0][2] if rows else 0)

    def _list_ended(self, state: ActionState, span: Span) -> People:
        ended = select(ActionEvent.action_id).where(
            ActionEvent.account_id == self.account.id,
            ActionEvent.to_state == state,
            is_within(ActionEvent.at, span),
        )
        found = outcome_counts.list_left_out(self.session, Action.id.in_(ended))
        lines = [PersonLine(each.contact, describe_reason(each.reason)) for each in found[:MOST_LISTED]]
        return People(lines, len(found))

    def _read_messages(self, contact_ids: Sequence[int], on: date) -> Mapping[int, str]:
        rows = self.session.execute(
            select(Action.contact_id, Action.message).where(
                Action.contact_id.in_(contact_ids),
                Action.kind == Kind.GREET,
                Action.occasion_on == on,
                Action.state.in_([ActionState.PLANNED, ActionState.QUEUED, ActionState.CLAIMED]),
            )
        )
        return {contact_id: message for contact_id, message in rows if contact_id is not None}

    def _today(self) -> date:
        return get_database_time(self.session).astimezone(self.account.zone).date()

    def _format_time(self, at: datetime, on: date) -> str:
        local = at.astimezone(self.account.zone)
        return f"{local:%H:%M}" if local.date() == on else f"{local.day} {local:%b %H:%M}"


def _format_day(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%b}"
