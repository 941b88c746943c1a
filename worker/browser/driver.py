"""Playwright's driver, the Node.js process that Chromium is a child of, without our secrets."""

from collections.abc import Mapping
from typing import Final

from playwright._impl import transport
from playwright.sync_api import Playwright, sync_playwright

_ITS_OWN: Final = ("PW_LANG_NAME", "PW_LANG_NAME_VERSION", "PW_CLI_DISPLAY_VERSION")
"""What Playwright adds for its driver."""


def start_driver(environment: Mapping[str, str]) -> Playwright:
    """Start a driver that sees this environment alone, and Chromium after it.

    Playwright has no setting for that and copies all of ours, by a function that is replaced meanwhile. (To
    change os.environ for a moment would be seen by other threads, also by those in C.)
    """
    functions = vars(transport)
    copied = functions["get_driver_env"]

    def chosen() -> dict[str, str]:
        return {**environment, **{name: value for name, value in copied().items() if name in _ITS_OWN}}

    functions["get_driver_env"] = chosen
    try:
        return sync_playwright().start()
    finally:
        functions["get_driver_env"] = copied
