"""A greeting in a warm browser that is recorded, against one that is not.

`./run bench traces` greets in turn without a recording, with one that is discarded, as after a success,
and with one that is masked, as after a failure. `--quick` only shows that it works.
"""

import statistics
import time
from collections.abc import Callable

from playwright.sync_api import Page

from bench.browsers.greeting import greet
from bench.command import Given, run_bench
from bench.report import Row
from bench.system.practice_network import ACCOUNT, TIMEOUT, open_browser
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.browser.traces.masking import mask_trace

PERSON = "/in/kim-minji/"


def measure(browser_pool: BrowserPool, page: Page, base_url: str, times: int) -> list[Row]:
    """Greet in turn in each way, so that a machine that slows down slows all of them."""

    def discard() -> None:
        browser_pool.discard_recording()

    def mask() -> None:
        recording = browser_pool.save_recording()
        assert recording is not None
        mask_trace(recording.path, most_bytes=5_000_000)

    ways: dict[str, Callable[[], None] | None] = {
        "a greeting, not recorded": None,
        "recorded, discarded": discard,
        "recorded, masked": mask,
    }
    site = SandboxSite(page, base_url, TIMEOUT)
    took: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(times):
        for name, end in ways.items():
            began = time.perf_counter()
            if end is not None:
                browser_pool.record(ACCOUNT)
            greet(site, f"Happy birthday {number}, {name}", PERSON)
            if end is not None:
                end()
            took[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(each) for name, each in took.items()}
    first, *others = medians
    return [
        Row(name, f"{1000 * medians[name]:.0f} ms", first, f"{medians[name] / medians[first]:.2f}", target)
        for name, target in zip((first, *others), ("", "<= 1.10", ""), strict=True)
    ]


def build_rows(given: Given) -> list[Row]:
    """Sign in, and measure."""
    with open_browser(given.folder) as (client, pool):
        page = pool.page_for(ACCOUNT, None)
        sign_in(page, client.base_url, "demo", "demo-password")
        return measure(pool, page, client.base_url, given.pick(quick=1, usual=15))


if __name__ == "__main__":
    run_bench(__doc__, build_rows)
