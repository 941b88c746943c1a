"""List proposals with what a person needs to decide: the contact, their history, and the text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.tables import Account, Action, Contact, Interaction
from worker.rules.messages.approval import approval_hash
from worker.rules.model import ActionState, Kind

TEXTS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class PastText:
    """A text that the account sent to the person."""

    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class LastContact:
    """The latest contact in either direction. `kind` is what the account did; None: the person wrote."""

    at: datetime
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """One action that waits for a person. `seen` is the hash of recipient and text that an approval names.

    `today` is the date in the account's zone. `worded_for` is the day that the text is written for; None: any
    day.
    """

    id: UUID
    account: str
    campaign_id: UUID
    kind: Kind
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

    @property
    def days_late(self) -> int:
        """How many days ago the occasion was."""
        return (self.today - self.occasion_on).days


def list_proposals(
    session: Session,
    *,
    limit: int,
    after: UUID | None = None,
    account: str | None = None,
    campaign: UUID | None = None,
) -> Sequence[Proposal]:
    """Return up to `limit` proposals in the order of sending: the latest occasion first.

    `after` is the last id of the page before; an unknown one gives an empty page.
    """
    page = _proposed(after, account, campaign).order_by(*_ORDER).limit(limit)
    rows = session.execute(
        select(Action, Contact, Account.name, Account.time_zone, func.now())
        .join(Contact, Contact.id == Action.contact_id)
        .join(Account, Account.id == Action.account_id)
        .where(Action.id.in_(page))
        .order_by(*_ORDER)
    ).all()
    past = _latest_interactions(session, [contact.id for _, contact, _, _, _ in rows])
    return [
        _proposal(
            action,
            contact,
            past.get(contact.id, ()),
            account=name,
            today=now.astimezone(ZoneInfo(zone)).date(),
        )
        for action, contact, name, zone, now in rows
    ]


def count_proposals(
    session: Session, *, after: UUID | None = None, account: str | None = None, campaign: UUID | None = None
) -> int:
    """Return how many proposals there are, or how many come after the one with id `after`."""
    proposed = _proposed(after, account, campaign).subquery()
    return session.scalars(select(func.count()).select_from(proposed)).one()


_ORDER = (Action.occasion_on.desc(), Action.id)


def _proposed(after: UUID | None, account: str | None, campaign: UUID | None) -> Select[UUID]:
    statement = select(Action.id).where(Action.state == ActionState.PROPOSED)
    if after is not None:
        last = aliased(Action)
        on = select(last.occasion_on).where(last.id == after).scalar_subquery()
        statement = statement.where(
            or_(Action.occasion_on < on, and_(Action.occasion_on == on, Action.id > after))
        )
    if account is not None:
        owner = select(Account.id).where(Account.name == account).scalar_subquery()
        statement = statement.where(Action.account_id == owner)
    if campaign is not None:
        statement = statement.where(Action.campaign_id == campaign)
    return statement


def _latest_interactions(session: Session, contacts: Sequence[int]) -> Mapping[int, Sequence[Interaction]]:
    """Return the latest few interactions of each kind with each contact, the newest first."""
    newest = func.row_number().over(
        partition_by=(Interaction.contact_id, Interaction.type),
        order_by=(Interaction.created_at.desc(), Interaction.id.desc()),
    )
    ranked = (
        select(Interaction.id, newest.label("place")).where(Interaction.contact_id.in_(contacts)).subquery()
    )
    rows = session.scalars(
        select(Interaction)
        .join(ranked, ranked.c.id == Interaction.id)
        .where(ranked.c.place <= TEXTS_SHOWN)
        .order_by(Interaction.created_at.desc(), Interaction.id.desc())
    )
    past: dict[int, list[Interaction]] = {}
    for row in rows:
        past.setdefault(row.contact_id, []).append(row)
    return past


def _proposal(
    action: Action, contact: Contact, past: Sequence[Interaction], *, account: str, today: date
) -> Proposal:
    return Proposal(
        id=action.id,
        account=account,
        campaign_id=action.campaign_id,
        kind=Kind(action.kind),
        contact=contact.full_name,
        profile_url=contact.profile_url,
        headline=_text(contact, "headline") or _text(contact, "position"),
        company=_text(contact, "company"),
        language=contact.language,
        do_not_contact=contact.do_not_contact,
        occasion_on=action.occasion_on,
        today=today,
        message=action.message,
        worded_for=action.worded_for,
        expires_on=action.expires_on,
        last_contact=_last_contact(contact, past),
        past_texts=tuple(
            PastText(row.created_at, row.message) for row in past if row.type == Kind.GREET and row.message
        ),
        seen=approval_hash(contact.profile_url, action.message),
    )


def _text(contact: Contact, field: str) -> str | None:
    """Return a field of the profile as text; it comes from files and pages, and may be of any type."""
    value = contact.profile.get(field)
    return value.strip() or None if isinstance(value, str) else None


def _last_contact(contact: Contact, past: Sequence[Interaction]) -> LastContact | None:
    """Return the latest contact in either direction."""
    replies = (contact.replied_at, *(row.replied_at for row in past))
    found = [LastContact(at, None) for at in replies if at is not None]
    found += [LastContact(row.created_at, Kind(row.type)) for row in past]
    return max(found, key=lambda contact: contact.at, default=None)
