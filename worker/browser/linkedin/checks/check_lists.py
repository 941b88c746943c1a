"""Cross-checks that LinkedIn's lists allow with themselves: birthdays, sent invitations, people found."""

import re
from datetime import date
from typing import Final
from urllib.parse import parse_qs, urlsplit

from worker.browser.check_report import CrossCheck, Fact, count_cross_check
from worker.browser.linkedin.lists import listing
from worker.browser.linkedin.lists.birthday_cards import Card, Reader
from worker.browser.linkedin.lists.invitation_rows import is_withdraw, read_row
from worker.browser.linkedin.lists.invitations import read_count
from worker.browser.linkedin.lists.rows import Row, read_rows
from worker.browser.linkedin.marks import birthdays as birthday_marks
from worker.browser.linkedin.marks import invitations as invitation_marks
from worker.browser.linkedin.marks import search as search_marks
from worker.browser.linkedin.messaging.inbox import read_shown_rows
from worker.browser.linkedin.people.result_rows import to_people
from worker.browser.linkedin.people.search import read_open_results
from worker.browser.linkedin.site_page import SitePage
from worker.browser.linkedin.words import LANGUAGES
from worker.browser.site_check import OwnChecks
from worker.rules.sites.capabilities import Capability, Verdict
from worker.rules.sites.page_shapes import shape_text

BIRTHDAYS: Final = frozenset({Capability.BIRTHDAYS})
SEARCH: Final = frozenset({Capability.SEARCH})
INVITATIONS: Final = frozenset({Capability.INVITATIONS})
WITHDRAW: Final = frozenset({Capability.WITHDRAW})
INBOX: Final = frozenset({Capability.INBOX})

_MEMBER_ID: Final = re.compile(r"AC[a-z]A[\w-]{35}", re.ASCII)
_MOST_ROWS: Final = 10
"""On a page of the people search."""


def check_birthdays(site: SitePage, today: date) -> OwnChecks:
    """Compare the cards with the links that say BIRTHDAY, the ids in these links, and read each day."""
    listing.wait_for_rows(site, birthday_marks.PAGE, "birthday_noun")
    root = listing.find_root(site, birthday_marks.PAGE)
    rows = read_rows(root)
    reader = Reader(site.language(), today, True, site.address_of)
    cards = [(row, card) for row in rows.rows if isinstance(card := reader.read(row), Card)]
    links = [each.href or "" for row in rows.rows for each in row.controls if _is_greeting(each.href)]
    strays = sum(_is_greeting(each.href) for each in rows.strays)
    if not cards and not links and not strays:
        return _explain_no_cards(site)
    told = sum(card.day.told for _, card in cards)
    untold = next((row for row, card in cards if not card.day.told), None)
    linked = sum(card.member_url is not None for _, card in cards)
    facts = () if site.language() in LANGUAGES or told == len(cards) else (Fact.LANGUAGE_UNSUPPORTED,)
    return OwnChecks(
        [
            # a form of the cards has buttons in place of links
            count_cross_check(
                "birthdays.links_in_cards", linked, len(links) + strays, BIRTHDAYS,
                least=0 if cards else 1, note=f"with a button: {len(cards) - linked}",
            ),
            count_cross_check(
                "birthdays.ids", sum(map(_has_equal_ids, links)), len(links), BIRTHDAYS, least=0
            ),
            _check_days(told, len(cards), untold, is_known=not facts),
        ],
        facts,
    )  # fmt: skip


def _is_greeting(href: str | None) -> bool:
    return "/messaging/" in (href or "") and "BIRTHDAY" in (href or "")


def _has_equal_ids(href: str) -> bool:
    """Return whether both parameters name the same well-formed id."""
    query = parse_qs(urlsplit(href).query)
    recipients = query.get("recipient", [])
    named = [value.rpartition(":")[2] for value in query.get("profileUrn", [])]
    return len(recipients) == 1 and named == recipients and _MEMBER_ID.fullmatch(named[0]) is not None


def _check_days(told: int, total: int, untold: Row | None, *, is_known: bool) -> CrossCheck:
    """Each card's sentence must say today, a past date or another day. One that doesn't is left alone."""
    if untold is None:
        return count_cross_check("birthdays.days", told, total, BIRTHDAYS)
    shapes = " / ".join(shape_text(line) for line in untold.lines)
    verdict = Verdict.DRIFT if is_known and told == 0 else Verdict.UNKNOWN
    return CrossCheck("birthdays.days", verdict, f"{told} of {total}; one has {shapes}", BIRTHDAYS)


