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
  const KEYED = ["[componentkey*='profile.skill(']", "[componentkey^='entity-collection-item']"];
  const LISTED = ["li, [role=listitem]", "[data-lazy-mount-id]"];
  const OUTSIDE = "aside, header:not(main header), footer, nav, dialog, [role=toolbar], [role=dialog]";
  const fold = (text) => text.normalize("NFC").replace(/\\s+/g, " ").replace(/\\u2019/g, "'")
    .trim().toLowerCase();
  const main = document.querySelector("main#workspace, main") ?? document.querySelector("[role=main]");
  if (!main) return [];
  const headings = all(main, "h1, h2, h3, [role=heading]").filter((each) => !each.closest(OUTSIDE));
  const titles = (root, level) => headings
    .filter((each) => root.contains(each) && (each.matches("h1, h2") || each.nodeName === level));
  const holdsText = (element) => isShown(element) && linesOf(element).length > 0;
  const within = (parts, selector) => parts
    .flatMap((part) => [...(part.matches(selector) && isShown(part) ? [part] : []), ...all(part, selector)]);
  // Entries that are neither list items nor keyed: the siblings between rulers.
  const betweenRulers = (parts) => {{
    let ruler = within(parts, "hr, [role=separator]")[0];
    for (; ruler && !ruler.matches("main, body"); ruler = ruler.parentElement) {{
      const siblings = [...ruler.parentElement.children]
        .filter((each) => holdsText(each) && !each.querySelector("h1, h2") && !each.matches("h1, h2"))
        .filter((each) => parts.some((part) => part.contains(each)));
      if (siblings.length > 1) return siblings;
    }}
    return [];
  }};
  // Entries without any mark: sibling blocks that hold nothing but paragraphs, or a link around them.
  const isPlain = (each) => each.matches("div")
    && (each.querySelector("a[href*='/company/'], a[href*='/school/']") || (each.children.length > 0
      && [...each.children].every((child) => child.matches("p, span, a, img, figure, svg, br"))));
  const isBlock = (each) => holdsText(each) && !each.matches(`${{HEADING}}, a, ${{ACTION}}`)
    && !each.querySelector(HEADING);
  const plainEntries = (parts) => {{
    let level = (parts.length > 1 ? parts : [...parts[0].children]).filter(isBlock);
    for (let depth = 0; depth < 6 && level.length; depth++) {{
      if (level.every(isPlain)) return level;
      level = level.length === 1 ? [...level[0].children].filter(isBlock) : [];
    }}
    return [];
  }};
  // Whether the entries are all that there is: otherwise they are something smaller or something else.
  const coverAll = (parts, items) => parts.flatMap((part) => linesOf(part, items))
    .every((line) => line.heading || line.action || (line.link ?? "").includes("/details/"));
  const itemsOf = (parts) => {{
    for (const selector of KEYED) {{
      const items = outermost(within(parts, selector).filter(holdsText));
      if (items.length) return items;
    }}
    const inner = parts.length === 1 && parts[0].children.length === 1 ? [...parts[0].children] : parts;
    return [...LISTED.map((selector) => outermost(within(parts, selector).filter(holdsText))),
      betweenRulers(parts), plainEntries(parts), plainEntries(inner)]
      .find((items) => items.length && coverAll(parts, items)) ?? [];
  }};
  // What belongs to a heading: the nearest element around it with entries or a text, else what follows it.
  const around = (heading) => {{
    const wider = [];
    for (let up = heading.parentElement; up && up !== main.parentElement; up = up.parentElement) {{
      if (titles(up, heading.nodeName).length > 1) break;
      wider.push(up);
    }}
    const whole = wider.find((each) => itemsOf([each]).length)
      ?? wider.find((each) => linesOf(each).some((line) => !line.heading && !line.action));
    if (whole) return [whole];
    const following = [];
    for (let next = (wider.at(-1) ?? heading).nextElementSibling; next; next = next.nextElementSibling) {{
      if (next.matches(OUTSIDE) || titles(next, heading.nodeName).length) break;
      following.push(next);
    }}
    return following.length ? following : [heading];
  }};
  const textsOf = (root, without = []) => linesOf(root, without)
    .filter((line) => !line.action).map((line) => line.text);
  const readItem = (item) => {{
    const parts = outermost(all(item, "li, [role=listitem], [componentkey^='entity-collection-item']")
      .filter(holdsText));
    return {{lines: textsOf(item, parts), parts: parts.map((part) => textsOf(part))}};
  }};
  const readSection = (section, way, parts) => {{
    const prose = within(parts, "[data-testid=expandable-text-box]")[0]
      ?? within(parts, ".inline-show-more-text span[aria-hidden=true], .inline-show-more-text")[0];
    return {{
      section, way,
      childless: parts.every((part) => !part.childElementCount && !part.textContent.trim()),
      prose: prose ? proseOf(prose) : null,
      lines: parts.flatMap((part) => linesOf(part))
        .filter((line) => !line.action && !line.heading).map((line) => line.text),
      items: itemsOf(parts).map(readItem),
      details: parts.flatMap((part) => [...part.querySelectorAll("a[href*='/details/']")]).map(pathOf),
    }};
  }};
  const found = [];
  for (const each of document.querySelectorAll("[componentkey*='profile.card.ref']")) {{
    const end = each.getAttribute("componentkey").split("card.ref")[1].replace(/^AC[a-z]AA[\\w-]{{34}}/, "");
    for (const [section, word] of Object.entries(keys))
      if (end.startsWith(word)) found.push(readSection(section, "key", [each]));
  }}
  for (const [section, id] of Object.entries(anchors)) {{
    const part = document.getElementById(id)?.closest("section");
    if (part && isShown(part)) found.push(readSection(section, "anchor", [part]));
  }}
  for (const heading of headings) {{
    const text = fold(linesOf(heading).map((line) => line.text).join(" "));
    for (const [section, texts] of Object.entries(words))
      if (texts.includes(text)) found.push(readSection(section, "heading", around(heading)));
  }}
  return found;
}}"""
"""Reads every section of the page at once, by each way in which it can be recognised."""

SCROLL_ON: Final = """async (fromTop) => {
  const around = [];
  const main = document.querySelector("main, [role=main]");
  for (let each = main; each; each = each.parentElement) around.push(each);
  const inside = main ? [...main.querySelectorAll("[role=main], [data-testid=lazy-column]")] : [];
  const canScroll = (each) => each.scrollHeight > each.clientHeight + 4
    && (each === document.scrollingElement || /auto|scroll/.test(getComputedStyle(each).overflowY));
  const boxes = [...around, ...inside].filter(canScroll);
  for (const box of boxes) {
    const top = fromTop ? 0 : box.scrollTop + box.clientHeight * 0.8;
    box.scrollTo({top, behavior: "instant"});
  }
  // Lists load when a frame is drawn, which nothing else asks for on a page that doesn't scroll.
  await Promise.race([new Promise(requestAnimationFrame), new Promise((done) => setTimeout(done, 250))]);
  const isAtEnd = (box) => Math.ceil(box.scrollTop + box.clientHeight) >= box.scrollHeight - 1;
  const holders = [...document.querySelectorAll("[componentkey^='profileCards']")];
  return [
    boxes.every(isAtEnd), boxes.reduce((sum, box) => sum + box.scrollHeight, 0),
    holders.filter((each) => !each.childElementCount).length,
  ];
}"""
"""Scrolls down most of a screen, or to the top, in the page or in its main part.

Returns whether that was the end, the height in pixels, and how many holders of sections are still empty.
"""
