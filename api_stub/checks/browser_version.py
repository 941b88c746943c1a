"""Check of the browser's version against the one that Playwright is made for."""

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from api_stub.checks.finding import Finding

_MOST_APART: Final = 6
"""Major versions between the browser and Playwright's own from which on it is a warning. Chromium makes one
every four weeks, so these are half a year; Debian's stable one is two or three behind Playwright's."""


def judge_browser(found: str, expected: int | None) -> Finding:
    """Name the browser's version, and Playwright's. `found` is what the browser says of itself."""
    number = re.search(r"(\d+)\.\d", found)
    if number is None or expected is None:
        return Finding("browser", True, found)
    detail = f"{found}; Playwright is made for {expected}"
    apart = int(number[1]) - expected
    if abs(apart) <= _MOST_APART:
        return Finding("browser", True, detail)
    which = "the browser" if apart < 0 else "Rapport, for a newer Playwright"
    return Finding("browser", True, detail, f"update {which}: they are half a year apart", is_warning=True)


def read_expected_version() -> int | None:
    """Return the major version of the Chromium that Playwright would install, or None if it doesn't say."""
    spec = find_spec("playwright")
    if spec is None or spec.origin is None:
        return None
    try:
        listed = json.loads((Path(spec.origin).parent / "driver/package/browsers.json").read_text())
        versions = {
            each["name"]: each["browserVersion"] for each in listed["browsers"] if "browserVersion" in each
        }
        return int(versions["chromium"].partition(".")[0])
    except (OSError, ValueError, KeyError):
        return None
