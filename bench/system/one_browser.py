"""Greet people in one process, in a warm browser or with a browser for each greeting: a child of a bench.

Reads the job as JSON from its first line of input. Prints a line when it begins, and one when it has ended.
"""

import json
import sys
import time
from typing import Any

from bench.browsers.greeting import greet
from bench.system.practice_network import TIMEOUT
from worker.browser.chromium import find_chromium
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite


def greet_all(job: dict[str, Any]) -> None:
    """Greet everybody of the job, the accounts in turn."""
    states = job["states"]
    with BrowserPool(chromium=find_chromium(), timeout=TIMEOUT) as pool:
        for number, slug in enumerate(job["people"]):
            account = number % len(states)
            page = pool.page_for(account, states[account])
            greet(SandboxSite(page, job["site"], TIMEOUT), job["text"], f"/in/{slug}/")
            if job["per_task"]:
                pool.close()


def main() -> None:
    """Do the job, and print how many seconds it took."""
    job = json.loads(sys.stdin.readline())
    print("begun", flush=True)
    began = time.perf_counter()
    greet_all(job)
    print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
