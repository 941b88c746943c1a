"""The birthdays page: open it, load what it has of the last days, and read whose birthday it is."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from worker import logs
from worker.browser.linkedin.lists import listing
from worker.browser.linkedin.lists.birthday_cards import Card, Oddity, Reader, agree, check_people
from worker.browser.linkedin.lists.rows import Row, read_rows
from worker.browser.linkedin.marks import birthdays as marks
from worker.browser.linkedin.marks.navigation import NAVIGATION
from worker.browser.linkedin.site_page import SitePage
from worker.browser.linkedin.words import LANGUAGES
from worker.browser.marks import find
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.model import BirthdayCard

_ROUNDS: Final = 15
_HORIZON: Final = timedelta(days=10)
"""Older birthdays are of no use: the page starts with today's."""

log = logs.get_logger(__name__)


def read_birthdays(site: SitePage, today: date) -> list[BirthdayCard]:
    """Open the page and read today's birthdays and the past ones of about ten days.

    A card whose person or day is not certain is left alone and counted in the log. Raises
    StopAccountError(SITE_CHANGED) if the page contradicts itself or no card can be read,
    StopAccountError(LANGUAGE_UNKNOWN) if no day can be read for the language, and TryAgainError if there are
    no cards without a sign that there are no birthdays.
    """
    only_birthdays = _open(site)
    with site.translate("read the birthdays"):
        reader = Reader(site.language(), today, only_birthdays, site.address_of)
        read = _load(site, reader)
        cards = [one for one in read if isinstance(one, Card)]
        odd = Counter(one for one in read if isinstance(one, Oddity))
        if not cards and not odd:
            _require_none(site, reader)
            return []
        site.check_walls()
        for mark in (marks.PAGE, marks.CARD, marks.GREETING):
            find(site.page, mark)
    return _choose(cards, odd, reader)


def _open(site: SitePage) -> bool:
    """Open the page at the first address that exists; return whether it lists only birthdays."""
    for address in marks.ADDRESSES:
        try:
            arrival = site.open(address, NAVIGATION)
        except NeverError:
            continue
        segments = set(arrival.path.split("/"))
        if segments & marks.NAMES:
            return bool(segments & marks.ONLY_BIRTHDAYS)
    raise StopAccountError(Reason.SITE_CHANGED, "LinkedIn's birthdays page is at none of its known addresses")


def _load(site: SitePage, reader: Reader) -> list[Card | Oddity]:
    """Read the page, load more, and read again, until nothing new comes or the cards are too old."""
    listing.wait_for_rows(site, marks.PAGE, "birthday_noun")
    seen: dict[Row, Card | Oddity | None] = {}
    strays = 0
    for _ in range(_ROUNDS):
        root = listing.find_root(site, marks.PAGE)
        rows = read_rows(root)
        for row in rows.rows:
            if row not in seen:
                seen[row] = reader.read(row)
        strays = sum("BIRTHDAY" in (each.href or "") for each in rows.strays)
        if _is_old(list(seen.values()), reader.today) or not listing.load_more(site, root, marks.LOAD_MORE):
            break
    known = {link for row, one in seen.items() if isinstance(one, Card) and one.day.on for link in row.links}
    # a row may have been read before all of it was there
    whole = [
        one
        for row, one in seen.items()
        if one is not None and (not known & set(row.links) or (isinstance(one, Card) and one.day.on))
    ]
    return [*whole, *[Oddity.NO_PERSON] * strays]


def _is_old(read: Sequence[Card | Oddity | None], today: date) -> bool:
    return any(isinstance(one, Card) and one.day.on and today - one.day.on > _HORIZON for one in read)


def _require_none(site: SitePage, reader: Reader) -> None:
    """Raise TryAgainError unless the page says that there are no birthdays."""
    if not (reader.only_birthdays and listing.is_empty(site, marks.PAGE, "birthday_noun")):
        raise TryAgainError(
            Reason.SITE_UNEXPECTED,
            "the birthdays page shows no birthdays, and does not say that there are none",
        )


def _can_read(cards: Sequence[Card], today: date) -> bool:
    """Return whether sentences are understood: some, and that of the first card if none is of today.

    The page starts with today's birthdays, so they would be missed if only those of past days could be read.
    """
    if any(card.day.on == today for card in cards):
        return True
    return any(card.day.told for card in cards) and cards[0].day.told


def _choose(cards: Sequence[Card], odd: Counter[Oddity], reader: Reader) -> list[BirthdayCard]:
    """Return the birthdays whose person and day are certain."""
    check_people(cards)
    if reader.language not in LANGUAGES:
        cards = agree(cards, reader.today)
        is_late = any(card.day.dated for card in cards)
        if not any(card.day.told for card in cards) and (not is_late or any(not c.day.dated for c in cards)):
            raise StopAccountError(
                Reason.LANGUAGE_UNKNOWN,
                "the days of birthdays can't be read in the language of LinkedIn's pages",
            )
    elif not _can_read(cards, reader.today):
        raise StopAccountError(Reason.SITE_CHANGED, "the days on the birthdays page can't be read")
    odd[Oddity.NO_DAY] += sum(not card.day.told for card in cards)
    dated: dict[str, dict[date, Card]] = {}
    for card in sorted(cards, key=lambda one: one.member_url is None):
        if card.day.on:
            dated.setdefault(card.profile_url, {}).setdefault(card.day.on, card)
    odd[Oddity.TWO_DAYS] += sum(len(days) > 1 for days in dated.values())
    if left := {str(oddity): number for oddity, number in odd.items() if number}:
        log.warning("birthday_cards_left_alone", **left)
    order = {card.profile_url: position for position, card in enumerate(reversed(cards))}
    certain = [
        BirthdayCard(card.profile_url, card.full_name, on, card.member_url)
        for days in dated.values()
        if len(days) == 1
        for on, card in days.items()
    ]
    return sorted(certain, key=lambda one: -order[one.profile_url])
