"""Searches: the cursor of a campaign in its people search, and the people found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.store.people import addresses
from db.store.people.profiles import dump_head
from db.tables import Contact, Hit, Search
from worker.rules.model import ContactStatus, FoundPerson, SearchEnd
from worker.rules.sourcing.search import SearchQuery


@dataclass(frozen=True, slots=True)
class SearchRecord:
    """The cursor of a search: `pages` read so far, with `found` people for the campaign.

    `dry` is the number of last pages in a row without anybody to visit. `ended` is why no further page is
    read, or None.
    """

    query: SearchQuery
    pages: int
    found: int
    dry: int
    ended: SearchEnd | None


def add_search(session: Session, campaign_id: UUID, query: SearchQuery) -> None:
    """Add a campaign's search, before its first page."""
    session.add(Search(campaign_id=campaign_id, terms=[list(term) for term in query.terms]))
    session.flush()


def find_search(session: Session, campaign_id: UUID) -> SearchRecord | None:
    """Return the campaign's search, or None. To change it, lock the campaign first."""
    row = session.scalar(select(Search).where(Search.campaign_id == campaign_id))
    if row is None:
        return None
    query = SearchQuery(tuple((name, value) for name, value in row.terms))
    return SearchRecord(query, row.pages, row.found, row.dry, SearchEnd(row.ended) if row.ended else None)


def require_search(session: Session, campaign_id: UUID) -> SearchRecord:
    """Return the campaign's search. Raises LookupError if it has none."""
    found = find_search(session, campaign_id)
    if found is None:
        raise LookupError(f"the campaign {campaign_id} has no search")
    return found


def save_cursor(session: Session, campaign_id: UUID, after: SearchRecord) -> None:
    """Save the new cursor."""
    session.execute(
        update(Search)
        .where(Search.campaign_id == campaign_id)
        .values(pages=after.pages, found=after.found, dry=after.dry, ended=after.ended)
    )


def save_found_people(
    session: Session, account_id: int, people: Sequence[FoundPerson]
) -> Mapping[int, FoundPerson]:
    """Upsert the people of a search page; return them by contact id, in the order of the page.

    People with a tombstone are skipped and missing from the result. A CONNECTED status stays.
    """
    if not people:
        return {}
    by_address = {person.profile_url: person for person in with_stored_addresses(session, account_id, people)}
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


def with_stored_addresses(
    session: Session, account_id: int, people: Sequence[FoundPerson]
) -> Sequence[FoundPerson]:
    """Return the people with the addresses under which the account knows them, by whichever key."""
    known = addresses.resolve_addresses(session, account_id, [person.profile_url for person in people])
    return [
        replace(person, profile_url=known.get(person.profile_url, person.profile_url)) for person in people
    ]


def filter_new_people(
    session: Session, campaign_id: UUID, people: Sequence[FoundPerson]
) -> Sequence[FoundPerson]:
    """Return those people of a page that are not yet hits of the campaign, in their order."""
    known_hits = (
        select(Contact.profile_url)
        .join(Hit, Hit.contact_id == Contact.id)
        .where(Hit.campaign_id == campaign_id, Contact.profile_url.in_([p.profile_url for p in people]))
    )
    known = set(session.scalars(known_hits))
    return [person for person in people if person.profile_url not in known]


def add_hits(session: Session, campaign_id: UUID, contact_ids: Sequence[int], *, page: int) -> None:
    """Add the people of a page as hits of the campaign."""
    if contact_ids:
        session.execute(
            insert(Hit),
            [{"campaign_id": campaign_id, "contact_id": contact, "page": page} for contact in contact_ids],
        )


def mark_search_failed(session: Session, campaign_id: UUID) -> None:
    """End a running search because a page can't be read."""
    session.execute(
        update(Search)
        .where(Search.campaign_id == campaign_id, Search.ended.is_(None))
        .values(ended=SearchEnd.FAILED)
    )
