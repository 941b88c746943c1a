"""Rows of a list: what each says of one person, read from the page in one call.

A row is found by its structure, not by its class: the smallest part of the page around a control that links
to a person, and the list item that it fills. React nests links in links, so only the browser's tree is read,
never its HTML.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import ElementHandle, Locator

from worker.browser.linkedin.lists.names import halve_doubled

_COMMON: Final = r"""
  const ITEM = "[role=listitem], li, article, [data-view-name=nurture-card], .celebrations-entity-list-item";
  const ASIDE = "nav, header, footer, aside, dialog, [role=dialog], [role=navigation], [role=tablist], "
    + "[role=menu]";
  // an element without a box of its own (display: contents) is shown if what it stands in is shown
  const isShown = (one) => one.checkVisibility({visibilityProperty: true})
    || (getComputedStyle(one).display === "contents" && (!one.parentElement || isShown(one.parentElement)));
  const personOf = (link) => {
    let path;
    try { path = decodeURIComponent(new URL(link.getAttribute("href"), location.href).pathname); }
    catch { return null; }
    const found = /^\/in\/([^/]+)/.exec(path);
    const isId = found && /^AC[a-z]A(A|.{35}$)/.test(found[1]);
    return found && (isId ? found[1] : found[1].normalize("NFC").toLowerCase());
  };
  const peopleLinks = (part) => [...part.querySelectorAll("a[href]")]
    .filter((link) => personOf(link) && isShown(link));
  const people = (part) => new Set(peopleLinks(part).map(personOf));
  const rowOf = (control, root) => {
    let around = null;
    for (let part = control.parentElement; part && part !== root; part = part.parentElement) {
      if (!around && people(part).size) around = part;
      // the whole item, unless it holds more people than the part around the control
      if (around && part.matches(ITEM)) return people(part).size === people(around).size ? part : around;
    }
    return around;
  };
  const controlsIn = (root) => [...root.querySelectorAll("a[href], button, [role=button]")]
    .filter((one) => !personOf(one) && !one.closest(ASIDE) && isShown(one) && !peopleLinks(one).length);
  const rowsIn = (root, controls = controlsIn(root)) => {
    const rows = new Map();
    for (const control of controls) {
      const row = rowOf(control, root);
      if (row) rows.set(row, [...(rows.get(row) ?? []), control]);
    }
    for (const inner of [...rows.keys()]) {
      for (let outer = inner.parentElement; outer && outer !== root; outer = outer.parentElement) {
        if (!rows.has(outer)) continue;
        if (people(inner).size < people(outer).size) {
          rows.delete(outer); // what a control below the rows finds around it
        } else if (rows.has(inner)) {
          rows.set(outer, [...rows.get(inner), ...rows.get(outer)]); // a row with parts of its own
          rows.delete(inner);
        }
      }
    }
    return rows;
  };
