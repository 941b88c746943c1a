"""The sections of a profile: scroll until they are there, read them, open the pages with all entries of one.

A section is empty only where the page has its place and leaves it empty, while others are filled. One that
isn't found at all is unknown: the page may not have loaded it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypedDict
from urllib.parse import urlsplit

from worker.browser.linkedin.marks.profile import MAIN
from worker.browser.linkedin.marks.sections import ANCHORS, DETAILS, KEYS, READ_SECTIONS, SCROLL_ON
from worker.browser.linkedin.page_text import address_of
from worker.browser.linkedin.people.entries import Item, to_education, to_names, to_positions
from worker.browser.linkedin.site_page import SitePage
from worker.browser.linkedin.words import fold, is_word, list_words
from worker.clock import monotonic_seconds
from worker.errors import TryAgainError
from worker.rules.sourcing.profile import Profile, Section

_STEP: Final = timedelta(milliseconds=300)
"""Between two steps of scrolling. Sections load when they come near."""
_QUIET: Final = timedelta(milliseconds=1500)
"""How long the end of the page must stay the same."""
_FILLING: Final = timedelta(seconds=5)
"""The same, where the page has holders of sections that are still empty."""
_PASSES: Final = 2
"""How often the profile is scrolled through while a wanted section isn't found."""
_LONGEST: Final = timedelta(seconds=20)
_MORE_PAGES: Final = timedelta(seconds=75)
"""After this time no more pages of details are opened, because an action has 180 s: they stay unknown."""
_PAUSE: Final = timedelta(seconds=2)
"""Before each page of details: as a person would take."""


class SectionRead(TypedDict):
    """One section as `READ_SECTIONS` returns it. `way`: by its key, its anchor or its heading.

    `prose` is the whole text of an expandable box, `details` the paths of the links to all entries.
    """

    section: str
    way: str
    childless: bool
    prose: str | None
    lines: list[str]
    items: list[Item]
    details: list[str]


def read_sections(site_page: SitePage, profile: Profile, wanted: Collection[Section]) -> Profile:
    """Return the profile, which is open, with the wanted sections; None for one that is unknown.

    Opens at most one more page for each section of which only a part is shown.
    """
    started = monotonic_seconds()
    language = site_page.language()
    for _ in range(_PASSES):
        scroll_through(site_page)
        site_page.check_walls()
        read = _read_all(site_page, language)
        if set(wanted) <= {each["section"] for each in read}:
            break
    is_loaded = any(not each["childless"] for each in read)
    for section in Section:
        if section not in wanted:
            continue
        found = choose_section([each for each in read if each["section"] == section], is_loaded=is_loaded)
        if found is not None and is_cut(found):
            has_time = monotonic_seconds() - started < _MORE_PAGES.total_seconds()
            found = _read_details(site_page, section) if has_time else None
        if found is not None:
            profile = with_section(profile, section, found, language)
    return profile


def choose_section(found: Sequence[SectionRead], *, is_loaded: bool) -> SectionRead | None:
    """Return the reading of a section that holds something, else an empty one if the page has loaded."""
    filled = [each for each in found if each["items"] or each["prose"] or each["lines"]]
    empty = [each for each in found if each["way"] == "key" and each["childless"]]
    return next(iter(filled), None) or (next(iter(empty), None) if is_loaded else None)


def is_cut(found: SectionRead) -> bool:
    """Return whether the section links to the page that has all its entries."""
    name = DETAILS.get(Section(found["section"]))
    return name is not None and any(f"/details/{name}" in path for path in found["details"])


def with_section(profile: Profile, section: Section, found: SectionRead, language: str | None) -> Profile:
    """Return the profile with this section, unchanged where the section can't be read."""
    if section is Section.ABOUT:
        return replace(profile, about=_about(found, language))
    is_readable = bool(found["items"]) or found["childless"]
    return _with_entries(profile, section, found["items"]) if is_readable else profile


def scroll_through(site_page: SitePage) -> None:
    """Scroll from the top to the end, until the page stays as it is, or a bound is reached.

    What loads when it comes near, and appears above what is on the screen by then, needs another call.
    """
    started = monotonic_seconds()
    site_page.page.evaluate(SCROLL_ON, True)
    still_since: float | None = None
    height = 0
    while timedelta(seconds=monotonic_seconds() - started) < min(_LONGEST, 2 * site_page.timeout):
        is_end, now_high, unfilled = site_page.page.evaluate(SCROLL_ON, False)
        if not is_end or now_high != height:
            still_since, height = None, now_high
        elif still_since is None:
            still_since = monotonic_seconds()
        elif monotonic_seconds() - still_since >= (_FILLING if unfilled else _QUIET).total_seconds():
            return
        # the page's own events run meanwhile
        site_page.page.wait_for_timeout(_STEP / timedelta(milliseconds=1))


def _with_entries(profile: Profile, section: Section, items: Sequence[Item]) -> Profile:
    match section:
        case Section.POSITIONS:
            return replace(profile, positions=to_positions(items))
        case Section.EDUCATION:
            return replace(profile, education=to_education(items))
        case Section.SKILLS:
            return replace(profile, skills=to_names(items))
        case Section.LANGUAGES:
            return replace(profile, languages=to_names(items))
        case Section.CERTIFICATIONS:
            return replace(profile, certifications=to_names(items))
    return profile


def _about(found: SectionRead, language: str | None) -> str:
    if found["prose"] is not None:
        return found["prose"]
    lines = found["lines"]
    end = next((at for at, line in enumerate(lines) if is_word("top_skills", line, language)), len(lines))
    return "\n".join(lines[:end])


def _read_details(site_page: SitePage, section: Section) -> SectionRead | None:
    """Open the page with all entries of a section, and read it; None if it is another page, or unreadable."""
    profile_path = urlsplit(address_of(urlsplit(site_page.page.url).path) or "").path
    path = f"{profile_path}details/{DETAILS[section]}/"
    site_page.page.wait_for_timeout(_PAUSE / timedelta(milliseconds=1))
    try:
        arrival = site_page.open(path, MAIN)
    except TryAgainError:
        return None
    if f"/details/{DETAILS[section]}" not in arrival.path:
        return None
    started, before = monotonic_seconds(), 0
    while True:
        scroll_through(site_page)
        site_page.check_walls()
        read = _read_all(site_page, site_page.language())
        filled = [each for each in read if each["section"] == section and each["items"]]
        longest = max(filled, key=lambda each: len(each["items"]), default=None)
        count = len(longest["items"]) if longest else 0
        is_over = timedelta(seconds=monotonic_seconds() - started) >= _FILLING
        if (longest and count == before) or is_over:
            return longest
        before = count


def _read_all(site_page: SitePage, language: str | None) -> list[SectionRead]:
    words: Mapping[str, list[str]] = {
        section: [fold(text) for text in list_words(section, language)] for section in Section
    }
    read: list[SectionRead] = site_page.page.evaluate(
        READ_SECTIONS, {"keys": dict(KEYS), "anchors": dict(ANCHORS), "words": words}
    )
    return read
