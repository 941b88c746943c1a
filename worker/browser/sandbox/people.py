"""The practice network's pages of people: searches and profiles.

Playwright's errors are raised as they are; the adapter translates them.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date

from playwright.sync_api import Locator, Page

from worker.browser.sandbox import dates, people_selectors
from worker.browser.sandbox.pages import dismiss_popup, normalise, read_member, unexpected
from worker.browser.sandbox.selectors import main, next_page
from worker.rules.model import FoundPerson, ResultPage
from worker.rules.sourcing.profile import Education, Position, Profile, Section

_MAX_SCREENS = 60
_DEGREE = re.compile(r"\b([123])(?:st|nd|rd|er|e)\b")

Facts = Mapping[str, str | None]


def read_results(page: Page) -> ResultPage:
    """Read a page of search results. One unreadable result fails the page: nobody is left out silently."""
    people_selectors.people_heading(page).wait_for()
    dismiss_popup(page)
    read = main(page).evaluate(people_selectors.READ_RESULTS, people_selectors.RESULT)
    if not read:
        people_selectors.no_results(page).wait_for()
    people = tuple(_to_person(facts) for facts in read)
    return ResultPage(people, next_page(page).count() > 0)


def read_profile(page: Page, address: str, sections: Collection[Section]) -> Profile:
    """Scroll through the profile of the person with this normalised address; read the head and `sections`.

    Folded sections are unfolded if they are read. Raises TryAgainError if the page is another person's.
    """
    people_selectors.profile_name(page).wait_for()
    dismiss_popup(page)
    _scroll_through(page)
    head = main(page).evaluate(people_selectors.READ_HEAD, people_selectors.HEAD)
    person = _to_person(head)
    if address not in {person.profile_url, read_member(main(page))}:
        raise unexpected("the profile that opened is somebody else's")
    profile = Profile(
        person.profile_url, person.full_name, person.headline, person.location, person.degree,
        person.open_to_work,
    )  # fmt: skip
    parts = people_selectors.parts(page)
    shown_sections = {
        people_selectors.HEADINGS[heading]: parts.nth(index)
        for index, heading in enumerate(parts.evaluate_all(people_selectors.READ_HEADINGS))
        if heading in people_selectors.HEADINGS
    }
    for section in Section:
        if section in sections:
            profile = _with_section(profile, section, shown_sections.get(section))
    return profile


def _scroll_through(page: Page) -> None:
    """Scroll to the end, most of a screen at a time, up to a limit for pages without an end."""
    for _ in range(_MAX_SCREENS):
        if not page.evaluate(people_selectors.SCROLL_ON):
            return


def _with_section(profile: Profile, section: Section, part: Locator | None) -> Profile:
    """Return the profile with one more section. Pages don't show empty sections."""
    if section is Section.ABOUT:
        return replace(profile, about=_text(part) if part else "")
    entries = _entries(part, section) if part else []
    match section:
        case Section.POSITIONS:
            return replace(profile, positions=tuple(_position(entry) for entry in entries))
        case Section.EDUCATION:
            return replace(profile, education=tuple(_education(entry) for entry in entries))
        case Section.SKILLS:
            return replace(profile, skills=_names(entries))
        case Section.LANGUAGES:
            return replace(profile, languages=_names(entries))
        case Section.CERTIFICATIONS:
            return replace(profile, certifications=_names(entries))


def _text(part: Locator) -> str:
    _unfold(part)
    text: str = part.evaluate(people_selectors.READ_TEXT)
    if not text:
        raise unexpected("a section of a profile has a heading and no text")
    return text


def _entries(part: Locator, section: Section) -> list[Facts]:
    _unfold(part)
    entries: list[Facts] = part.evaluate(people_selectors.READ_ENTRIES, people_selectors.ENTRIES[section])
    if not entries:
        raise unexpected("a section of a profile has a heading and no entries")
    return entries


def _unfold(part: Locator) -> None:
    """Unfold the section if it is folded, and wait until its button disappears: then all is shown."""
    button = people_selectors.unfold(part)
    if button.count():
        button.click()
        button.wait_for(state="detached")


def _to_person(facts: Facts) -> FoundPerson:
    degree = _DEGREE.search(facts["degree"] or "")
    return FoundPerson(
        profile_url=normalise(facts["address"] or ""),
        full_name=_required(facts["name"], "a person has no name"),
        headline=_required(facts["headline"], "a person has no headline"),
        location=facts["location"] or "",
        degree=int(degree[1]) if degree else None,
        open_to_work=facts["status"] in people_selectors.OPEN_TO_WORK,
    )


def _position(facts: Facts) -> Position:
    company = _required(facts["company"], "a position has no company")
    title = facts["title"] or _title_before(company, facts["line"] or "")
    started, ended = _dates(facts["dates"])
    return Position(_required(title, "a position has no title"), company, started, ended)


def _title_before(company: str, line: str) -> str | None:
    """Return the title of 'title at company'. Both may contain another 'at'."""
    found = re.fullmatch(rf"(.+) (?:at|chez) {re.escape(company)}", line)
    return found[1] if found else None


def _dates(line: str | None) -> tuple[date | None, date | None]:
    if not line:
        return None, None
    try:
        return dates.parse_span(line)
    except ValueError:
        raise unexpected("the dates of a position have an unknown form") from None


def _education(facts: Facts) -> Education:
    school = _required(facts["school"], "an entry of the education has no school")
    try:
        started, ended = dates.parse_years(facts["dates"] or "")
    except ValueError:
        raise unexpected("the years of an education have an unknown form") from None
    return Education(school, facts["degree"] or "", started, ended)


def _names(entries: list[Facts]) -> tuple[str, ...]:
    return tuple(_required(entry["name"], "an entry of a profile has no name") for entry in entries)


def _required(text: str | None, missing: str) -> str:
    if not text:
        raise unexpected(missing)
    return text
