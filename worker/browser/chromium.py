"""Which Chromium to start, with which switches, and whether it can have its own sandbox here."""

import os
import re
import shutil
from pathlib import Path
from typing import Final

_WITHOUT_WINDOWS = "chromium-headless-shell"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

INSTALL_HINT = (
    "no Chromium was found: run `playwright install chromium`, or install your system's chromium package, "
    "or set RAPPORT_CHROMIUM to the path of one"
)

_AS_ROOT: Final = "Chromium has no sandbox for root: start Rapport as an ordinary user"
NAMESPACES_FORBIDDEN: Final = (
    "this system lets an ordinary user make no user namespace, which the sandbox needs: in a container, use "
    "ops/seccomp.json; else see the sysctls kernel.apparmor_restrict_unprivileged_userns (0 allows them), "
    "kernel.unprivileged_userns_clone (1) and user.max_user_namespaces (above 0)"
)

_ABOUT_THE_SANDBOX: Final = re.compile(
    # Playwright's summary of what Chromium says most often, else Chromium's own lines.
    r"sandboxing failed|\[err\].*(sandbox|zygote|namespace)",
    re.IGNORECASE,
)


def find_chromium(*, headless: bool = True) -> Path | None:
    """The system's Chromium or Chrome on the PATH, for where Playwright's own is not installed.

    Headless, the one that can't show windows comes first: it does the same with less of the processor.
    """
    found = (shutil.which(name) for name in ((_WITHOUT_WINDOWS, *_NAMES) if headless else _NAMES))
    return next((Path(path) for path in found if path), None)


def launch_switches(*, load_media: bool) -> list[str]:
    """Chromium's command line, beyond what Playwright gives it."""
    chosen = []
    if not load_media:
        # By the engine: a route that asks Python about each request would hold a page up whenever
        # Python is busy with the database. It also finds images whose address has no extension.
        chosen.append("--blink-settings=imagesEnabled=false")
    return chosen


def find_sandbox_obstacle() -> str | None:
    """Why Chromium would refuse to start with its sandbox, as far as is known without trying, or None."""
    return _AS_ROOT if os.geteuid() == 0 else None


def is_sandbox_error(launch_error: str) -> bool:
    """Whether Chromium ended at its start because it can't have its sandbox."""
    return _ABOUT_THE_SANDBOX.search(launch_error) is not None
