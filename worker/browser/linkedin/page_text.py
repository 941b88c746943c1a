"""Scripts that read what the browser shows, used by the readers of each page.

A text counts only if it is shown: pages hold hidden copies that say something else. An element without a box
of its own (`display: contents`) is shown if its children are.
"""

from typing import Final, TypedDict

from worker.browser.linkedin.site_page import ORIGIN, SITE
from worker.rules.people.addresses import find_member_url, normalise_profile_url


class Line(TypedDict):
    """One line of text as a reader sees it; a link begins a line of its own.

    `link` is the path of the innermost link around its beginning, or its address if it leads elsewhere.
    `action`: it is on a button. `heading`: it is a heading. `key` is the nearest `componentkey` around it, ""
    if there is none.
    """

    text: str
    link: str | None
    action: bool
    heading: bool
    key: str


HELPERS: Final = """
  const SILENT = "script, style, template, noscript, svg, dialog:not([open]), .visually-hidden, .a11y-text";
  const ACTION = "button, [role=button], [role=menuitem], input, select, textarea";
  const HEADING = "h1, h2, h3, h4, [role=heading]";
  // Without the texts for screen readers only, which are clipped to one pixel and double the shown ones.
  const isHidden = (element) => {
    const style = getComputedStyle(element);
    if (style.display === "contents") return false;
    if (!element.checkVisibility({visibilityProperty: true})) return true;
    if (element.matches("html, body")) return false;
    const box = element.getBoundingClientRect();
    return (box.width <= 1 || box.height <= 1) && style.overflow !== "visible" && style.display !== "inline";
  };
  const isShown = (element) => {
    for (let each = element; each && each.nodeType === 1; each = each.parentElement)
      if (isHidden(each) || each.matches(SILENT)) return false;
    return getComputedStyle(element).display !== "contents" || element.textContent.trim() !== ""
      || [...element.children].some(isShown);
  };
  const all = (root, selector) => [...root.querySelectorAll(selector)].filter(isShown);
  const outermost = (elements) => elements
    .filter((one) => !elements.some((other) => other !== one && other.contains(one)));
  // The path and query of a link of this site: relative, or with the real host or that of a copy.
  const pathOf = (link) => {
    const written = link?.getAttribute("href");
    if (!written || !URL.canParse(written, location.href)) return null;
    const url = new URL(written, location.href);
    const isOwn = url.origin === location.origin || /(^|\\.)linkedin\\.com$/.test(url.hostname);
    return isOwn ? url.pathname + url.search : url.href;
  };
  const linesOf = (root, without = []) => {
    const lines = [];
    let text = "", first = null;
    const flush = () => {
      const written = text.replace(/\\s+/g, " ").trim();
      if (written && written !== lines.at(-1)?.text) {
        lines.push({
          text: written,
          link: pathOf(first.closest("a[href]")),
          action: first.closest(ACTION) !== null,
          heading: first.closest(HEADING) !== null,
          key: first.closest("[componentkey]")?.getAttribute("componentkey") ?? "",
        });
      }
      text = "";
      first = null;
    };
    const walk = (node) => {
      if (node.nodeType === Node.TEXT_NODE) {
        if (node.data.trim()) first ??= node.parentElement;
        text += node.data;
      }
      if (node.nodeType !== Node.ELEMENT_NODE || without.includes(node)) return;
      if (node.nodeName === "BR") return flush();
      if (node.matches(SILENT) || isHidden(node)) return;
      const isBlock = node.matches("a[href]")
        || !/^(inline.*|contents)$/.test(getComputedStyle(node).display);
      if (isBlock) flush();
      node.childNodes.forEach(walk);
      if (isBlock) flush();
    };
    walk(root);
    flush();
    return lines;
  };
  // A text of several paragraphs, without its buttons, also where CSS shows only its beginning.
  const proseOf = (root) => {
    const walk = (node) => {
      if (node.nodeType === Node.TEXT_NODE) {
        const kept = getComputedStyle(node.parentElement).whiteSpace.startsWith("pre");
        return kept ? node.data : node.data.replace(/\\s+/g, " ");
      }
      if (node.nodeName === "BR") return "\\n";
      if (node.nodeType !== Node.ELEMENT_NODE || node.matches(`${SILENT}, ${ACTION}`)) return "";
      const inside = [...node.childNodes].map(walk).join("");
      return ["P", "DIV"].includes(node.nodeName) ? `\\n${inside}\\n` : inside;
    };
    return walk(root).replace(/[^\\S\\n]*\\n[^\\S\\n]*/g, "\\n").replace(/\\n{3,}/g, "\\n\\n").trim();
  };
"""
"""Functions for scripts: what is shown, lines of text, paragraphs."""


def address_of(path: str | None) -> str | None:
    """Return the canonical address of the profile that a path of the site names, or None."""
    return normalise_profile_url(ORIGIN + path, SITE) if path and path.startswith("/") else None


def member_of(path: str | None) -> str | None:
    """Return the address by member id that a path of the site names in itself or in its query, or None."""
    return find_member_url(ORIGIN + path, SITE) if path and path.startswith("/") else None
