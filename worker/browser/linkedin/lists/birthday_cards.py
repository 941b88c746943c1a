"""What the rows of the birthdays page say: whose birthday it is, and on which day. Nothing is guessed."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, urlsplit

from worker.browser.linkedin.ages import (
    find_date,
    find_days,
    has_digit,
    is_age_line,
    mentions_word,
    says_age,
)
from worker.browser.linkedin.lists.names import find_name, read_framed_name
from worker.browser.linkedin.lists.rows import Control, Row
from worker.browser.linkedin.words import LANGUAGES, fold, mentions
from worker.errors import Reason, StopAccountError
from worker.rules.people.addresses import find_member_url, is_member_url

SITE: Final = "linkedin"
_RECENT: Final = timedelta(days=31)
"""The page goes back about ten days. A date without a year that is further back is one of the future."""


class Oddity(StrEnum):
    """Why a birthday's card is left alone. It is counted in a warning of the log."""

    SEVERAL_PEOPLE = "several_people"
    NO_PERSON = "no_person"
    NO_NAME = "no_name"
    NO_DAY = "no_day"
    NO_GREETING = "no_greeting"
    """Perhaps it was greeted before."""
    TWO_DAYS = "two_days"


@dataclass(frozen=True, slots=True)
class Day:
    """The day that a card names. `on` is None if it is neither today nor a past date.

    `told`: the sentence was understood. `dated`: it holds a figure, so it isn't about today.
    """

    on: date | None
    told: bool
    dated: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One birthday. `member_url` is None where the card has a button in place of a link."""

    profile_url: str
    member_url: str | None
    full_name: str
    suggestion: str
    day: Day


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows in the page's language. `only_birthdays`: the page lists no other occasions."""

    language: str | None
    today: date
    only_birthdays: bool
    address_of: Callable[[str], str | None]

    def read(self, row: Row) -> Card | Oddity | None:
        """Return the birthday in a row; None if it is none, an advertisement or another occasion.

        Raises StopAccountError(SITE_CHANGED) for a card that names two different people.
        """
        composes = [each for each in row.controls if _is_compose(each.href)]
        greetings = [each for each in composes if self._is_birthday(each)]
        if not greetings and (composes or not self.only_birthdays):
            return None
        labels = [_before_colon(each.label) for each in (greetings or row.controls)]
        name = find_name(row.lines, row.labels, [*row.labels, *labels], self.language)
        lines = sentences(row.lines, name, self.language)
        if not greetings and not self._may_be_birthday(lines):
            return None
        addresses = {address for link in row.links if (address := self.address_of(link))}
        by_id = {address for address in addresses if is_member_url(address, SITE)}
        slugs = addresses - by_id
        members = _members(composes) | by_id
        if len(members) > 1:
            raise contradiction("a card names two member ids")
        if len(slugs) != 1 and not (members and not slugs):
            return Oddity.SEVERAL_PEOPLE if slugs else Oddity.NO_PERSON
        if name is None:
            return Oddity.NO_NAME
        if not greetings and not any(_may_greet(each, name) for each in row.controls):
            return Oddity.NO_GREETING
        self._check_names(name, row.labels, labels)
        suggestion = next(filter(None, (_suggestion(each) for each in greetings)), "")
        day = read_day(lines, suggestion, name, self.language, self.today)
        member = next(iter(members), None)
        return Card(next(iter(slugs), member or ""), member, name, suggestion, day)

    def _is_birthday(self, control: Control) -> bool:
        occasion = _parameter(control.href, "propUrn")
        return "BIRTHDAY" in occasion if occasion else self.only_birthdays

    def _may_be_birthday(self, lines: Iterable[str]) -> bool:
        """Return whether a row without a link may be a birthday: other rows have buttons, too."""
        if self.language not in LANGUAGES:
            return True
        return any(mentions("birthday_noun", line, self.language) for line in lines)

    def _check_names(self, name: str, pictures: Iterable[str], greetings: Iterable[str]) -> None:
        """Raise StopAccountError if the picture or the greeting is of somebody else than the card."""
        for key, labels in (("picture_of", pictures), ("message_to", greetings)):
            named = [read_framed_name(key, label, self.language) for label in labels]
            words = [_name_words(each) for each in named if each and _name_words(each)]
            if words and _name_words(name) and not any(each & _name_words(name) for each in words):
                raise contradiction("a card's name, picture and greeting are of different people")


