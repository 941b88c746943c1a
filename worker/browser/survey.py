"""Look for every form of a mark anywhere on a page, and read the elements of a page for a sketch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Frame, Locator, Page

from worker.browser.check_report import NOTHING, Capabilities, FormCount, MarkReport, Place
from worker.browser.marks import Mark, Scope
from worker.rules.sites.page_shapes import PageElement

_IN_SHADOW_ROOT: Final = "(element) => element.getRootNode() instanceof ShadowRoot"


@dataclass(frozen=True, slots=True)
class CheckedMark:
    """A mark that a check looks for, and the capabilities that fail without it.

    `within` is the mark of its container: a selector such as `p` means nothing elsewhere.
    """

    mark: Mark
    needed_by: Capabilities = NOTHING
    within: Mark | None = None


def survey_marks(page: Page, marks: Sequence[CheckedMark]) -> tuple[MarkReport, ...]:
    """Return for each mark which of its forms the page has. Uncounted: a check isn't work.

    Raises Playwright's errors.
    """
    frames = [frame for frame in page.frames if not frame.is_detached()]
    return tuple(_survey(page, frames, each) for each in marks)


def _survey(page: Page, frames: Sequence[Frame], checked: CheckedMark) -> MarkReport:
    forms: list[FormCount] = []
    for form in checked.mark.forms:
        for frame in frames:
            counted = [
                _count(scope, form.version, form.selector, in_frame=frame is not page.main_frame)
                for scope in _list_scopes(frame, checked.within)
            ]
            shown, hidden = sum(one.shown for one in counted), sum(one.hidden for one in counted)
            if shown or hidden:
                place = next(one.place for one in counted if one.shown or one.hidden)
                forms.append(FormCount(form.version, shown, hidden, place))
    return MarkReport(checked.mark.name, tuple(forms), checked.needed_by)


def _list_scopes(frame: Frame, within: Mark | None) -> Sequence[Scope]:
    """Return the frame, or the shown containers in it."""
    if within is None:
        return [frame]
    for form in within.forms:
        containers = frame.locator(form.selector).locator("visible=true")
        if containers.count():
            return [containers]
    return []


def _count(scope: Scope, version: str, selector: str, *, in_frame: bool) -> FormCount:
    found = scope.locator(selector)
    total = found.count()
    if total == 0:
        return FormCount(version, 0, 0, Place.PAGE)
    shown = found.locator("visible=true").count()
    return FormCount(version, shown, total - shown, Place.FRAME if in_frame else _place(found))


def _place(found: Locator) -> Place:
    return Place.SHADOW_ROOT if found.first.evaluate(_IN_SHADOW_ROOT) else Place.PAGE


_READ_ELEMENTS: Final = """() => {
  const SKIPPED = "script, style, svg, noscript, template, link, meta, header, nav, footer, code, option";
  const DROPPED = new Set(["style", "srcset", "srcdoc", "sizes", "d", "points", "nonce"]);
  let left = 6000;
  const read = (element) => {
    if (element.matches(SKIPPED) || left-- <= 0) return null;
    const kept = [...element.attributes]
      .filter((one) => !DROPPED.has(one.name) && !one.name.startsWith("on"));
    const isPicture = element.matches("img, picture, source, video, canvas");
    const text = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    const inside = [...element.children].map(read).filter(Boolean);
    const rooted = [...(element.shadowRoot?.children ?? [])].map(read).filter(Boolean)
      .map((one) => ({...one, root: "shadow root"}));
    return {
      tag: element.localName,
      attributes: Object.fromEntries(kept.filter((one) => !isPicture || one.name !== "src")
        .map((one) => [one.name, one.value.slice(0, 2000)])),
      text: text.map((node) => node.data).join(" ").slice(0, 2000),
      shown: getComputedStyle(element).display === "contents"
        || element.checkVisibility({visibilityProperty: true}),
      children: [...inside, ...rooted],
      root: "",
    };
  };
  return document.body && read(document.body);
}"""


def read_elements(page: Page) -> PageElement:
    """Return the elements of the page and its frames, without navigation, scripts and pictures.

    Raises Playwright's errors.
    """
    found = [(frame, frame.evaluate(_READ_ELEMENTS)) for frame in page.frames if not frame.is_detached()]
    main = next((_element(read) for frame, read in found if frame is page.main_frame and read), None)
    framed = (
        _element({**read, "root": Place.FRAME})
        for frame, read in found
        if frame is not page.main_frame and read
    )
    base = main or PageElement("body")
    return PageElement(base.tag, base.attributes, base.text, base.shown, (*base.children, *framed))


def _element(read: dict[str, Any]) -> PageElement:
    return PageElement(
        read["tag"], read["attributes"], read["text"], read["shown"], tuple(map(_element, read["children"])),
        str(read["root"]),
    )  # fmt: skip


def list_selector_words(marks: Sequence[CheckedMark]) -> Iterator[str]:
    """Yield the selectors of the marks, whose words come from our own source."""
    for checked in marks:
        yield from (form.selector for form in checked.mark.forms)
