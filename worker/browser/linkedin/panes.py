"""Find the conversations on a page, wherever they are mounted, and read whose they are.

A conversation may be the page itself, an overlay on it, an overlay in an open shadow root, or in a frame. The
account's owner may have others open. So every one is read, and the right one is chosen by the person's id.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import ElementHandle, Frame, JSHandle, Locator

from worker.browser.linkedin.marks import messaging as marks
from worker.browser.linkedin.site_page import SitePage

_READ: Final = r"""(css) => {
  const roots = [document];
  for (let at = 0; at < roots.length; at++)
    for (const each of roots[at].querySelectorAll("*")) if (each.shadowRoot) roots.push(each.shadowRoot);
  const isShown = (each) => each.checkVisibility({visibilityProperty: true});
  const shown = (inside, selector) => [...inside.querySelectorAll(selector)].filter(isShown);
  const everywhere = (selector) => roots.flatMap((root) => shown(root, selector));
  const HEADING = "h1, h2, h3, h4, [role=heading]";
  const LIST = "li, ul, ol, [role=list], [role=listitem], [role=log], [data-event-urn]";
  const textOf = (node) => [...node.childNodes].map((each) =>
    each.nodeType === Node.TEXT_NODE ? each.data :
    each.nodeType !== Node.ELEMENT_NODE ? "" : each.tagName === "BR" ? "\n" : textOf(each)).join("");
  const draftOf = (composer) => {
    const lines = [""];
    let isOpen = true;  // whether text continues the last line
    for (const each of composer.childNodes) {
      const isBlock = each.nodeType === Node.ELEMENT_NODE && /^(P|DIV|LI|UL|OL)$/.test(each.tagName);
      const text = isBlock ? textOf(each).replace(/\n$/, "") : textOf({childNodes: [each]});
      if ((isBlock && (lines.length > 1 || lines[0] || !isOpen)) || (!isBlock && !isOpen)) lines.push(text);
      else lines[lines.length - 1] += text;
      isOpen = !isBlock;
    }
    return lines.join("\n");
  };

  const overlayOf = (each) => each.closest(css.overlay);
  const isInList = (each, within) => {
    const list = each.closest(LIST);
    return list !== null && list !== within && within.contains(list);
  };
  const innermost = (found) => found.filter((each) => !found.some((other) => other !== each && each.contains(other)));
  const headsOf = (pane, composer) => {
    const links = shown(pane, "a[href*='/in/']").filter((each) => !composer.contains(each)
      && !isInList(each, pane) && overlayOf(each) === overlayOf(composer));
    const headed = links.filter((each) => each.querySelector(HEADING) || each.closest(HEADING));
    return headed.length ? headed : links;
  };
  const pillsOf = (pane, composer) =>
    shown(pane, css.pill).filter((each) => overlayOf(each) === overlayOf(composer));
  const nameOf = (each) => {
    const heading = each.querySelector(HEADING) ?? each;
    const spoken = heading.querySelector("[aria-hidden=true]");
    return ((spoken ?? heading).textContent.trim() || heading.textContent.trim()
      || each.getAttribute("aria-label") || each.getAttribute("title") || "").replace(/\s+/g, " ");
  };
  const bubblesOf = (pane, composer) => {
    const items = shown(pane, css.message).filter((each) => overlayOf(each) === overlayOf(composer));
    return items.map((each) => {
      const row = each.closest("li, [role=listitem]") ?? each;
      const isAlone = items.filter((other) => row.contains(other)).length === 1;
      const bodies = innermost([...each.querySelectorAll(css.body)]);
      const texts = bodies.length ? bodies : innermost([...each.querySelectorAll("p")]);
      const links = [...(isAlone ? row : each).querySelectorAll("a[href*='/in/']")]
        .filter((link) => !texts.some((text) => text.contains(link)));
      return {
        urn: each.getAttribute("data-event-urn"),
        other: /--other\b/.test(each.className) ? true : /msg-s-event-listitem/.test(each.className) ? false : null,
        senders: links.map((link) => link.getAttribute("href")),
        text: texts.map(textOf).join("\n"),
      };
    });
  };
  const fieldsOf = (pane) => shown(pane, "input, textarea").flatMap((each) =>
    [each.name, each.getAttribute("aria-label"), each.placeholder].filter(Boolean));

  const composers = everywhere(css.composer).filter((each, at, all) =>
    !all.some((other) => other !== each && other.contains(each)));
  const panes = composers.filter((each) => !each.closest(css.minimized)).map((composer) => {
    const overlay = overlayOf(composer);
    const root = composer.getRootNode();
    const bound = overlay ?? composer.closest("main, [role=main]") ?? root.body ?? null;
    const inside = [];  // from the composer outwards, as long as no other composer is inside, too
    for (let each = composer.parentElement; each; each = each.parentElement) {
      if (composers.some((other) => other !== composer && each.contains(other) && overlayOf(other) === overlay))
        break;
      inside.push(each);
      if (each === bound) break;
    }
    const whole = inside.at(-1) ?? composer.parentElement;
    const pane = inside.find((each) => headsOf(each, composer).length || pillsOf(each, composer).length) ?? whole;
    const heads = headsOf(pane, composer), pills = pillsOf(pane, composer);
    const form = composer.closest("form") ?? whole;
    const buttons = css.send.map((selector) => shown(form.parentElement ?? form, selector)
      .filter((each) => form.contains(each))).find((each) => each.length) ?? [];
    return {
      composer, send: buttons.length === 1 ? buttons[0] : null, whole,
      isOverlay: overlay !== null,
      inShadow: root instanceof ShadowRoot,
      heads: heads.map((each) => each.getAttribute("href")),
      pills: pills.length,
      name: heads.length ? nameOf(heads[0]) : pills.length ? nameOf(pills[0]) : "",
      label: pills.length && !pills[0].textContent.trim() ? pills[0].getAttribute("aria-label") ?? "" : "",
      draft: draftOf(composer),
      sendCount: buttons.length,
      canSend: buttons.length === 1 && !buttons[0].disabled && buttons[0].getAttribute("aria-disabled") !== "true",
      hasToggle: shown(form, css.toggle).length > 0,
      hasSubject: shown(whole, css.subject).length > 0,
      fields: fieldsOf(whole),
      bubbles: bubblesOf(whole, composer),
      isLoading: shown(whole, css.loading).length > 0,
    };
  });
  const isPane = (each) => composers.some((composer) => each.contains(composer) || composer.contains(each));
  const others = (selector) => everywhere(selector).filter((each) => !overlayOf(each)?.matches(
    ".msg-overlay-conversation-bubble"));
  return {
    panes,
    premium: others(css.premium).length > 0,
    headings: others("main h1, main h2, main h3, [role=main] h2, [role=main] h3, [role=dialog] h2, "
      + "[role=dialog] h3, dialog[open] h2, dialog[open] h3").map((each) => each.textContent.trim()).slice(0, 40),
    hasSubject: others(css.subject).length > 0,
    dialogs: everywhere(css.dialog).filter((each) => !isPane(each) && !each.closest(css.minimized)
      && !each.matches(".msg-overlay-conversation-bubble") && !each.closest("#msg-overlay")).length,
  };
}"""
"""Reads all conversations of a document and of its open shadow roots, in one call."""

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
    "dialog": marks.DIALOG,
}


@dataclass(frozen=True, slots=True)
class Pane:
    """One open conversation with a composer, as it was read. `place` is page, shadow or frame.

    `heads` are the links of its head, `pills` the number of recipients of a new message.
    """

    place: str
    url: str
    is_overlay: bool
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
        handle = frame.evaluate_handle(_READ, _CSS)
        read = handle.evaluate(_PLAIN)
        panes += [_pane(each, at, place, frame, handle, site.page.url) for at, each in enumerate(read["panes"])]
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


def _pane(
    read: dict[str, Any], at: int, place: str, frame: Frame, handle: JSHandle, url: str
) -> Pane:
    return Pane(
        place="shadow" if read["inShadow"] else place,
        url=url,
        is_overlay=read["isOverlay"],
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
        index=at,
    )
