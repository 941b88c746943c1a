"""Reading searches and profiles of the practice network with a real Chromium, compared with its own data.

`./run bench extraction` prints the share of fields that were read correctly, and the speed. Each profile
is read in one of the mark-ups and languages, in turn. `--quick` only shows that it works.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page

from api_stub.sandbox.client import KnownProfile, SandboxClient
from api_stub.sandbox.faults import MARKUPS, FaultName
from api_stub.sandbox.population.crowd import CROWD_SIZE
from api_stub.sandbox.population.profiles import fold_text
from bench.browsers.expected import compare_fields, expected_address, expected_profile, expected_result
from bench.command import Given, run_bench
from bench.report import Row
from bench.system.practice_network import TIMEOUT, open_browser
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.rules.model import FoundPerson
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.search import SearchQuery

MEMBERS = {"demo": "English", "demo2": "French"}
VARIANTS = [(markup, member) for markup in MARKUPS for member in MEMBERS]
EVERYBODY = CROWD_SIZE + 40


@dataclass(slots=True)
class Score:
    """The result of one sort of pages. `bare_seconds` is the time for only opening as many pages."""

    what: str
    fields: int = 0
    misses: list[tuple[str, object, object]] = field(default_factory=list)
    pages: int = 0
    people: int = 0
    seconds: float = 0
    bare_seconds: float = 0

    def add(self, read: Profile | FoundPerson, true: Profile | FoundPerson) -> None:
        """Compare and count the fields of one person."""
        outcome = compare_fields(read, true)
        self.people += 1
        self.fields += outcome.count
        self.misses += outcome.misses

    def row(self) -> Row:
        """Return a row of the table."""
        share = 100 * (self.fields - len(self.misses)) / self.fields
        measured = (
            f"{share:.3f} % of {self.fields:,} fields, {self.people:,} people on {self.pages:,} pages, "
            f"{self.people / self.seconds:.1f} people/s"
        )
        against, ratio = "", ""
        if self.bare_seconds:
            against, ratio = "opening the page", f"{self.seconds / self.bare_seconds:.1f}"
        return Row(self.what, measured, against, ratio, ">= 99 %")


class Reader:
    """One signed-in member, and the network's own data."""

    def __init__(
        self, page: Page, client: SandboxClient, member: str, known: dict[str, KnownProfile]
    ) -> None:
        self._page, self._member, self._known = page, member, known
        self._base_url = client.base_url
        sign_in(page, client.base_url, member, "demo-password")
        self._site = SandboxSite(page, client.base_url, TIMEOUT)

    def read_search(self, location: str, score: Score) -> Iterator[str]:
        """Read every page of a search; yield the addresses found."""
        number, has_next = 1, True
        while has_next:
            began = time.perf_counter()
            result = self._site.search(SearchQuery((("location", location),)), number)
            score.seconds += time.perf_counter() - began
            score.pages += 1
            for person in result.people:
                score.add(person, expected_result(self._known[person.profile_url], self._member))
                yield person.profile_url
            number, has_next = number + 1, result.has_next

    def read_profile(self, address: str, score: Score) -> None:
        """Open a profile once without reading it, then open it and read all sections."""
        began = time.perf_counter()
        self._page.goto(self._base_url + urlsplit(address).path, wait_until="domcontentloaded")
        opened = time.perf_counter()
        read = self._site.read_profile(address, list(Section))
        score.seconds += time.perf_counter() - opened
        score.bare_seconds += opened - began
        score.pages += 1
        score.add(read, expected_profile(self._known[address], self._member))


def measure_scores(
    client: SandboxClient, browser_pool: BrowserPool, people: int, say: Callable[[str], object]
) -> list[Score]:
    """Read searches and profiles for as many people, each in one mark-up and language, in turn."""
    known = {expected_address(one): one for one in client.list_profiles()}
    readers = {
        member: Reader(browser_pool.page_for(number, None), client, member, known)
        for number, member in enumerate(MEMBERS)
    }
    wanted = list(known)[:people]
    living = Counter(fold_text(one.profile.location) for one in known.values() if one.profile.location)
    fewest_first = sorted(living, key=lambda place: (living[place], place))
    places = fewest_first[: max(len(VARIANTS), len(living) * people // len(known))]
    searches, profiles, found = Score("people found"), [], list[str]()
    for index, (markup, member) in enumerate(VARIANTS):
        client.fault(FaultName.MARKUP, markup)
        variant = f"mark-up {markup}, {MEMBERS[member]}"
        say(f"searches, {variant}")
        for place in places[index :: len(VARIANTS)]:
            found += readers[member].read_search(place, searches)
        profiles.append(score := Score(f"profiles, {variant}"))
        say(score.what)
        for address in wanted[index :: len(VARIANTS)]:
            readers[member].read_profile(address, score)
    expected = {address for address, one in known.items() if fold_text(one.profile.location) in places}
    if sorted(found) != sorted(expected):
        print(f"found {len(found)}, expected {len(expected)} people, each once", file=sys.stderr)
    return [searches, *profiles, sum_scores(profiles)]


def sum_scores(scores: list[Score]) -> Score:
    """Return the sum of all scores."""
    return Score(
        "all profiles",
        sum(one.fields for one in scores),
        [miss for one in scores for miss in one.misses],
        sum(one.pages for one in scores),
        sum(one.people for one in scores),
        sum(one.seconds for one in scores),
        sum(one.bare_seconds for one in scores),
    )


def measure(given: Given) -> Iterator[Row]:
    """Read, and name the first fields that were misread."""
    people = given.pick(quick=2 * len(VARIANTS), usual=given.options.people)
    with open_browser(given.folder) as (client, pool):
        scores = measure_scores(client, pool, people, given.say)
    for where, read, true in [miss for one in (scores[0], scores[-1]) for miss in one.misses][:20]:
        print(f"{where}: read {read!r}, true is {true!r}", file=sys.stderr)
    return (score.row() for score in scores)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this bench can be told."""
    numbers = range(len(VARIANTS), EVERYBODY + 1)
    parser.add_argument(
        "--people",
        type=int,
        default=120,
        choices=numbers,
        metavar="N",
        help=f"how many profiles to read, {numbers[0]} to {numbers[-1]} (120)",
    )


if __name__ == "__main__":
    run_bench(__doc__, measure, add_options=add_options)
