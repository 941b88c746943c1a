"""List proposals with what a person needs to decide: the contact, their history, and the text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any, Final, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, CompoundSelect, Row, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.tables import Account, Action, Contact, Interaction
from worker.errors import Reason
from worker.rules.messages.approval import approval_hash
from worker.rules.model import ActionState, Kind
from worker.rules.quota.forecast import ActionForecast
from worker.rules.quota.windows import calendar_day

TEXTS_SHOWN = 3

_Past: TypeAlias = Row[int, str, datetime, str, datetime | None, str | None]
"""Columns of one interaction: whole rows take longer to build, for a page of them."""


@dataclass(frozen=True, slots=True)
class PastText:
    """A text that the account sent to the person, and when and what they answered, where that is known."""

    at: datetime
    message: str
    replied_at: datetime | None = None
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class LastContact:
    """The latest contact in either direction. `kind` is what the account did; None: the person wrote.

    `account` is another account that did it, or None.
    """

    at: datetime
    kind: Kind | None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """One action that waits for a person. `seen` is the hash of recipient and text that an approval names.

    `today` is the date in the account's zone. `worded_for` is the day that the text is written for; None: any
    day. `note` says what to look at, such as another name on the site. `outlook` is when it goes out if it is
    approved now; set by a caller that has a forecast.
    """

    id: UUID
    account: str
    campaign_id: UUID
    kind: Kind
    contact_id: int
    contact: str
    profile_url: str
    headline: str | None
    company: str | None
    language: str | None
    do_not_contact: bool
    occasion_on: date
    today: date
    message: str
    worded_for: date | None
    expires_on: date | None
    last_contact: LastContact | None
    past_texts: tuple[PastText, ...]
    seen: str
    note: str | None = None
    hold_until: date | None = None
    outlook: ActionForecast | None = None

    @property
    def days_late(self) -> int:
        """How many days ago the occasion was."""
        return (self.today - self.occasion_on).days


def list_proposals(
    session: Session,
    *,
    limit: int,
    after: UUID | tuple[date, UUID] | None = None,
    account: str | None = None,
    campaign: UUID | None = None,
    contact: int | None = None,
) -> Sequence[Proposal]:
    """Return up to `limit` proposals in the order of sending: the latest occasion first.

    `after` is the last proposal of the page before: its id, or its occasion's day and id. For an unknown id
    alone the page is empty.
    """
    statement = _proposed(after, account, campaign)
    if contact is not None:
        statement = statement.where(Action.contact_id == contact)
    return _read(session, statement.order_by(*_ORDER).limit(limit))


def find_proposal(session: Session, action_id: UUID) -> Proposal | None:
    """Return one proposal, or None if the action isn't proposed."""
    found = _read(session, _proposed(None, None, None).where(Action.id == action_id))
    return found[0] if found else None


def _read(session: Session, ids: Select[UUID]) -> Sequence[Proposal]:
    rows = session.execute(
        select(*_COLUMNS)
        .join(Contact, Contact.id == Action.contact_id)
        .join(Account, Account.id == Action.account_id)
        .where(Action.id.in_(ids))
        .order_by(*_ORDER)
    ).all()
    known = [row.contact_id for row in rows]
    past, others = _latest_interactions(session, known), _latest_messages(session, known)
    return [_proposal(row, past.get(row.contact_id, ()), others.get(row.contact_id, ())) for row in rows]


def count_proposals(
    session: Session, *, after: UUID | None = None, account: str | None = None, campaign: UUID | None = None
) -> int:
    """Return how many proposals there are, or how many come after the one with id `after`."""
    proposed = _proposed(after, account, campaign).subquery()
    return session.scalars(select(func.count()).select_from(proposed)).one()


_ORDER = (Action.occasion_on.desc(), Action.id)
_COLUMNS = (
    Action.id, Action.campaign_id, Action.kind, Action.contact_id, Action.occasion_on, Action.message,
    Action.worded_for, Action.expires_on, Action.reason, Action.detail,
    Contact.full_name, Contact.profile_url, Contact.profile, Contact.language, Contact.do_not_contact,
    Contact.replied_at, Contact.last_greeted_on, Contact.hold_until,
    Account.name.label("account"), Account.time_zone, func.now().label("now"),
)  # fmt: skip
"""What a proposal is made of. Whole rows take longer to build, for a page of them."""


def _proposed(
    after: UUID | tuple[date, UUID] | None, account: str | None, campaign: UUID | None
) -> Select[UUID]:
    statement = select(Action.id).where(Action.state == ActionState.PROPOSED)
    if after is not None:
        last = aliased(Action)
        on, last_id = (
            after
            if isinstance(after, tuple)
            else (select(last.occasion_on).where(last.id == after).scalar_subquery(), after)
        )
        statement = statement.where(
            or_(Action.occasion_on < on, and_(Action.occasion_on == on, Action.id > last_id))
        )
    if account is not None:
        owner = select(Account.id).where(Account.name == account).scalar_subquery()
        statement = statement.where(Action.account_id == owner)
    if campaign is not None:
        statement = statement.where(Action.campaign_id == campaign)
    return statement


