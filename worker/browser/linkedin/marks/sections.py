"""The sections of a profile, and the entries in them, on the profile and on the pages with all entries."""

from collections.abc import Mapping
from typing import Final

from worker.browser.linkedin.page_text import HELPERS
from worker.rules.sourcing.profile import Section

KEYS: Final[Mapping[Section, str]] = {
    Section.ABOUT: "About",
    Section.POSITIONS: "Experience",
    Section.EDUCATION: "Education",
    Section.SKILLS: "Skills",
    Section.LANGUAGES: "Language",
    Section.CERTIFICATIONS: "Certification",
}
"""How the end of a section's `componentkey` begins, after the member id. Saved pages of 2026-05-12."""

ANCHORS: Final[Mapping[Section, str]] = {
    Section.ABOUT: "about",
    Section.POSITIONS: "experience",
    Section.EDUCATION: "education",
    Section.SKILLS: "skills",
    Section.LANGUAGES: "languages",
    Section.CERTIFICATIONS: "licenses_and_certifications",
}
"""Ids of the anchors in the old front end."""

DETAILS: Final[Mapping[Section, str]] = {
    Section.POSITIONS: "experience",
    Section.EDUCATION: "education",
    Section.SKILLS: "skills",
    Section.LANGUAGES: "languages",
    Section.CERTIFICATIONS: "certifications",
}
"""The last part of the path of the page that has all entries of a section."""

READ_SECTIONS: Final = f"""({{keys, anchors, words}}) => {{{HELPERS}
  const ITEMS = [
    "[componentkey*='profile.skill(']", "[componentkey^='entity-collection-item']", "li, [role=listitem]",
    "[data-lazy-mount-id]",
  ];
  const OUTSIDE = "aside, header, footer, nav, dialog, [role=toolbar], [role=dialog]";
  const fold = (text) => text.normalize("NFC").replace(/\\s+/g, " ").replace(/’/g, "'").trim().toLowerCase();
  const main = document.querySelector("main#workspace, main") ?? document.querySelector("[role=main]");
  if (!main) return [];
  const headings = all(main, "h1, h2, h3, [role=heading]").filter((each) => !each.closest(OUTSIDE));
  const titles = (root, level) => headings
    .filter((each) => root.contains(each) && (each.matches("h1, h2") || each.nodeName === level));
  const around = (heading) => {{
    let part = heading;
    for (let up = heading.parentElement; up && up !== main.parentElement; up = up.parentElement) {{
      if (titles(up, heading.nodeName).length > 1) break;
      part = up;
    }}
    return part;
  }};
  const holdsText = (element) => isShown(element) && linesOf(element).length > 0;
  // Entries that are neither list items nor keyed: the siblings between rulers.
  const betweenRulers = (root) => {{
    let ruler = root.querySelector("hr, [role=separator]");
    for (; ruler && ruler !== root; ruler = ruler.parentElement) {{
      const siblings = [...ruler.parentElement.children].filter(holdsText);
      if (siblings.length > 1) return siblings.filter((each) => !each.matches(HEADING));
    }}
    return [];
  }};
  const itemsOf = (root) => {{
    for (const selector of ITEMS) {{
      const items = outermost(all(root, selector).filter((each) => !each.closest("aside") && holdsText(each)));
      if (items.length) return items;
    }}
    return betweenRulers(root);
  }};
  const readItem = (item) => {{
    const parts = outermost(all(item, "li, [role=listitem], [componentkey^='entity-collection-item']")
      .filter((each) => each !== item && holdsText(each)));
    return {{
      lines: linesOf(item, parts).filter((line) => !line.action).map((line) => line.text),
      parts: parts.map((part) => linesOf(part).filter((line) => !line.action).map((line) => line.text)),
    }};
  }};
  const readSection = (section, way, root) => {{
    const prose = all(root, "[data-testid=expandable-text-box]")[0]
      ?? all(root, ".inline-show-more-text span[aria-hidden=true], .inline-show-more-text")[0];
    const links = [...root.querySelectorAll("a[href*='/details/']")].map(pathOf);
    return {{
      section, way,
      childless: !root.childElementCount && !root.textContent.trim(),
      prose: prose ? proseOf(prose) : null,
      lines: linesOf(root).filter((line) => !line.action && !line.heading).map((line) => line.text),
      items: itemsOf(root).map(readItem),
      details: links,
    }};
  }};
  const found = [];
  for (const each of document.querySelectorAll("[componentkey*='profile.card.ref']")) {{
    const end = each.getAttribute("componentkey").split("card.ref")[1].replace(/^AC[a-z]AA[\\w-]{{34}}/, "");
    for (const [section, word] of Object.entries(keys))
      if (end.startsWith(word)) found.push(readSection(section, "key", each));
  }}
  for (const [section, id] of Object.entries(anchors)) {{
    const part = document.getElementById(id)?.closest("section");
    if (part && isShown(part)) found.push(readSection(section, "anchor", part));
  }}
  for (const heading of headings) {{
    const text = fold(linesOf(heading).map((line) => line.text).join(" "));
    for (const [section, texts] of Object.entries(words))
      if (texts.includes(text)) found.push(readSection(section, "heading", around(heading)));
  }}
  return found;
}}"""
"""Reads every section of the page at once, by each way in which it can be recognised."""

SCROLL_ON: Final = """() => {
  const scrollable = (each) => each.scrollHeight > each.clientHeight + 4
    && /auto|scroll/.test(getComputedStyle(each).overflowY);
  const root = document.scrollingElement;
  const inner = [...document.querySelectorAll("main, [role=main], [data-testid=lazy-column]")].find(scrollable);
  const box = root.scrollHeight > root.clientHeight + 4 || !inner ? root : inner;
  box.scrollBy({top: box.clientHeight * 0.8, behavior: "instant"});
  return [Math.ceil(box.scrollTop + box.clientHeight) >= box.scrollHeight - 1, box.scrollHeight];
}"""
"""Scrolls down most of a screen. Returns whether that was the end, and the height in pixels."""
