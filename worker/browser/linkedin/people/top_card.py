"""What a profile's top card says: whose it is, and how the account is connected with the person.

Strangers' tiles stand above and below the card and look alike, so a card is chosen by the ids and addresses
in it; the name decides nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypedDict
from urllib.parse import parse_qs, urlsplit

from worker.browser.linkedin.page_text import Line, address_of, member_of
from worker.browser.linkedin.people.degrees import parse_degree, split_degree
from worker.browser.linkedin.words import find_match, fold, is_word
from worker.errors import Reason, StopAccountError
from worker.rules.people.identity import PersonKeys

_KEY: Final = re.compile(r"ref(AC[a-z]A[\w-]{35})[A-Z]|ref(AC[a-z]A[\w-]{9,})Topcard$", re.ASCII)
"""A member id has 39 characters, and the key's own words follow without a separator."""
_URN: Final = re.compile(r"urn:li:fs\w*[pP]rofile:(AC[a-z]A[\w-]{9,})", re.ASCII)
_PRONOUNS: Final = re.compile(r"\(?[^\W\d_]{1,8}(?:\s?/\s?[^\W\d_]{1,8}){1,2}\)?")
_UNREAD: Final = re.compile(r"^\(\d+\+?\)\s*")
"""The count of unread notifications before a page's title."""
_PROVEN: Final = 16
"""Points of a card whose key, ids or addresses say whose it is. Looks give fewer."""
_COUNT: Final = re.compile(r"[\d.,\s]+\+?")


class Connection(StrEnum):
    """How the account is connected with the person, as far as the page proves it."""

    CONNECTED = "connected"
    NOT_CONNECTED = "not_connected"
    PENDING = "pending"
    OWN = "own"
    UNKNOWN = "unknown"


class Action(TypedDict):
    """A link or button of a card: where it leads, its label, its text."""

    path: str | None
    label: str
    text: str


class Card(TypedDict):
    """What may be the top card. `keyed`: its own marks say that it is one; else it surrounds a heading."""

    key: str
    keyed: bool
    level: str
    name: str
    lines: list[Line]
    texts: list[str]
    actions: list[Action]
    states: list[str]
    urns: list[str]
    pictures: list[str]


class CardsRead(TypedDict):
    """What `READ_CARDS` returns. `keys` are those of all cards of the profile, `toolbar` its links.

    `own`: the address says that it is the member's own profile.
    """

    title: str
    own: bool
    keys: list[str]
    toolbar: list[str | None]
    cards: list[Card]


@dataclass(frozen=True, slots=True)
class OpenProfile:
    """The top card of the profile that is open. `degree` is the shown one; None where none is shown."""

    keys: PersonKeys
    name: str
    headline: str
    location: str
    degree: int | None
    connection: Connection
    open_to_work: bool = False


def choose_card(read: CardsRead, shown_at: str, asked: str) -> Card | None:
    """Return the card of the profile at `shown_at`, opened by the address `asked`; None if none fits."""
    slugs, members = _split({shown_at, asked})
    members |= _page_members(read)
    rated = [(_rate(card, read["title"], slugs, members), card) for card in read["cards"] if card["name"]]
    best = max((score for score, _ in rated), default=0)
    first, *others = [card for score, card in rated if score == best] if best else [None]
    # of cards that only look like one, none is chosen if there are several
    return first if best >= _PROVEN or not others else None


def read_card(card: Card, read: CardsRead, shown_at: str, language: str | None) -> OpenProfile:
    """Return what the card says. Raises StopAccountError if it names two persons."""
    degrees = _degrees(card)
    degree = degrees.pop() if len(degrees) == 1 else None
    headline, location = find_headline(card["lines"], card["name"], language)
    return OpenProfile(
        find_keys(card, read, shown_at),
        card["name"],
        headline,
        location,
        degree,
        Connection.OWN if read["own"] else find_connection(card, degree, language),
        any("#open_to_work" in picture.casefold() for picture in card["pictures"]),
    )


def find_keys(card: Card, read: CardsRead, shown_at: str) -> PersonKeys:
    """Return the keys of the person whose card it is, at the address `shown_at`.

    Raises StopAccountError if two ids or two addresses in the card disagree.
    """
    members = _members(card) or _only(_data_members(card)) or _page_members(read)
    slugs, opened = _split(_addresses(card) | {shown_at})
    members |= opened
    if len(members) > 1 or len(slugs) > 1:
        raise StopAccountError(
            Reason.SITE_CHANGED, "a profile's top card names two different persons; a person must look at it"
        )
    return PersonKeys(next(iter(slugs), None), next(iter(members), None))


def find_connection(card: Card, degree: int | None, language: str | None) -> Connection:
    """Return the state that the card proves. A Message button proves nothing: strangers have one too."""
    actions = card["actions"]
    if any("/edit/intro" in (each["path"] or "") for each in actions):
        return Connection.OWN
    pending = _says("pending", actions, language) or any(each.endswith("_pending") for each in card["states"])
    connect = (
        any("custom-invite" in (each["path"] or "") for each in actions)
        or any(each.endswith(("_connect", "_withdrawn")) for each in card["states"])
        or _says("connect", actions, language)
    )
    if degree == 1:
        return Connection.UNKNOWN if pending or connect else Connection.CONNECTED
    if pending:
        return Connection.PENDING
    if degree or connect:
        return Connection.NOT_CONNECTED
    removable = _says("remove_connection", actions, language)
    return Connection.CONNECTED if removable else Connection.UNKNOWN


