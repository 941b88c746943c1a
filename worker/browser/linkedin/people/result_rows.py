"""The rows of a people search: whose row it is, and what it says of them.

A row links to mutual connections too, sometimes first. Its person is the one whom its key, its controls or
the structure of the row names; never the first link.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, TypedDict
from urllib.parse import parse_qs, urlsplit

from worker.browser.linkedin.page_text import Line, address_of, member_of
from worker.browser.linkedin.people.degrees import parse_degree, split_degree
from worker.browser.linkedin.words import is_word
from worker.errors import Reason, StopAccountError, TryAgainError
from worker.rules.model import FoundPerson

_KEY: Final = re.compile(r"SearchResults(?:[a-z]*_)?(AC[a-z]A[\w-]{9,})", re.ASCII)
_BULLET: Final = "·•∙⋅ "


class Link(TypedDict):
    """A profile link in a row.

    `lines`: how many lines it wraps. `named`: its own marks say that it is the name. `alone`: the text of the
    paragraph that it is in.
    """

    path: str | None
    text: str
    lines: int
    named: bool
    alone: str


class Row(TypedDict):
    """One row. `controls` are the paths of its links to a conversation or an invitation.

    `settled`: it has controls. `sells`: it links to an offer of Premium, as advertisements do.
    """

    keys: list[str]
    urn: str
    lines: list[Line]
    links: list[Link]
    controls: list[str]
    settled: bool
    sells: bool
    pictures: list[str]


def to_people(rows: Sequence[Row], language: str | None) -> tuple[FoundPerson, ...]:
    """Return the people of the rows, without hidden members, advertisements and the member's own row.

    Raises StopAccountError if a row names two ids, TryAgainError if it isn't certain whose a row is.
    """
    people = []
    for row in rows:
        address = find_person(row, language)
        if address is None:
            continue
        name_at, name = _find_name(row, address)
        if not name:
            raise TryAgainError(Reason.SITE_UNEXPECTED, "a search result has no name")
        if any(
            is_word("you", line["text"].strip(_BULLET), language) and _is_badge(line) for line in row["lines"]
        ):
            continue
        people.append(_to_person(row, address, name_at, name))
    return tuple(people)


def find_person(row: Row, language: str | None) -> str | None:
    """Return the address of the person whose row it is; None for a hidden member or an advertisement.

    Raises StopAccountError if the row names two ids, TryAgainError if it isn't certain whose it is.
    """
    if "headless" in row["urn"] or is_hidden(row, language):
        return None
    slugs, members = _find_proofs(row)
    tests: list[Callable[[Link], bool]] = [
        lambda link: address_of(link["path"]) in slugs or member_of(link["path"]) in members,
        lambda link: link["lines"] > 1,
        lambda link: link["named"],
        lambda link: bool(link["text"]) and split_degree(link["alone"])[1] is not None and _is_alone(link),
        _is_alone,
    ]
    links = [link for link in row["links"] if _can_be(link, slugs, members)]
    is_proven = False
    for test in tests:
        passing = [link for link in links if test(link)]
        links, is_proven = passing or links, is_proven or bool(passing)
        named = {address_of(link["path"]) for link in links}
        if is_proven and len(named) == 1:
            return named.pop()
    proofs = [*slugs, *members]
    if proofs:
        return proofs[0]
    is_shown = (row["settled"] and row["links"]) or any(map(_is_alone, row["links"]))
    if is_shown and not row["sells"]:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "it isn't certain whose row of the search one is")
    return None


def is_hidden(row: Row, language: str | None) -> bool:
    """Return whether the row is that of a member whom the site doesn't show to this account."""
    return any(is_word("hidden_member", line["text"], language) for line in row["lines"][:3])


def _find_proofs(row: Row) -> tuple[set[str], set[str]]:
    """Return the addresses by slug and by member id that the row's key and controls name."""
    ids = {each for key in row["keys"] for each in _KEY.findall(key)}
    slugs = set[str]()
    for path in row["controls"]:
        query = parse_qs(urlsplit(path).query)
        ids |= {
            value.rpartition(":")[2] for name in ("recipient", "profileUrn") for value in query.get(name, ())
        }
        slugs |= {each for slug in query.get("vanityName", ()) if (each := address_of(f"/in/{slug}/"))}
    members = {each for one in ids if (each := address_of(f"/in/{one}/")) and member_of(urlsplit(each).path)}
    if len(members) > 1 or len(slugs) > 1:
        raise StopAccountError(
            Reason.SITE_CHANGED, "a search result names two different persons; a person must look at it"
        )
    return slugs, members


def _can_be(link: Link, slugs: set[str], members: set[str]) -> bool:
    """Return whether no address or id that the row names speaks against the link."""
    address, member = address_of(link["path"]), member_of(link["path"])
    is_slug = address is not None and member_of(urlsplit(address).path) is None
    contradicts = (slugs and is_slug and address not in slugs) or (members and member not in {None, *members})
    return address is not None and not contradicts


def _is_alone(link: Link) -> bool:
    """Return whether the link is all that its paragraph says, besides a degree: not a part of a sentence."""
    return bool(link["text"]) and split_degree(link["alone"])[0] == split_degree(link["text"])[0]


def _find_name(row: Row, address: str) -> tuple[int, str]:
    for index, line in enumerate(row["lines"]):
        name = split_degree(line["text"])[0].strip(_BULLET)
        if (
            name
            and not line["action"]
            and address_of(line["link"]) == address
            and not parse_degree(line["text"])
        ):
            return index, name
    return 0, ""


def _to_person(row: Row, address: str, name_at: int, name: str) -> FoundPerson:
    degrees = {degree for line in row["lines"] if (degree := parse_degree(line["text"]) or _trailing(line))}
    plain = []
    for line in row["lines"][name_at + 1 :]:
        is_elsewhere = line["link"] is not None and address_of(line["link"]) != address
        if line["action"] or is_elsewhere or "snippet" in line["key"]:
            break
        if not _is_badge(line) and line["text"].strip(_BULLET) != name:
            plain.append(line["text"])
    headline, location = [*plain, "", ""][:2]
    return FoundPerson(
        profile_url=address,
        full_name=name,
        headline="" if headline == "--" else headline,
        location=location,
        degree=degrees.pop() if len(degrees) == 1 else None,
        open_to_work=any("#open_to_work" in picture.casefold() for picture in row["pictures"]),
    )


def _trailing(line: Line) -> int | None:
    return split_degree(line["text"])[1]


def _is_badge(line: Line) -> bool:
    """Return whether the line stands in the place of a degree: `• 2nd`, `• You`."""
    return parse_degree(line["text"]) is not None or line["text"].startswith(tuple(_BULLET.strip()))
