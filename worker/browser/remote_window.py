"""Show a page to a remote person, and pass their input on to it.

Pictures come from Chromium's screencast. What the person types goes to the page that is shown and nowhere
else: it is never logged, kept or repeated in an error.
"""

import base64
import contextlib
import json
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import CDPSession, Page
from playwright.sync_api import Error as PlaywrightError

from worker.clock import monotonic_seconds
from worker.sign_in.events import Event, Key, Mouse, Start, Text, Wheel, parse_batch
from worker.sign_in.relay import BrowserEnd
from worker.sign_in.sealing import Direction, seal, unseal

_SIZES: Final = ((320, 1280), (480, 900))
"""The least and the most width and height of the window, in CSS pixels."""
_JPEG_QUALITY: Final = 60
_MOST_BATCHES: Final = 20
_KEEP_ALIVE_S: Final = 5.0


class RemoteWindow:
    """The window of one sign-in. `attend` does all the work; call it many times a second."""

    def __init__(self, relay: BrowserEnd, key: bytes) -> None:
        self._relay = relay
        self._key = key
        self._shown: Page | None = None
        self._cast: CDPSession | None = None
        self._picture: dict[str, Any] | None = None
        self._sent = self._received = 0
        self._alive_at = 0.0
        self.was_opened = False

    def attend(self, page: Page) -> None:
        """Apply what the person did, and send the newest picture of `page`. Raises RedisError."""
        if monotonic_seconds() - self._alive_at >= _KEEP_ALIVE_S:
            self._relay.keep_alive()
            self._alive_at = monotonic_seconds()
        for _ in range(_MOST_BATCHES):
            sealed = self._relay.receive()
            if sealed is None:
                break
            self._take(page, sealed)
        with contextlib.suppress(PlaywrightError):  # the person or the site closed the page
            if page is not self._shown:
                self._show(page)
            self._send_picture()

    def tell(self, status: str, *, ended: bool = False) -> None:
        """Show a line of text in the person's page. With `ended`, the page then stops."""
        self._send({"status": status, "ended": ended}, b"")

    def _take(self, page: Page, sealed: bytes) -> None:
        message = unseal(self._key, Direction.TO_BROWSER, sealed)
        batch = parse_batch(message) if message is not None else None
        if batch is None or batch.n <= self._received:
            return  # somebody else's, or sent before
        self._received = batch.n
        for event in batch.events:
            with contextlib.suppress(PlaywrightError):  # the page was closed or replaced meanwhile
                self._apply(page, event)

    def _apply(self, page: Page, event: Event) -> None:
        match event:
            case Start():
                self.was_opened = True
                sizes = zip(_SIZES, (event.width, event.height), strict=True)
                width, height = (min(max(given, least), most) for (least, most), given in sizes)
                page.set_viewport_size({"width": width, "height": height})
                self._show(page)
            case Mouse():
                page.mouse.move(event.x, event.y)
                if event.type == "down":
                    page.mouse.down(click_count=event.clicks)
                elif event.type == "up":
                    page.mouse.up(click_count=event.clicks)
            case Wheel():
                page.mouse.wheel(event.dx, event.dy)
            case Key():
                page.keyboard.press(event.key)
            case Text():
                page.keyboard.type(event.text)

    def _show(self, page: Page) -> None:
        """Start the screencast of this page; its first picture comes at once."""
        self._shown = page
        if self._cast is not None:
            with contextlib.suppress(PlaywrightError):
                self._cast.detach()
        self._picture = None
        self._cast = page.context.new_cdp_session(page)
        self._cast.on("Page.screencastFrame", self._keep_picture)
        self._cast.send("Page.startScreencast", {"format": "jpeg", "quality": _JPEG_QUALITY})

    def _keep_picture(self, picture: dict[str, Any]) -> None:
        self._picture = picture

    def _send_picture(self) -> None:
        picture, self._picture = self._picture, None
        if picture is None or self._cast is None:
            return
        seen = picture["metadata"]
        host = urlsplit(self._shown.url).netloc if self._shown is not None else ""
        head = {"width": seen["deviceWidth"], "height": seen["deviceHeight"], "host": host}
        self._send(head, base64.b64decode(picture["data"]))
        # Chromium takes the next picture after this.
        self._cast.send("Page.screencastFrameAck", {"sessionId": picture["sessionId"]})

    def _send(self, head: dict[str, Any], picture: bytes) -> None:
        self._sent += 1
        message = json.dumps({"n": self._sent, **head}).encode() + b"\n" + picture
        self._relay.send(seal(self._key, Direction.TO_PAGE, message))
