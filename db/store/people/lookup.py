"""Look up contacts by what a person types: an address or its last part, an id, or words of the name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, Final
from urllib.parse import quote, unquote

from rapidfuzz import fuzz
from sqlalchemy import CTE, ColumnElement, Integer, Row, Select, cast, func, or_, select, text
from sqlalchemy.orm import Session

from db.store.people.accounts import find_account
from db.store.people.search_words import LONGEST_QUERY, MOST_WORDS, begins_words, indexed, split_words
from db.tables import Account, Contact, IdentityChange
from db.tables.folding import fold_sql
from worker.rules.names.titles import is_degree, is_title
from worker.rules.people.addresses import PROFILE_ORIGINS, normalise_profile_url

MOST_LISTED: Final = 20
"""People listed to choose from."""

_MOST_READ: Final = 200
"""Matches that are compared word by word; the shortest names come first."""
_MOST_TRIGRAMS: Final = 24
_MOST_COMPARED: Final = 40
_MOST_CANDIDATES: Final = 5_000
_BEGINNING: Final = 3
"""Letters of a mistyped word that are most likely right."""
_MOST_SUGGESTED: Final = 3
_CUTOFF: Final = 65
"""Similarity of a suggested name, from 0 to 100 (rapidfuzz.fuzz.ratio)."""


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """One contact of an account. `headline` and `company` are empty if they are not known."""

    id: int
    account_id: int
    account: str
    site: str
    profile_url: str
    full_name: str
    headline: str
    company: str
    do_not_contact: bool
    hold_until: date | None = None
    member_url: str | None = None


@dataclass(frozen=True, slots=True)
class FoundContacts:
    """The contacts that match. `exact`: by address, id or whole name, not only by a part of the name.

    `count` is how many match, of whom `people` are the first MOST_LISTED.
    """

    people: Sequence[ContactRecord]
    exact: bool
    count: int


def find_contacts(session: Session, given: str, *, account: str | None = None) -> FoundContacts:
    """Return the contacts meant by `given`: the first of these rules that finds somebody decides.

    1. The profile address.
    2. The address' last part, the contact's id, or the whole name: its words in any order. Titles, case,
       accents and punctuation don't matter.
    3. A part of the name, or of the address' last part: each word of `given` begins a word of it.

    Excludes erased contacts.
    """
    given = " ".join(given.split())[:LONGEST_QUERY]
    if not given or not any(sign.isalnum() for sign in given):
        return FoundContacts((), exact=False, count=0)
    addressed = _read(
        session, _contacts(account).where(_is_addressed(session, given)).order_by(*_ORDER).limit(_MOST_READ)
    )
    if addressed and "/" in given:
        return FoundContacts(addressed[:MOST_LISTED], exact=True, count=len(addressed))
    matching = _find_by_name(session, account, given)
    people = [_record(row) for row in matching]
    wanted = sorted(_fold_words(session, given))
    whole = [
        person for person, row in zip(people, matching, strict=True) if _name_words(row.folded_name) == wanted
    ]
    exact = list(dict.fromkeys([*addressed, *whole]))
    if exact:
        return FoundContacts(exact[:MOST_LISTED], exact=True, count=len(exact))
    return FoundContacts(people[:MOST_LISTED], exact=False, count=matching[0][-1] if matching else 0)


def _find_by_name(session: Session, account: str | None, given: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the contacts whose name or address' last part has these words, the shortest names first.

    Rows are those of `_contacts`, the folded name, and how many contacts match.
    """
    words = split_words(session, _without_titles(given))
    if not words:
        return []
    in_name = (_HAYSTACK.contains(word, autoescape=True) for word in words)
    matching = _select_by_words(session, account, begins_words(words), *in_name)
    statement = (
        _contacts(account)
        .where(Contact.id.in_(select(_materialize(matching).c.id)))
        .add_columns(Contact.folded_name, func.count().over())
        .order_by(func.length(Contact.folded_name), *_ORDER)
        .limit(_MOST_READ)
    )
    with indexed(session):
        return session.execute(statement).all()


def _select_by_words(session: Session, account: str | None, *conditions: ColumnElement[bool]) -> Select[int]:
    """Select the ids of the account's contacts that meet the conditions."""
    found = select(Contact.id).where(Contact.forgotten_at.is_(None), *conditions)
    if account is None:
        return found
    # A query of its own: the planner needs the id to know how many contacts the account has.
    owner = find_account(session, account)
    return found.where(Contact.account_id == (owner.id if owner else None))


def _materialize(matching: Select[int]) -> CTE:
    """Have Postgres find these first, by the index of words."""
    return matching.cte("matching").prefix_with("materialized")


def find_contact(session: Session, contact_id: int) -> ContactRecord | None:
    """Return the contact, or None if it was erased or never existed, or its account was removed."""
    return next(iter(_read(session, _contacts(None).where(Contact.id == contact_id))), None)


def list_everywhere(session: Session, person: ContactRecord) -> Sequence[ContactRecord]:
    """Return the contacts in all accounts of the site that share an address with this person.

    The order is that in which all who change several of them lock them.
    """
    addresses = [each for each in (person.profile_url, person.member_url) if each is not None]
    same = or_(Contact.profile_url.in_(addresses), Contact.member_url.in_(addresses))
    found = _contacts(None).where(Account.site == person.site, same)
    return _read(session, found.order_by(Contact.account_id, Contact.id))