def _latest_interactions(session: Session, contacts: Sequence[int]) -> Mapping[int, Sequence[_Past]]:
    """Return the latest few interactions of each kind with each contact, the newest first."""
    past: dict[int, list[_Past]] = {}
    for row in session.execute(_select_latest_interactions(), {"contacts": contacts}).all():
        past.setdefault(row.contact_id, []).append(row)
    return past


@cache  # to build it takes longer than to execute it; so does the next one
def _select_latest_interactions() -> Select[int, str, datetime, str, datetime | None, str | None]:
    newest = func.row_number().over(
        partition_by=(Interaction.contact_id, Interaction.type),
        order_by=(Interaction.created_at.desc(), Interaction.id.desc()),
    )
    ranked = select(Interaction.id, newest.label("place")).where(Interaction.contact_id.in_(_CONTACTS))
    places = ranked.subquery()
    return (
        select(
            Interaction.contact_id, Interaction.type, Interaction.created_at, Interaction.message,
            Interaction.replied_at, Interaction.reply,
        )
        .join(places, places.c.id == Interaction.id)
        .where(places.c.place <= TEXTS_SHOWN)
        .order_by(Interaction.created_at.desc(), Interaction.id.desc())
    )  # fmt: skip


def _latest_messages(session: Session, contacts: Sequence[int]) -> Mapping[int, Sequence[LastContact]]:
    """Return each account's latest message to each person, also one that may have been sent.

    These are the messages that the rule of one message a day counts.
    """
    found: dict[int, list[LastContact]] = {}
    for contact_id, account, at in session.execute(_select_latest_messages(), {"contacts": contacts}):
        if at is not None:
            found.setdefault(contact_id, []).append(LastContact(at, Kind.GREET, account))
    return found


@cache
def _select_latest_messages() -> CompoundSelect[int, str, datetime | None]:
    asked, owner = aliased(Contact), aliased(Account)
    peer, peer_owner = aliased(Contact), aliased(Account)
    peers = (
        select(asked.id.label("asked"), asked.account_id.label("account"), peer.id, peer_owner.name)
        .join(owner, owner.id == asked.account_id)
        .join(peer, peer.profile_url == asked.profile_url)
        .join(peer_owner, and_(peer_owner.id == peer.account_id, peer_owner.site == owner.site))
        .where(asked.id.in_(_CONTACTS))
        .cte()  # found once; and Postgres starts no workers for it, which takes longer than all the rest
    )
    sent = (
        select(peers.c.asked, peers.c.name, func.max(Action.acting_since))
        .join(Action, Action.contact_id == peers.c.id)
        .where(Action.kind == Kind.GREET, Action.state.in_(_MAY_HAVE_WRITTEN))
        .group_by(peers.c.asked, peers.c.name)
    )
    recorded = (
        select(peers.c.asked, peers.c.name, func.max(Interaction.created_at))
        .join(Interaction, Interaction.contact_id == peers.c.id)
        .where(Interaction.type == Kind.GREET)
        .group_by(peers.c.asked, peers.c.name)
    )
    return sent.union_all(recorded)


_CONTACTS: Final[BindParameter[Sequence[int]]] = bindparam("contacts", expanding=True)
_MAY_HAVE_WRITTEN = (
    ActionState.ACTING, ActionState.UNCERTAIN, ActionState.NEEDS_REVIEW, ActionState.DONE
)  # fmt: skip


def _proposal(row: Row[Any], past: Sequence[_Past], messages: Sequence[LastContact]) -> Proposal:
    zone = ZoneInfo(row.time_zone)
    return Proposal(
        id=row.id,
        account=row.account,
        campaign_id=row.campaign_id,
        kind=Kind(row.kind),
        contact_id=row.contact_id,
        contact=row.full_name,
        profile_url=row.profile_url,
        headline=_text(row.profile, "headline") or _text(row.profile, "position"),
        company=_text(row.profile, "company"),
        language=row.language,
        do_not_contact=row.do_not_contact,
        occasion_on=row.occasion_on,
        today=row.now.astimezone(zone).date(),
        message=row.message,
        worded_for=row.worded_for,
        expires_on=row.expires_on,
        last_contact=_last_contact(row, past, messages, zone),
        past_texts=tuple(
            PastText(each.created_at, each.message, each.replied_at, each.reply)
            for each in past
            if each.type == Kind.GREET and each.message
        ),
        seen=approval_hash(row.profile_url, row.message),
        note=row.detail if row.reason == Reason.NAME_DIFFERS else None,
        hold_until=row.hold_until,
    )


def _text(profile: Mapping[str, object], field: str) -> str | None:
    """Return a field of the profile as text; it comes from files and pages, and may be of any type."""
    value = profile.get(field)
    return value.strip() or None if isinstance(value, str) else None


def _last_contact(
    row: Row[Any], past: Sequence[_Past], messages: Sequence[LastContact], zone: ZoneInfo
) -> LastContact | None:
    """Return the latest contact in either direction."""
    replies = (row.replied_at, *(each.replied_at for each in past))
    found = [LastContact(at, None) for at in replies if at is not None]
    found += [LastContact(each.created_at, Kind(each.type)) for each in past]
    found += [replace(each, account=None) if each.account == row.account else each for each in messages]
    if row.last_greeted_on is not None:  # greeted by V1, say: only the day is known
        day = calendar_day(row.last_greeted_on, zone).start
        found.append(LastContact(day, Kind.GREET))
    return max(found, key=lambda each: each.at, default=None)
