"""Lists of contacts, filtered and paged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.store.people.lookup import fold_words
from db.tables import Account, Contact, Interaction, StoredProfile
from worker.rules.model import ContactStatus, Kind


@dataclass(frozen=True, slots=True)
class ContactLine:
    """One contact as a list shows it. Unknown values are empty or None.

    `degree` is 1 for a connection. `visited_at` is when the profile was last opened, `read_at` when the
    stored profile was read.
    """

    id: int
    account: str
    profile_url: str
    member_url: str | None
    name: str
    headline: str
    location: str
    company: str
    status: ContactStatus
    score: int | None
    open_to_work: bool | None
    degree: int | None
    do_not_contact: bool
    last_greeted_on: date | None
    visited_at: datetime | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class ContactFilters:
    """Filters of a contact list. None and an empty text mean no filter.

    Each word of `text` must be in name, headline, position, location or company; case, accents and
    punctuation don't matter. `min_score` excludes contacts without a score, `open_to_work` those where it is
    unknown.
    """

    account: str | None = None
    status: ContactStatus | None = None
    min_score: int | None = None
    open_to_work: bool | None = None
    text: str = ""


def list_contacts(
    session: Session, filters: ContactFilters, *, limit: int, after: int = 0
) -> Sequence[ContactLine]:
    """Return a keyset page: contacts with an id above `after`, ordered by id. Excludes erased contacts."""
    narrowed = _filtered(filters, fold_words(session, filters.text))
    narrowed = narrowed.where(Contact.id > after).order_by(Contact.id).limit(limit)
    if filters.account is not None:
        # A query of its own: the planner needs the id to know how many contacts the account has.
        owner = session.scalar(
            select(Account.id).where(Account.name == filters.account, Account.removed_at.is_(None))
        )
        narrowed = narrowed.where(Contact.account_id == owner)
    person = aliased(Contact, narrowed.subquery())
    visited_at = (
        select(func.max(Interaction.created_at))
        .where(Interaction.contact_id == person.id, Interaction.type == Kind.VISIT)
        .scalar_subquery()
    )
    rows = session.execute(
        select(person, Account.name, visited_at, StoredProfile.read_at)
        .join(Account, Account.id == person.account_id)
        .outerjoin(StoredProfile, StoredProfile.contact_id == person.id)
        .order_by(person.id)
    )
    return [
        ContactLine(
            id=row.id,
            account=account,
            profile_url=row.profile_url,
            member_url=row.member_url,
            name=row.full_name,
            headline=row.profile.get("headline") or "",
            location=row.profile.get("location") or "",
            company=row.profile.get("company") or "",
            status=ContactStatus(row.status),
            score=row.score,
            open_to_work=row.profile.get("open_to_work"),
            degree=row.profile.get("degree"),
            do_not_contact=row.do_not_contact,
            last_greeted_on=row.last_greeted_on,
            visited_at=visited,
            read_at=read_at,
        )
        for row, account, visited, read_at in rows
    ]


def _filtered(filters: ContactFilters, words: Sequence[str]) -> Select[Contact]:
    facts, statement = Contact.profile, select(Contact).where(Contact.forgotten_at.is_(None))
    if filters.status is not None:
        statement = statement.where(Contact.status == filters.status)
    if filters.min_score is not None:
        statement = statement.where(Contact.score >= filters.min_score)
    if filters.open_to_work is not None:
        statement = statement.where(facts.contains({"open_to_work": filters.open_to_work}))
    for word in words:
        places = (Contact.folded_name, Contact.folded_facts)
        statement = statement.where(or_(*(place.contains(word, autoescape=True) for place in places)))
    return statement
