"""Save the people of a page that shows member ids beside addresses."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.store.identity import learning
from db.store.people import addresses, contacts, import_lock
from db.store.privacy import tombstones
from db.tables import Account
from worker.rules.model import BirthdayCard
from worker.rules.people.identity import PersonKeys

_PAGE: Final = "birthdays page"
"""What `identity_changes` names as the author of a change that a page of the site showed."""


def save_birthdays(session: Session, account_id: int, cards: Sequence[BirthdayCard]) -> int:
    """Save the people of a birthdays page as `contacts.save_birthdays` does, each under the address we know.

    What the page shows of member ids is learnt before, so that a person known by id is not added again, and
    after, for those who are new. Returns how many were stored.
    """
    if not cards:
        return 0
    import_lock.lock_out_imports(session, account_id)
    keys = [PersonKeys.of(card.profile_url, card.member_url) for card in cards]
    learning.learn_all(session, account_id, keys, by=_PAGE)
    stored = contacts.save_birthdays(session, account_id, list(_with_own_address(session, account_id, cards)))
    learning.learn_all(session, account_id, keys, by=_PAGE)
    return stored


def _with_own_address(
    session: Session, account_id: int, cards: Sequence[BirthdayCard]
) -> Iterator[BirthdayCard]:
    """Yield each card with the address under which its person is stored, or to be stored.

    Where the address is another member's by now, the person is stored by member id. People who were forgotten
    by either address are left out.
    """
    known = addresses.resolve_addresses(session, account_id, [card.profile_url for card in cards])
    ids = {card.member_url: card.profile_url for card in cards if card.member_url is not None}
    moved = addresses.list_moved_addresses(session, account_id, list(ids.values()))
    site = session.scalars(select(Account.site).where(Account.id == account_id)).one()
    forgotten = tombstones.list_forgotten_addresses(session, site, list(ids)) if ids else frozenset()
    for card in cards:
        if card.member_url in forgotten:
            continue
        if card.profile_url in moved and card.member_url is not None:
            yield replace(card, profile_url=card.member_url)
        else:
            yield replace(card, profile_url=known.get(card.profile_url, card.profile_url))
