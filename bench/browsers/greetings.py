"""A greeting in a warm browser, against the same clicks as a bare Playwright script, in turn.

The bare script opens the profile and the conversation, types, sends and waits for the bubble. Ours also reads
who it is with, before typing and before the click, looks what was written before, and takes proof. Measured
too: what a greeting loads and waits for, step by step; a start of the browser; and a new page for an account.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from playwright.sync_api import Page, Response

from bench.browsers.greeting import Greeting, greet
from bench.command import Given, run_bench
from bench.report import Row
from bench.system.practice_network import ACCOUNT, TIMEOUT, open_browser
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in


@dataclass
class Loaded:
    """Responses and bytes that the page received."""

    page: Page
    responses: list[Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("response", lambda response: self.responses.append(response))  # noqa: PLW0108 -- it marks it

    def take(self) -> tuple[int, int]:
        """Return how many responses came since the last call, and their bytes."""
        count, size = (
            len(self.responses),
            sum(each.request.sizes()["responseBodySize"] for each in self.responses),
        )
        self.responses.clear()
        return count, size


def greet_bare(page: Page, base_url: str, path: str, text: str) -> None:
    """Do the clicks of a greeting and wait for its bubble, with no check."""
    page.goto(f"{base_url}{path}", wait_until="domcontentloaded")
    page.locator("main button[data-converse]").click()
    composer = page.locator("[role=textbox][contenteditable=true]")
    composer.click()
    page.keyboard.insert_text(text)
    page.locator("form button[type=submit]").click()
    page.locator("article[data-outgoing], [role=article]").filter(has_text=text).wait_for()


def measure(page: Page, base_url: str, paths: Sequence[str], rounds: int) -> Iterator[Row]:
    """Yield the times of both ways, to each person in turn, and what each loads."""
    site, loaded = SandboxSite(page, base_url, TIMEOUT), Loaded(page)
    ways: dict[str, Callable[[str, str], None]] = {
        "the same clicks, bare": lambda path, text: greet_bare(page, base_url, path, text),
        "a greeting": lambda path, text: greet(site, text, path),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    weight: dict[str, list[tuple[int, int]]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, act in ways.items():
            loaded.take()
            began = time.perf_counter()
            act(paths[number % len(paths)], f"Happy birthday, number {number} {name}")
            took[name].append(time.perf_counter() - began)
            weight[name].append(loaded.take())
    bare, ours = took.values()
    for name, times in took.items():
        requests, size = (statistics.median(each) for each in zip(*weight[name], strict=True))
        yield Row(
            name,
            f"p50 {_ms(statistics.median(times))}, p90 {_ms(sorted(times)[int(len(times) * 0.9)])}; "
            f"{requests:.0f} requests, {size / 1000:.1f} kB",
            "bare",
            f"{statistics.median(times) / statistics.median(bare):.2f}",
            "<= 1.10" if times is ours else "",
        )


def measure_steps(page: Page, base_url: str, paths: Sequence[str]) -> Iterator[Row]:
    """Yield a row for each step of a greeting: its time, and what the page loads meanwhile."""
    site, loaded = SandboxSite(page, base_url, TIMEOUT), Loaded(page)
    took: dict[str, list[float]] = {}
    weight: dict[str, list[Response]] = {}
    for number, path in enumerate(paths):
        for name, step in Greeting(site, f"Happy birthday again, number {number}", path).list_steps():
            began = time.perf_counter()
            step()
            took.setdefault(name, []).append(time.perf_counter() - began)
            weight.setdefault(name, []).extend(loaded.responses)
            loaded.responses.clear()
    for name, times in took.items():
        requests = len(weight[name]) / len(times)
        size = sum(each.request.sizes()["responseBodySize"] for each in weight[name]) / len(times)
        measured = f"p50 {_ms(statistics.median(times))}; {requests:.0f} requests, {size / 1000:.1f} kB"
        yield Row(f"{name}", measured, "", "", "")


def measure_pages(pool: BrowserPool, times: int) -> Row:
    """Measure how long an account waits for a page whose own was closed, in a context that stayed."""
    took = []
    for _ in range(times):
        for account in (ACCOUNT + 1, ACCOUNT + 2, ACCOUNT + 3):
            began = time.perf_counter()
            pool.page_for(account, None)
            took.append(time.perf_counter() - began)
    return Row("a new page in a warm browser", f"p50 {_ms(statistics.median(took))}", "", "", "")


def measure_start(pool: BrowserPool, times: int) -> Row:
    """Measure the start of a browser with its first page."""
    took = []
    for _ in range(times):
        pool.close()
        began = time.perf_counter()
        pool.page_for(ACCOUNT, None)
        took.append(time.perf_counter() - began)
    return Row("a browser's start, to its first page", f"p50 {_ms(statistics.median(took))}", "", "", "")


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


def build_rows(given: Given) -> Iterator[Row]:
    """Measure the start of a browser, then sign in and greet."""
    with open_browser(given.folder) as (client, pool):
        start = measure_start(pool, given.pick(quick=1, usual=5))
        page = pool.page_for(ACCOUNT, None)
        sign_in(page, client.base_url, "demo", "demo-password")
        paths = [f"/in/{person.slug}/" for person in client.people()]
        yield from measure(page, client.base_url, paths, given.pick(quick=2, usual=40))
        yield from measure_steps(page, client.base_url, given.pick(quick=paths[:2], usual=paths))
        yield from (start, measure_pages(pool, given.pick(quick=1, usual=10)))


if __name__ == "__main__":
    run_bench(__doc__, build_rows)
