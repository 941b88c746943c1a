"""Start Playwright's driver, the Node.js parent process of Chromium, without Rapport's secrets."""

import subprocess
from collections.abc import Mapping
from functools import cache
from typing import Final

from playwright._impl import transport
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Playwright, sync_playwright

from worker.errors import ConfigurationError

_DRIVER_VARIABLES: Final = ("PW_LANG_NAME", "PW_LANG_NAME_VERSION", "PW_CLI_DISPLAY_VERSION")
"""The variables that Playwright adds for its driver."""
_NODE_OPTIONS: Final = "--max-semi-space-size=1"
"""In MB, for short-lived objects: with Node's default, 30 MB more of them wait to be collected."""


def start_driver(environment: Mapping[str, str]) -> Playwright:
    """Start a driver that has only this environment, which Chromium inherits.

    Playwright has no option for this and copies the whole environment, so the function that does it is
    replaced meanwhile. Changing os.environ for a moment would affect other threads, also in C libraries.
    Raises ConfigurationError if the driver can't run on this machine.
    """
    _check_driver()
    functions = vars(transport)
    copied = functions["get_driver_env"]

    def chosen() -> dict[str, str]:
        return {
            **environment,
            "NODE_OPTIONS": _NODE_OPTIONS,
            **{name: value for name, value in copied().items() if name in _DRIVER_VARIABLES},
        }

    functions["get_driver_env"] = chosen
    try:
        return sync_playwright().start()
    finally:
        functions["get_driver_env"] = copied


@cache
def _check_driver() -> None:
    """Raise ConfigurationError if Node.js lacks a library. Playwright only says that a connection closed."""
    node, _ = compute_driver_executable()
    done = subprocess.run([node, "--version"], env={}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = done.stderr.strip().rpartition("error while ")[2]
        raise ConfigurationError(
            f"Playwright's driver does not run: {reason or 'no reason given'}; "
            "on Debian and Ubuntu: apt install libatomic1"
        )
