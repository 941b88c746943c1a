"""A profile: its top card, which says whose it is and how the account is connected, and its sections."""

from datetime import date
from typing import Final

from worker.browser.linkedin.page_text import HELPERS
from worker.browser.marks import Form, Mark

SITE = "linkedin"

MAIN = Mark(
    SITE,
    "profile.main",
    (
        Form("sdui-screen", "[data-sdui-screen*='profile.Profile']", "saved pages", date(2026, 3, 31)),
        Form("main", "main, [role=main]", "saved pages: every page has one", date(2026, 3, 31)),
    ),
)

TOP_CARD = Mark(
    SITE,
    "profile.top_card",
    (
        Form(
            "sdui-key",
            "[componentkey*='profile.card.ref'][componentkey$='Topcard' i]",
            "11 saved pages: the key holds the member id",
            date(2026, 5, 12),
        ),
        Form("ember-2026-05", "main section[data-member-id]", "a saved page", date(2026, 5, 6)),
        Form(
            "heading",
            ":is(main, [role=main]) h1, :is(main, [role=main]) h2",
            "saved pages: the name is a heading; the card is what surrounds it up to the next heading",
            date(2026, 3, 31),
        ),
        Form(
            "lesser-heading",
            ":is(main, [role=main]) :is(h3, [role=heading])",
            "inference: h1 became h2 in 2026, and may change again",
            date(2026, 3, 31),
        ),
    ),
)
"""The top card, or a heading that may be the name in it."""

READ_CARDS: Final = f"""(roots) => {{{HELPERS}
  const ASIDE = "[role=toolbar], header:not(main header), footer, nav, aside, dialog, [role=dialog]";
  const COMPOSE = "a[href*='/messaging/compose'], a[href*='/messaging/thread/new']";
  const isSticky = (element) => {{
    for (let each = element; each; each = each.parentElement)
      if (each.matches(ASIDE) || ["fixed", "sticky"].includes(getComputedStyle(each).position)) return true;
    return false;
  }};
  const areSeveral = (links, parameter) => new Set(links
    .map((link) => new URLSearchParams(pathOf(link)?.split("?")[1]).get(parameter)).filter(Boolean)).size > 1;
  // From a heading outwards, until there is another heading or a control for another person.
  const cardAround = (heading) => {{
    let card = heading;
    for (let up = card.parentElement; up && !up.matches("main, [role=main], body"); up = up.parentElement) {{
      const others = all(up, `h1, h2, ${{heading.nodeName}}`)
        .filter((each) => each !== heading && !isSticky(each));
      const controls = all(up, `${{COMPOSE}}, a[href*='custom-invite']`).filter((link) => !isSticky(link));
      if (others.length || areSeveral(controls, "recipient") || areSeveral(controls, "vanityName")) break;
      card = up;
    }}
    return card;
  }};
  const read = (root) => {{
    const isHeading = root.matches("h1, h2, h3, [role=heading]");
    if (isHeading && isSticky(root)) return null;
    const card = isHeading ? cardAround(root) : root;
    const heading = isHeading ? root : all(card, "h1")[0] ?? all(card, "h2")[0] ?? all(card, HEADING)[0];
    const data = [card, ...card.querySelectorAll("*")].filter((each) => !each.closest("a[href*='/in/']"));
    return {{
      key: card.getAttribute("componentkey") ?? "",
      keyed: !isHeading,
      level: heading?.nodeName ?? "",
      name: heading ? linesOf(heading).map((line) => line.text).join(" ") : "",
      lines: linesOf(card),
      texts: all(card, "*").filter((each) => !each.children.length && !each.closest(ACTION))
        .map((each) => each.textContent.replace(/\\s+/g, " ").trim())
        .filter((text) => text && text.length < 40),
      actions: all(card, `a[href], ${{ACTION}}`).map((each) => ({{
        path: pathOf(each),
        label: each.getAttribute("aria-label")
          ?? each.querySelector("[aria-label]")?.getAttribute("aria-label") ?? "",
        text: linesOf(each).map((line) => line.text).join(" "),
      }})),
      states: all(card, "[componentkey*='ConnectButtonstate']")
        .map((each) => each.getAttribute("componentkey")),
      urns: data.flatMap((each) => [...each.attributes])
        .filter((each) => each.name.startsWith("data-") && each.value.includes("urn:li:fs"))
        .map((each) => each.value),
      pictures: all(card, "img[alt], [aria-label]")
        .map((each) => each.getAttribute("alt") ?? each.getAttribute("aria-label")),
    }};
  }};
  return {{
    title: document.title,
    own: new URLSearchParams(location.search).get("isSelfProfile") === "true",
    keys: [...document.querySelectorAll("[componentkey*='profile.card.ref']")]
      .map((each) => each.getAttribute("componentkey")),
    toolbar: all(document, "[role=toolbar] a[href]").map(pathOf),
    cards: roots.filter(isShown).map(read).filter(Boolean),
  }};
}}"""
"""Reads what may be the top card, from the elements of `TOP_CARD`, and what else names the profile's id."""