"""

_READ: Final = (
    "(root) => {"
    + _COMMON
    + r"""
  const squeeze = (text) => text.replace(/\s+/g, " ").trim();
  const isInline = (one) => /^(inline|contents)/.test(getComputedStyle(one).display);
  const blockOf = (text, row) => {
    let part = text.parentElement;
    while (part !== row && isInline(part) && !part.matches("p, h1, h2, h3, h4, h5, h6, time")
      && !(part.matches("a[href]") && personOf(part))) part = part.parentElement;
    return part;
  };
  const linesOf = (row, controls) => {
    const lines = new Map();
    const skipped = new Set(controls);
    const isSkipped = (part) => {
      for (; part !== row; part = part.parentElement) if (skipped.has(part)) return true;
      return false;
    };
    const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      if (!text.data.trim() && !lines.size) continue;
      if (isSkipped(text.parentElement) || !isShown(text.parentElement)) continue;
      const block = blockOf(text, row);
      // parts without a space between them may be lines of their own by their style
      lines.set(block, [...(lines.get(block) ?? []), text.data]);
    }
    return [...lines.values()].map((parts) => squeeze(parts.join(" "))).filter(Boolean);
  };
  const labelsOf = (row) => [...row.querySelectorAll("figure, img, [role=img], [role=image]")]
    .flatMap((one) => [one.getAttribute("aria-label"), one.getAttribute("alt")])
    .filter(Boolean).map(squeeze);
  const facts = (one) => ({
    href: one.getAttribute("href"),
    label: squeeze(one.getAttribute("aria-label") ?? ""),
    text: squeeze(one.textContent),
  });
  const controls = controlsIn(root);
  const rows = rowsIn(root, controls);
  const inRows = new Set([...rows.values()].flat());
  // as text: Playwright's own form of a thousand rows takes seconds
  return JSON.stringify({
    rows: [...rows].map(([row, controls]) => ({
      people: people(row).size,
      links: [...new Set(peopleLinks(row).map((link) => link.getAttribute("href")))],
      labels: [...new Set(labelsOf(row))],
      lines: linesOf(row, controls),
      controls: controls.map(facts),
    })),
    strays: controls.filter((one) => !inRows.has(one)).map(facts),
  });
}"""
)
"""Reads the rows of a part of the page, and the controls that stand in no row."""

_CONTROL: Final = (
    "(root, [rowNumber, number]) => {"
    + _COMMON
    + """
  return [...rowsIn(root).values()][rowNumber]?.[number] ?? null;
}"""
)

_LINKS_AROUND: Final = (
    "(control, root) => {"
    + _COMMON
    + """
  const row = control.isConnected ? rowOf(control, root) : null;
  return row ? [...new Set(peopleLinks(row).map((link) => link.getAttribute("href")))] : [];
}"""
)

_SCROLL: Final = (
    "(root) => {"
    + _COMMON
    + """
  const last = [...rowsIn(root).keys()].at(-1) ?? root;
  last.scrollIntoView({block: "end"});
  for (let part = last; part; part = part.parentElement) {
    if (part.scrollHeight > part.clientHeight) part.scrollTop = part.scrollHeight;
  }
}"""
)
"""Scrolls to the last row and to the end of all that scrolls around it, as a person does to see more."""

_BELOW_ROWS: Final = (
    "(control, root) => {"
    + _COMMON
    + """
  const last = [...rowsIn(root).keys()].at(-1);
  return !last || Boolean(last.compareDocumentPosition(control) & Node.DOCUMENT_POSITION_FOLLOWING);
}"""
)

_STATE: Final = (
    "(root) => {"
    + _COMMON
    + r"""
  const shown = (selector) => [...root.querySelectorAll(selector)].filter(isShown);
  // the pages' own bar at the top always has a current item
  const current = [...document.querySelectorAll(
    "[aria-current=true], [aria-current=page], [aria-selected=true], [aria-checked=true]")];
  const texts = (selector) => shown(selector).map((one) => one.textContent.replace(/\s+/g, " ").trim());
  return {
    busy: shown("[role=progressbar], [aria-busy=true]").length > 0,
    current: current.some((one) => isShown(one) && !one.closest("header")),
    furnished: shown("[role=list] a[href*='/games/']").length > 0
      && !shown("[role=listitem]").some((one) => one.querySelector("figure, img, a[href*='/messaging/']")),
    texts: [...new Set(texts("p, h1, h2, h3, h4, span, div").filter((text) => text && text.length < 200))],
  };
}"""
)


@dataclass(frozen=True, slots=True)
class Control:
    """A link or a button in a row, but not a link to a person."""

    href: str | None
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row: how many people it links to, by which links, its pictures' labels, texts and controls.

    `lines` are the shown texts outside the controls, by paragraph.
    """

    people: int
    links: tuple[str, ...]
    labels: tuple[str, ...]
    lines: tuple[str, ...]
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """What was read at once: the rows, and the controls that stand in none."""

    rows: tuple[Row, ...]
    strays: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class ListState:
    """What a list without rows says. `furnished`: the site has filled it, with games and nobody."""

    busy: bool
    current: bool
    furnished: bool
    texts: tuple[str, ...]


def read_rows(root: Locator) -> Rows:
    """Read all rows in this part of the page."""
    read: dict[str, Any] = json.loads(root.evaluate(_READ))
    return Rows(
        tuple(_row(row) for row in read["rows"]), tuple(Control(**control) for control in read["strays"])
    )


def read_state(root: Locator) -> ListState:
    """Read what may say that the list is empty."""
    read: dict[str, Any] = root.evaluate(_STATE)
    return ListState(read["busy"], read["current"], read["furnished"], tuple(read["texts"]))


def find_control(root: Locator, row: int, control: int) -> ElementHandle | None:
    """Return a control by the position that `read_rows` gave it, or None if the page has changed."""
    return root.evaluate_handle(_CONTROL, [row, control]).as_element()


def read_links_around(control: ElementHandle, root: Locator) -> Sequence[str]:
    """Return the links to people of the row that a control stands in now."""
    links: list[str] = control.evaluate(_LINKS_AROUND, root.element_handle())
    return links


def scroll_to_end(root: Locator) -> None:
    """Scroll to the last row, so that the site loads more."""
    root.evaluate(_SCROLL)


def is_below_rows(control: Locator, root: Locator) -> bool:
    """Return whether a control stands after the last row."""
    return bool(control.evaluate(_BELOW_ROWS, root.element_handle()))


def _row(read: dict[str, Any]) -> Row:
    return Row(
        read["people"],
        tuple(read["links"]),
        tuple(read["labels"]),
        tuple(map(halve_doubled, read["lines"])),
        tuple(Control(**control) for control in read["controls"]),
    )
