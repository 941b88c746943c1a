"""Find the conversations on a page, wherever they are mounted, and read whose they are.

A conversation may be the page itself, an overlay on it, an overlay in an open shadow root, or in a frame. The
account's owner may have others open. So every one is read, and the right one is chosen by the person's id.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import ElementHandle, Frame, JSHandle, Locator

from worker.browser.linkedin.marks import messaging as marks
from worker.browser.linkedin.messaging.pane_script import READ_CONVERSATIONS
from worker.browser.linkedin.site_page import SitePage

_PLAIN: Final = "(read) => ({...read, panes: read.panes.map(({composer, send, whole, ...rest}) => rest)})"

_CSS: Final = {
    "composer": marks.join_selectors(marks.COMPOSER),
    "send": [form.selector for form in marks.SEND.forms],
    "toggle": marks.join_selectors(marks.SEND_TOGGLE),
    "message": marks.join_selectors(marks.MESSAGE),
    "premium": marks.join_selectors(marks.PREMIUM),
    "pill": marks.PILL,
    "body": marks.BODY,
    "loading": marks.LOADING,
    "overlay": marks.OVERLAY,
    "minimized": marks.MINIMIZED,
    "subject": marks.SUBJECT,
    "field": marks.FIELD,
    "dialog": marks.DIALOG,
    "headings": marks.HEADINGS,
}


@dataclass(frozen=True, slots=True)
class Pane:
    """One open conversation with a composer, as it was read. `place` is page, shadow or frame.

    `heads` are the links of its head, `pills` the number of recipients of a new message. `is_beside`: it
    stands outside the main part that the document has, as a chat without the marks of an overlay does.
    """

    place: str
    url: str
    is_overlay: bool
    is_beside: bool
    heads: tuple[str, ...]
    pills: int
    name: str
    draft: str
    has_send: bool
    can_send: bool
    has_toggle: bool
    has_subject: bool
    fields: tuple[str, ...]
    raw_bubbles: tuple[dict[str, Any], ...]
    is_loading: bool
    frame: Frame
    handle: JSHandle
    index: int

    def element(self, name: str) -> ElementHandle:
        """Return the element `composer`, `send` or `whole` that was read."""
        found = self.handle.evaluate_handle(f"(read, at) => read.panes[at].{name}", self.index).as_element()
        if found is None:
            raise LookupError(name)
        return found


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows at one moment."""

    panes: tuple[Pane, ...]
    has_premium: bool
    headings: tuple[str, ...]
    has_subject: bool
    dialogs: int


def read_view(site: SitePage) -> View:
    """Read all conversations, in the document, its open shadow roots and the frames that are shown."""
    panes: list[Pane] = []
    headings: list[str] = []
    premium = subject = False
    dialogs = 0
    for place, frame in _shown_frames(site):
        handle = frame.evaluate_handle(READ_CONVERSATIONS, _CSS)
        read = handle.evaluate(_PLAIN)
        panes += [
            _make_pane(each, place=place, frame=frame, handle=handle, index=at, url=site.page.url)
            for at, each in enumerate(read["panes"])
        ]
        headings += read["headings"]
        premium, subject = premium or read["premium"], subject or read["hasSubject"]
        dialogs += read["dialogs"]
    return View(tuple(panes), premium, tuple(headings), subject, dialogs)


def list_texts(site: SitePage) -> list[Locator]:
    """Return the parts of the page that hold texts of messages, to be hidden in a picture."""
    return [frame.locator(css) for _, frame in _shown_frames(site) for css in marks.TEXTS]


def _shown_frames(site: SitePage) -> Iterator[tuple[str, Frame]]:
    """Yield the document, and the frames of the site itself that the browser shows.

    A frame that runs the older front end is always there, usually transparent and below the page.
    """
    main = site.page.main_frame
    yield "page", main
    for frame in site.page.frames:
        if frame is main or frame.is_detached() or frame.parent_frame is not main:
            continue
        if "/preload" not in frame.url and "interop" not in (frame.name or ""):
            continue
        if frame.frame_element().evaluate(
            "(each) => each.checkVisibility({visibilityProperty: true, opacityProperty: true})"
        ):
            yield "frame", frame


def _make_pane(
    read: dict[str, Any], *, place: str, frame: Frame, handle: JSHandle, index: int, url: str
) -> Pane:
    return Pane(
        place="shadow" if read["inShadow"] else place,
        url=url,
        is_overlay=read["isOverlay"],
        is_beside=read["isBeside"],
        heads=tuple(read["heads"]),
        pills=read["pills"],
        name=read["label"] or read["name"],
        draft=read["draft"],
        has_send=read["sendCount"] == 1,
        can_send=read["canSend"],
        has_toggle=read["hasToggle"],
        has_subject=read["hasSubject"],
        fields=tuple(read["fields"]),
        raw_bubbles=tuple(read["bubbles"]),
        is_loading=read["isLoading"],
        frame=frame,
        handle=handle,
        index=index,
    )
