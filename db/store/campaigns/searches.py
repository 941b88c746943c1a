"""Searches: a campaign's walk through pages of people, with its cursor, and whom it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.store.people.profiles import dump_head
from db.tables import Contact, Hit, Search
from worker.rules.model import ContactStatus, FoundPerson, SearchEnd
from worker.rules.sourcing.search import SearchQuery


@dataclass(frozen=True, slots=True)
class SearchRecord:
    """How far a search is: `pages` were read and kept, and held `found` people for the campaign.

    `dry` pages in a row held nobody to be visited. With `ended`, no further page is read, and that is why.
    """

    query: SearchQuery
    pages: int
    found: int
    dry: int
    ended: SearchEnd | None


def add_search(session: Session, campaign_id: UUID, query: SearchQuery) -> None:
    """Begin a campaign's search before its first page."""
    session.add(Search(campaign_id=campaign_id, terms=[list(term) for term in query.terms]))
    session.flush()


def find_search(session: Session, campaign_id: UUID) -> SearchRecord | None:
    """Return the campaign's search, or None. Whoever moves it holds the campaign."""
    row = session.scalar(select(Search).where(Search.campaign_id == campaign_id))
    if row is None:
        return None
    query = SearchQuery(tuple((name, value) for name, value in row.terms))
    return SearchRecord(query, row.pages, row.found, row.dry, SearchEnd(row.ended) if row.ended else None)


def require_search(session: Session, campaign_id: UUID) -> SearchRecord:
    """Return the search of a campaign that has one. Raises LookupError for any other."""
    found = find_search(session, campaign_id)
    if found is None:
        raise LookupError(f"the campaign {campaign_id} has no search")
    return found


def save_cursor(session: Session, campaign_id: UUID, after: SearchRecord) -> None:
    """Move the cursor: what `after` says holds from now on."""
    session.execute(
        update(Search)
        .where(Search.campaign_id == campaign_id)
        .values(pages=after.pages, found=after.found, dry=after.dry, ended=after.ended)
    )


def save_found_people(
    session: Session, account_id: int, people: Sequence[FoundPerson]
) -> Mapping[int, FoundPerson]:
    """Add the people of a page, or bring up to date what its entries tell; return them by contact, in order.

    Who asked to be forgotten is passed over and has no contact. Nobody stops being a connection by this.
    """
    if not people:
        return {}
    by_address = {person.profile_url: person for person in people}
    statement = insert(Contact).values(
        [
            {
                "account_id": account_id,
                "profile_url": person.profile_url,
                "full_name": person.full_name,
                "profile": dump_head(person),
                "status": ContactStatus.CONNECTED if person.degree == 1 else ContactStatus.PROSPECT,
            }
            for _, person in sorted(by_address.items())
        ]
    )
    fresh = statement.excluded
    connected = fresh.status == ContactStatus.CONNECTED
    rows = session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "profile_url"],
            set_={
                "full_name": fresh.full_name,
                "profile": Contact.profile.op("||")(fresh.profile),
                "status": case((connected, fresh.status), else_=Contact.status),
            },
        ).returning(Contact.profile_url, Contact.id)
    )
    contacts = {row.profile_url: row.id for row in rows}
    return {contacts[url]: person for url, person in by_address.items() if url in contacts}


def filter_new_people(
    session: Session, campaign_id: UUID, people: Sequence[FoundPerson]
) -> Sequence[FoundPerson]:
    """Return those of a page whom no earlier page of the campaign's search had, in their order."""
    had = (
        select(Contact.profile_url)
        .join(Hit, Hit.contact_id == Contact.id)
        .where(Hit.campaign_id == campaign_id, Contact.profile_url.in_([p.profile_url for p in people]))
    )
    known = set(session.scalars(had))
    return [person for person in people if person.profile_url not in known]


def add_hits(session: Session, campaign_id: UUID, contact_ids: Sequence[int], *, page: int) -> None:
    """Note whom a page found for the campaign."""
    if contact_ids:
        session.execute(
            insert(Hit),
            [{"campaign_id": campaign_id, "contact_id": contact, "page": page} for contact in contact_ids],
        )


def mark_search_failed(session: Session, campaign_id: UUID) -> None:
    """Let the campaign's search end, if it goes on: a page of it can't be read."""
    session.execute(
        update(Search)
        .where(Search.campaign_id == campaign_id, Search.ended.is_(None))
        .values(ended=SearchEnd.FAILED)
    )
