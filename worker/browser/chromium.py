"""Which Chromium to start, and with which switches."""

import shutil
from pathlib import Path

_WITHOUT_WINDOWS = "chromium-headless-shell"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

WHAT_TO_DO = (
    "no Chromium was found: run `playwright install chromium`, or install your system's chromium package, "
    "or set RAPPORT_CHROMIUM to the path of one"
)


def find_chromium(*, headless: bool = True) -> Path | None:
    """The system's Chromium or Chrome on the PATH, for where Playwright's own is not installed.

    Headless, the one that can't show windows comes first: it does the same with less of the processor.
    """
    found = (shutil.which(name) for name in ((_WITHOUT_WINDOWS, *_NAMES) if headless else _NAMES))
    return next((Path(path) for path in found if path), None)


def switches(*, load_media: bool) -> list[str]:
    """Chromium's command line, beyond what Playwright gives it."""
    chosen = []
    if not load_media:
        # By the engine: a route that asks Python about each request would hold a page up whenever
        # Python is busy with the database. It also finds images whose address has no extension.
        chosen.append("--blink-settings=imagesEnabled=false")
    return chosen
