"""A greeting in a warm browser that is recorded, against one that is not.

`./run bench traces` greets in turn without a recording, with one that is discarded, as after a success,
and with one that is masked, as after a failure. `--quick` only shows that it works.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page
from rich.console import Console  # noqa: TID251 -- prints only its own figures

from bench.browsers.extraction import TIMEOUT, run_practice_network
from bench.browsers.greeting import greet
from bench.report import Row, print_rows
from worker.browser.chromium import find_chromium
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.browser.traces.masking import mask_trace

ACCOUNT = 1
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
        for name, target in zip((first, *others), ("", "1.10", ""), strict=True)
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shows that it works, no figures")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder,
        run_practice_network(Path(folder)) as client,
        BrowserPool(chromium=find_chromium(), timeout=TIMEOUT) as browser_pool,
    ):
        page = browser_pool.page_for(ACCOUNT, None)
        sign_in(page, client.base_url, "demo", "demo-password")
        rows = measure(browser_pool, page, client.base_url, 1 if given.quick else 15)
    print_rows(Console(), rows, title="python -m bench.browsers.traces", markdown=given.markdown)


if __name__ == "__main__":
    main()