def find_headline(lines: Sequence[Line], name: str, language: str | None) -> tuple[str, str]:
    """Return the headline and the location of a card, "" for one that isn't there.

    They are the first line after the name and its badges, and the last one before the link to the contact
    details, or before the numbers of connections and followers.
    """
    names = [index for index, line in enumerate(lines) if fold(line["text"]).startswith(fold(name))]
    plain: list[str] = []
    for line in lines[names[0] + 1 if names else 0 :]:
        text = line["text"].strip(" ·•")
        if parse_degree(line["text"]):
            continue
        if "/overlay/contact-info" in (line["link"] or "") or _is_count(line["text"], language):
            break
        is_badge = not plain and _PRONOUNS.fullmatch(text)
        if text and not line["action"] and not is_badge and fold(text) != fold(name) and not line["link"]:
            plain.append(text)
    headline = plain[0] if plain and plain[0] != "--" else ""
    location = plain[-1] if len(plain) > 1 and " · " not in plain[-1] else ""
    return headline, location


def _rate(card: Card, title: str, slugs: set[str], members: set[str]) -> int:
    """Return how well a card fits the profile; 0 if it is another person's, or no top card."""
    ours = _addresses(card) & slugs
    is_known = bool(ours or _members(card) & members)
    is_other = not is_known and bool((_addresses(card) and slugs) or (_members(card) and members))
    looks = 4 * (card["level"] == "H1") + 2 * _is_titled(card, title)
    is_head = looks or _addresses(card) or (is_known and _degrees(card))
    if not card["keyed"] and (is_other or not is_head):
        return 0
    return _PROVEN * (2 * card["keyed"] + is_known) + looks + bool(_degrees(card))


def _is_titled(card: Card, title: str) -> bool:
    return fold(_UNREAD.sub("", title)).startswith(fold(card["name"]))


def _split(addresses: set[str]) -> tuple[set[str], set[str]]:
    """Return the addresses by slug, and those by member id."""
    members = {each for each in addresses if member_of(urlsplit(each).path)}
    return addresses - members, members


def _is_count(text: str, language: str | None) -> bool:
    return _COUNT.fullmatch(text) is not None or find_match("connections_count", text, language) is not None


def _says(key: str, actions: Sequence[Action], language: str | None) -> bool:
    return any(
        is_word(key, text, language) for each in actions for text in (each["label"], each["text"]) if text
    )


def _degrees(card: Card) -> set[int]:
    lines = [line["text"] for line in card["lines"]]
    shown = [parse_degree(text) for text in card["texts"] + lines]
    shown += [split_degree(text)[1] for text in lines if fold(text).startswith(fold(card["name"]))]
    return {degree for degree in shown if degree}


def _addresses(card: Card) -> set[str]:
    """Return the addresses by slug of the person, from the controls that carry one."""
    found = set()
    for action in card["actions"]:
        path = action["path"] or ""
        if "custom-invite" in path:
            found |= {
                address_of(f"/in/{slug}/") for slug in parse_qs(urlsplit(path).query).get("vanityName", ())
            }
        elif "/overlay/contact-info" in path or "/edit/intro" in path:
            found.add(address_of(path))
    return _split({address for address in found if address})[0]


def _members(card: Card) -> set[str]:
    """Return the addresses by member id in the card's key and in its links to a conversation."""
    links = [each["path"] for each in card["actions"] if "/messaging/" in (each["path"] or "")]
    return _ids_in_keys([card["key"]]) | _ids_in_links(links)


def _data_members(card: Card) -> set[str]:
    return {
        address
        for text in card["urns"]
        for each in _URN.findall(text)
        if (address := address_of(f"/in/{each}/"))
    }


def _page_members(read: CardsRead) -> set[str]:
    """Return the id that the profile's other cards and its toolbar name, if they agree."""
    return _only(_ids_in_keys(read["keys"]) or _ids_in_links(read["toolbar"]))


def _only(found: set[str]) -> set[str]:
    """Return what was found where it is one, else nothing."""
    return found if len(found) == 1 else set()


def _ids_in_keys(keys: Sequence[str]) -> set[str]:
    ids = [one or other for key in keys for one, other in _KEY.findall(key)]
    return {address for each in ids if (address := address_of(f"/in/{each}/"))}


def _ids_in_links(paths: Sequence[str | None]) -> set[str]:
    """Return the ids of links to a conversation. One link whose two parameters disagree gives both."""
    found = set()
    for path in paths:
        query = parse_qs(urlsplit(path or "").query)
        for value in [*query.get("recipient", ()), *query.get("profileUrn", ())]:
            found.add(address_of(f"/in/{value.rpartition(':')[2]}/"))
    return _split({address for address in found if address})[1]