def _explain_no_cards(site: SitePage) -> OwnChecks:
    """Return UNKNOWN for an empty list, or DRIFT if it only seems empty: the page links to people."""
    says_none = listing.is_empty(site, birthday_marks.PAGE, "birthday_noun")
    said = "no cards" if says_none else "no cards, and no sign that there are none"
    verdict = Verdict.DRIFT if _links_to_people(site) and not says_none else Verdict.UNKNOWN
    return OwnChecks([CrossCheck("birthdays.none", verdict, said, BIRTHDAYS)])


def _links_to_people(site: SitePage) -> bool:
    return site.page.locator(":is(main, [role=main]) a[href*='/in/']").locator("visible=true").count() > 0


def check_invitations(site: SitePage) -> OwnChecks:
    """Compare the rows with the count in the tab, and each row with its control that withdraws.

    Only the first rows are loaded: nothing is scrolled.
    """
    listing.wait_for_rows(site, invitation_marks.PAGE, "invitation_noun")
    root = listing.find_root(site, invitation_marks.PAGE)
    language, rows = site.language(), read_rows(root)
    sent = [row for row in rows.rows if read_row(row, language, None, site.address_of) is not None]
    nameless = sum(is_withdraw(each, language) for each in rows.strays)
    count = read_count(site)
    if not sent:
        says_none = listing.says_none(root, language, "invitation_noun")
        excused = [invitation_marks.ROW, invitation_marks.WITHDRAW]
        said = "no rows" if says_none else "no rows, and no sign that there are none"
        none = CrossCheck("invitations.none", Verdict.UNKNOWN, said, INVITATIONS | WITHDRAW)
        return OwnChecks([none], excused=excused if says_none or not rows.rows else [])
    shown = len(sent) + nameless
    fits = Verdict.UNKNOWN if count is None else Verdict.OK if shown <= count else Verdict.DRIFT
    people = len([row for row in rows.rows if len({*map(site.address_of, row.links)}) == 1 and row.controls])
    return OwnChecks(
        [
            CrossCheck("invitations.count", fits, f"rows: {shown}; the tab says {count}", INVITATIONS),
            count_cross_check("invitations.rows", len(sent), people, INVITATIONS | WITHDRAW),
        ]
    )


def check_search(site: SitePage) -> OwnChecks:
    """Compare the number of rows with what a page can have, and read the person of each."""
    rows, says_nothing = read_open_results(site)
    if not rows:
        excused = [search_marks.ROW] if says_nothing or not _links_to_people(site) else []
        said = "nobody was found" if says_nothing else "no rows, and no sign that nobody was found"
        return OwnChecks([CrossCheck("search.none", Verdict.UNKNOWN, said, SEARCH)], excused=excused)
    people = to_people(rows, site.language())
    few = Verdict.OK if len(rows) <= _MOST_ROWS else Verdict.DRIFT
    degrees = sum(each.degree is not None for each in people)
    return OwnChecks(
        [
            CrossCheck("search.at_most_ten", few, f"rows: {len(rows)}", SEARCH),
            CrossCheck(
                "search.people", Verdict.OK if people else Verdict.DRIFT,
                f"rows: {len(rows)}; people: {len(people)}; with a degree: {degrees}", SEARCH,
            ),
        ]
    )  # fmt: skip


def check_inbox(site: SitePage) -> OwnChecks:
    """Read who wrote last, and when, in each row that the list shows. No conversation is opened."""
    rows = read_shown_rows(site)
    readable = sum(line is not None for _, line in rows)
    said = f"{readable} of {len(rows)}"
    if readable == len(rows):
        return OwnChecks([CrossCheck("inbox.rows", Verdict.OK if rows else Verdict.UNKNOWN, said, INBOX)])
    row = next(row for row, line in rows if line is None)
    shapes = f"{shape_text(row.time)} / {shape_text(row.snippet)}"
    verdict = Verdict.UNKNOWN if readable else Verdict.DRIFT
    return OwnChecks([CrossCheck("inbox.rows", verdict, f"{said}; one has {shapes}", INBOX)])
