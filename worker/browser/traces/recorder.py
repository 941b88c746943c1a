"""Record one browser context at a time, and leave nothing of it in the browser's folder."""

import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext
from playwright.sync_api import Error as PlaywrightError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as Playwright wrote it: nothing in it is masked. `cookies` are values it may hold."""

    path: Path
    cookies: frozenset[str]


class Recorder:
    """Records into `folder`, the browser's `traces_dir`; the folder around it is private."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._context: BrowserContext | None = None
        self._emptied: set[str] = set()

    def start(self, context: BrowserContext) -> None:
        """Start to record this context, unless it is recorded already; the one before is discarded.

        Documents and requests are recorded, but no pictures: a picture for each frame makes a greeting a
        third slower, and could not be masked.
        """
        if self._context is context:
            return
        self.discard()
        try:
            context.tracing.start(snapshots=True, screenshots=False, sources=False)
        except PlaywrightError:
            log.warning("recording_not_started")
            return
        self._context = context

    def save(self) -> Recording | None:
        """Stop, and return what was recorded since the start; None if nothing was. Delete it after use."""
        context, self._context = self._context, None
        if context is None:
            return None
        path = self.folder.with_name("recording.zip")
        try:
            cookies = frozenset(cookie.get("value", "") for cookie in context.cookies())
            context.tracing.stop(path=path)
        except PlaywrightError:
            log.warning("recording_lost")
            return None
        finally:
            self._empty_folder()
        return Recording(path, cookies)

    def discard(self) -> None:
        """Stop, and delete what was recorded."""
        context, self._context = self._context, None
        if context is not None:
            with contextlib.suppress(PlaywrightError):  # the context of a dead browser records nothing
                context.tracing.stop()
            self._empty_folder()

    def _empty_folder(self) -> None:
        """Delete the files of recordings, and empty those with contents of pages, except for style sheets.

        The names of the latter must stay: a context writes each content once in its life, and puts it in
        every recording that refers to it.
        """
        for made in self.folder.glob("*.*"):
            made.unlink(missing_ok=True)
        for content in (self.folder / "resources").glob("*"):
            if content.name not in self._emptied and content.suffix != ".css":
                content.write_bytes(b"")
                self._emptied.add(content.name)
