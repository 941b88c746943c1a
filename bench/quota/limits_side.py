"""The `limits` library for bench/quota/quota.py, in an environment of its own: it needs redis < 8.

Started as `python limits_side.py URL STRATEGY`. Reads lines from standard input and answers each with a line
of JSON: `SLICE N` (test and hit, as the library documents it, for a limit of a day and one of a week) or
`RACE N LIMIT`.
"""

import json
import sys
import time
from typing import Any

from limits import RateLimitItemPerDay
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

STRATEGIES = {"fixed": FixedWindowRateLimiter, "moving": MovingWindowRateLimiter}


def ask(limiter: Any, windows: list[Any], name: str) -> bool:  # noqa: ANN401 -- the library's own types
    """Test each window, and hit all of them only if each allows it."""
    if not all(limiter.test(window, name) for window in windows):
        return False
    for window in windows:
        limiter.hit(window, name)
    return True


def main() -> None:
    url, strategy = sys.argv[1:]
    limiter = STRATEGIES[strategy](RedisStorage(url))
    plenty = [RateLimitItemPerDay(10_000_000), RateLimitItemPerDay(10_000_000, 7)]
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        verb, *numbers = line.split()
        began = time.perf_counter()
        if verb == "SLICE":
            granted = sum(ask(limiter, plenty, "slice") for _ in range(int(numbers[0])))
        else:
            windows = [RateLimitItemPerDay(int(numbers[1])), RateLimitItemPerDay(int(numbers[1]), 7)]
            granted = sum(ask(limiter, windows, "race") for _ in range(int(numbers[0])))
        print(json.dumps({"granted": granted, "seconds": time.perf_counter() - began}), flush=True)


main()
