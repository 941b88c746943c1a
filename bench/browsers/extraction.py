"""Reading searches and profiles of the practice network with a real Chromium, compared with its own data.

`./run bench extraction` prints the share of fields that were read correctly, and the speed. Each profile
is read in one of the mark-ups and languages, in turn. `--quick` only shows that it works.
"""

import argparse
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page
from rich.console import Console  # noqa: TID251 -- prints only its own figures
from rich.progress import track

from api_stub.sandbox.client import KnownProfile, SandboxClient
from api_stub.sandbox.faults import MARKUPS, FaultName
from api_stub.sandbox.population.crowd import CROWD_SIZE
from api_stub.sandbox.population.profiles import fold_text
from api_stub.stack.servers.ports import find_free_port
from bench.browsers.expected import compare_fields, expected_address, expected_profile, expected_result
from bench.report import Row, print_rows
from worker.browser.chromium import find_chromium
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.rules.model import FoundPerson
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.search import SearchQuery

MEMBERS = {"demo": "English", "demo2": "French"}
TIMEOUT = timedelta(seconds=15)
VARIANTS = [(markup, member) for markup in MARKUPS for member in MEMBERS]
NOTES = Console(stderr=True)
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


@contextmanager
def run_practice_network(folder: Path) -> Iterator[SandboxClient]:
    """Start a practice network; stop it on exit."""
    port = find_free_port()
    given = ["--port", str(port), "--state", str(folder / "state.db")]
    command = [sys.executable, "-m", "api_stub.sandbox", *given]
    key = secrets.token_hex()
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(f"{key}\n")
        process.stdin.close()
        client = SandboxClient(f"http://127.0.0.1:{port}", key)
        try:
            while not client.is_healthy():
                if process.poll() is not None:
                    sys.exit("the practice network did not start")
                time.sleep(0.05)
            yield client
        finally:
            process.terminate()


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


def measure_scores(client: SandboxClient, browser_pool: BrowserPool, people: int) -> list[Score]:
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
        for place in track(places[index :: len(VARIANTS)], f"searches, {variant}", console=NOTES):
            found += readers[member].read_search(place, searches)
        profiles.append(score := Score(f"profiles, {variant}"))
        for address in track(wanted[index :: len(VARIANTS)], score.what, console=NOTES):
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--people", type=int, default=EVERYBODY, help=f"how many profiles to read (all: {EVERYBODY})"
    )
    parser.add_argument("--quick", action="store_true", help="a few people: shows that it works, no figures")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/performance.md")
    given = parser.parse_args()
    if not len(VARIANTS) <= given.people <= EVERYBODY:
        parser.error(f"--people must be {len(VARIANTS)} to {EVERYBODY}")
    with (
        tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder,
        run_practice_network(Path(folder)) as client,
        BrowserPool(chromium=find_chromium(), timeout=TIMEOUT) as browser_pool,
    ):
        scores = measure_scores(client, browser_pool, 2 * len(VARIANTS) if given.quick else given.people)
    for where, read, true in [miss for one in (scores[0], scores[-1]) for miss in one.misses][:20]:
        print(f"{where}: read {read!r}, true is {true!r}", file=sys.stderr)
    rows = [score.row() for score in scores]
    print_rows(Console(), rows, title="python -m bench.browsers.extraction", markdown=given.markdown)


if __name__ == "__main__":
    main()