def suggest_contacts(session: Session, given: str, *, account: str | None = None) -> Sequence[ContactRecord]:
    """Return the contacts whose names are most like `given`, best first; at most three.

    The first of these that finds somebody decides: those who share the beginnings of all its words, those who
    share one of its words, those who share the beginning of one.
    """
    words = split_words(session, _without_titles(" ".join(given.split())[:LONGEST_QUERY]))
    beginnings = [word[:_BEGINNING] for word in words]
    for shared, any_of in ((beginnings, False), (words, True), (beginnings, True)):
        if words and (found := _suggest_among(session, account, words, begins_words(shared, any_of=any_of))):
            return found
    return []


def _suggest_among(
    session: Session, account: str | None, words: Sequence[str], sharing: ColumnElement[bool]
) -> Sequence[ContactRecord]:
    """Return the nearest among some thousands of those who share something with the words.

    Postgres chooses the names with the most trigrams in common; only those are compared in full.
    """
    trigrams = list(dict.fromkeys(chain.from_iterable(map(_trigrams, words))))[:_MOST_TRIGRAMS]
    padded = func.concat(" ", Contact.folded_name, " ")
    shared: ColumnElement[int] = sum(
        (cast(padded.contains(each, autoescape=True), Integer) for each in trigrams[1:]),
        start=cast(padded.contains(trigrams[0], autoescape=True), Integer),
    )
    candidates = _materialize(_select_by_words(session, account, sharing).limit(_MOST_CANDIDATES))
    statement = (
        _contacts(account)
        .where(Contact.id.in_(select(candidates.c.id)), shared >= max(1, len(trigrams) // 4))
        .order_by(shared.desc(), func.length(Contact.folded_name), *_ORDER)
        .limit(_MOST_COMPARED)
        .with_only_columns(Contact.id, Contact.folded_name)
    )
    with indexed(session):
        nearest = session.execute(statement).all()
    scores = {contact_id: _similarity(words, folded_name) for contact_id, folded_name in nearest}
    best = sorted(scores, key=lambda each: -scores[each])[:_MOST_SUGGESTED]
    found = _read(session, _contacts(None).where(Contact.id.in_(best)))
    found = [person for person in found if scores[person.id] >= _CUTOFF]
    return sorted(found, key=lambda person: best.index(person.id))


def _similarity(words: Sequence[str], folded_name: str) -> float:
    """Return how near the words are to a name: whole, or each to the word of the name most like it."""
    names = folded_name.split()
    by_word = [max(fuzz.ratio(word, name) for name in names) for word in words] if names else [0]
    return max(fuzz.token_sort_ratio(" ".join(words), folded_name), sum(by_word) / len(by_word))


def fold_words(session: Session, given: str) -> list[str]:
    """Return the words of `given`, folded as the stored names are; at most eight."""
    if not given.strip():
        return []
    folded = session.scalars(select(text(fold_sql("cast(:given as text)"))), {"given": given}).one()
    return str(folded).split()[:MOST_WORDS]


_ORDER = (Account.name, Contact.full_name, Contact.id)
_HAYSTACK = func.concat(Contact.folded_name, " ", func.split_part(Contact.profile_url, "/in/", 2))


def _contacts(account: str | None) -> Select[Contact, str, str]:
    statement = (
        select(Contact, Account.name, Account.site)
        .join(Account, Account.id == Contact.account_id)
        .where(Contact.forgotten_at.is_(None), Account.removed_at.is_(None))
    )
    return statement if account is None else statement.where(Account.name == account)


def _read(session: Session, statement: Select[Contact, str, str]) -> Sequence[ContactRecord]:
    return [_record(row) for row in session.execute(statement)]


def _record(found: Row[*tuple[Any, ...]]) -> ContactRecord:
    contact, account, site = found[:3]
    facts = contact.profile
    return ContactRecord(
        id=contact.id, account_id=contact.account_id, account=account, site=site,
        profile_url=contact.profile_url, full_name=contact.full_name,
        headline=str(facts.get("headline") or facts.get("position") or ""),
        company=str(facts.get("company") or ""), do_not_contact=contact.do_not_contact,
        hold_until=contact.hold_until,
        member_url=contact.member_url,
    )  # fmt: skip


def _is_addressed(session: Session, given: str) -> ColumnElement[bool]:
    """Return the condition that a contact's address, its last part, or the id is `given`.

    Former addresses are looked up first, so that each condition on contacts has an index.
    """
    address = given.rstrip("/")
    part = quote(unquote(address).lower(), safe="-_.~")
    normalised = (normalise_profile_url(given, site) for site in PROFILE_ORIGINS)
    addresses = {address, f"{address}/", *(each for each in normalised if each is not None)}
    former = session.scalars(
        select(IdentityChange.contact_id).where(
            IdentityChange.before.in_(sorted(addresses)), IdentityChange.what != "moved"
        )
    ).all()
    ids = [*former, *([int(given)] if given.isascii() and given.isdigit() and len(given) < 19 else [])]
    for origin in PROFILE_ORIGINS.values():
        addresses |= {f"{origin}/in/{each}/" for each in (address, part)}
    return or_(
        Contact.profile_url.in_(sorted(addresses)),
        Contact.member_url.in_(sorted(addresses)),
        Contact.id.in_(ids),
    )


def _fold_words(session: Session, given: str) -> list[str]:
    return fold_words(session, _without_titles(given))


def _without_titles(given: str) -> str:
    return " ".join(word for word in given.split() if not _is_title(word)) or given


def _name_words(folded_name: str) -> list[str]:
    words = folded_name.split()
    return sorted([word for word in words if not _is_title(word)] or words)


def _is_title(word: str) -> bool:
    return is_title(word) or is_degree(word, among_capitals=False)


def _trigrams(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[at : at + 3] for at in range(len(padded) - 2)]