def read_day(lines: Sequence[str], suggestion: str, name: str, language: str | None, today: date) -> Day:
    """Return the day that a card's sentence says: "today" without any figure, or a past date or age in days.

    A suggestion for a late greeting beside "today" disagrees, and the sentence counts as not understood.
    """
    text = without_name(" | ".join(lines), name)
    dated = has_digit(text)
    days = find_days(text, language)
    on = find_date(text, language, today) if language in LANGUAGES else None
    if days == 0:
        told = not dated and not mentions_word("late_greeting", suggestion, language)
        return Day(today if told else None, told, dated)
    if days is not None:
        told = on is None
        return Day(today - timedelta(days=days) if told else None, told, dated)
    if on is not None:
        return Day(on if today - _RECENT <= on <= today else None, told=True, dated=True)
    told = says_age(text, language) or mentions_word("tomorrow", text, language)
    return Day(None, told, dated)


def sentences(lines: Sequence[str], name: str | None, language: str | None) -> list[str]:
    """Return the lines that may say the day, without the name's own line and the person's headline."""
    rest = list(lines)
    if name:
        head = next((line for line in rest if fold(line).startswith(fold(name))), None)
        if head is not None and len(rest) > 1:
            rest.remove(head)
    words = _name_words(name or "")
    named = [line for line in rest if words & _name_words(line)]
    about = [line for line in rest if mentions("birthday_noun", line, language)]
    # a sentence may be split, with its day in a part of its own
    days = [line for line in rest if is_age_line(line, language)]
    chosen = [line for line in named if line in about] or named or about
    if not chosen and language not in LANGUAGES:
        return rest
    return list(dict.fromkeys([*chosen, *days]))


def without_name(text: str, name: str) -> str:
    """Return a folded text without the first mention of a name, which may be a month or have figures.

    Sentences use the full name, its beginning, or its beginning without emoji.
    """
    plain = fold(text)
    words = fold(name).split()
    letters = [word for word in words if any(sign.isalpha() for sign in word)]
    for some in (words, letters):
        for length in range(len(some), 0, -1):
            form = rf"(?<!\w){re.escape(' '.join(some[:length]))}(?!\w)"
            if re.search(form, plain):
                return re.sub(form, " ", plain, count=1)
    return plain


def agree(cards: Sequence[Card], today: date) -> list[Card]:
    """Return the cards of a page in an unknown language, with those dated that are surely of today.

    Late cards hold a figure, and their suggestion is another one. So a card without a figure is of today if
    its suggestion is the only one of its kind on the page, and none of the late cards has it.
    """
    late = {_wish(card) for card in cards if card.day.dated}
    other = {_wish(card) for card in cards if not card.day.dated} - late
    if not late or len(other) != 1 or not all(other):
        return list(cards)
    return [
        replace(card, day=Day(today, told=True, dated=False))
        if not card.day.dated and not card.day.told and _wish(card) in other
        else card
        for card in cards
    ]


def check_people(cards: Iterable[Card]) -> None:
    """Raise StopAccountError(SITE_CHANGED) if one person has two ids on the page, or one id two people."""
    pairs = {
        (card.profile_url, card.member_url)
        for card in cards
        if card.member_url and card.profile_url != card.member_url
    }
    slugs, members = Counter(slug for slug, _ in pairs), Counter(member for _, member in pairs)
    if any(number > 1 for number in (*slugs.values(), *members.values())):
        raise contradiction("the page gives one person two ids, or two people one id")


def contradiction(text: str) -> StopAccountError:
    """Return the error for a page on which nobody can be greeted safely."""
    return StopAccountError(Reason.SITE_CHANGED, f"the birthdays page contradicts itself: {text}")


def _members(composes: Iterable[Control]) -> set[str]:
    """Return the addresses by member id that links to the composer name in any of their parameters."""
    found = set()
    for each in composes:
        for name in ("recipient", "profileUrn"):
            value = _parameter(each.href, name)
            urn = value if value.startswith("urn:") else f"urn:li:fsd_profile:{value}"
            found.add(find_member_url(urn, SITE))
    return {member for member in found if member}


def _is_compose(href: str | None) -> bool:
    return "/messaging/compose" in urlsplit(href or "").path


def _parameter(href: str | None, name: str) -> str:
    return next(iter(parse_qs(urlsplit(href or "").query).get(name, ())), "")


def _may_greet(control: Control, name: str) -> bool:
    """Return whether a button may be the one that greets: it names the person, or has words on it."""
    return fold(name) in fold(control.label) or bool(_name_words(control.text))


def _suggestion(control: Control) -> str:
    return _parameter(control.href, "body") or control.label.partition(":")[2].strip() or control.text


def _before_colon(label: str) -> str:
    return label.partition(":")[0].strip()


def _wish(card: Card) -> str:
    return without_name(card.suggestion, card.full_name).strip()


def _name_words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", fold(text)))
