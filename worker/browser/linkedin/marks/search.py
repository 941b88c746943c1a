"""A page of the people search: its rows, its pages, the limit."""

from datetime import date
from typing import Final

from worker.browser.linkedin.page_text import HELPERS
from worker.browser.marks import Form, Mark

SITE = "linkedin"

MAIN = Mark(
    SITE,
    "search.main",
    (
        Form("sdui-screen", "[data-sdui-screen*='SearchResults']", "saved pages", date(2026, 5, 22)),
        Form("main", "main, [role=main]", "saved pages: every page has one", date(2026, 5, 18)),
    ),
)

ROW = Mark(
    SITE,
    "search.row",
    (
        Form(
            "listitem-2026-05",
            ":is(main, [role=main]) [role=listitem]:has(a[href*='/in/'], [componentkey^=SearchResults])",
            "saved pages",
            date(2026, 5, 22),
        ),
        Form(
            "ember-2026-05",
            "[data-view-name=search-entity-result-universal-template], [data-chameleon-result-urn]",
            "a saved page",
            date(2026, 5, 18),
        ),
        Form(
            "sdui-2025",
            "[data-view-name=people-search-result]",
            "tests written from screens",
            date(2025, 11, 18),
        ),
        Form(
            "ember-older",
            "li.reusable-search__result-container, .entity-result",
            "code of several projects",
            date(2024, 6, 1),
        ),
        Form(
            "list",
            ":is(main, [role=main]) li:has(a[href*='/in/'])",
            "inference: a list of people",
            date(2024, 6, 1),
        ),
        Form(
            "siblings",
            ":is(main, [role=main]):has(a[href*='/in/'])",
            "inference: the main part, whose rows are the siblings that link to people",
            date(2024, 6, 1),
        ),
    ),
)

LIMIT = Mark(
    SITE,
    "search.limit",
    (
        Form("promo", "[data-view-name=search-results-promo]", "notes of 8 projects", date(2025, 11, 1)),
        Form("paywall", ".search-paywall__info", "notes of 8 projects", date(2024, 6, 1)),
    ),
)

READ_ROWS: Final = f"""(found) => {{{HELPERS}
  const CONTROL = "a[href*='/messaging/'], a[href*='custom-invite'], button, [role=button]";
  // In a page without marks of a list: the children of the element with most children that link to people.
  const siblingsIn = (main) => {{
    const rows = (list) => [...list.children].filter((each) => each.querySelector("a[href*='/in/']"));
    return [main, ...main.querySelectorAll("*")].map(rows)
      .reduce((most, each) => each.length > most.length ? each : most);
  }};
  const elements = found
    .flatMap((each) => each.matches("main, [role=main]") ? siblingsIn(each) : [each]);
  const rich = elements.filter((each) => each.querySelector("a[href*='/in/']") && linesOf(each).length > 1);
  // A list of lists: an element around several rows is none itself.
  const rows = elements.filter((each) => rich.filter((row) => row !== each && each.contains(row)
    && !rich.some((between) => between !== row && between !== each && between.contains(row)
      && each.contains(between))).length < 2);
  return outermost(rows).map((row) => {{
    const links = all(row, "a[href*='/in/']");
    const keyed = [row, ...row.querySelectorAll("[componentkey^=SearchResults], [id^=SearchResults]")];
    return {{
      keys: keyed.flatMap((each) => [each.getAttribute("componentkey"), each.id])
        .filter((each) => each?.startsWith("SearchResults")),
      urn: [row, ...row.querySelectorAll("[data-chameleon-result-urn]")]
        .map((each) => each.getAttribute("data-chameleon-result-urn")).find(Boolean) ?? "",
      lines: linesOf(row),
      links: links.map((link) => ({{
        path: pathOf(link),
        text: linesOf(link).map((line) => line.text).join(" "),
        lines: linesOf(link).length,
        named: link.matches("[data-view-name*='lockup-title'], .entity-result__title-text a"),
        alone: linesOf(link.parentElement.closest("p, li, div, [role=listitem]") ?? link)
          .map((line) => line.text).join(" "),
      }})),
      controls: all(row, CONTROL).map(pathOf).filter(Boolean),
      settled: all(row, CONTROL).length > 0,
      sells: row.querySelector("a[href*='/premium/']") !== null,
      pictures: all(row, "img[alt], [aria-label]")
        .map((each) => each.getAttribute("alt") ?? each.getAttribute("aria-label")),
    }};
  }});
}}"""
"""Reads the rows at once, from the elements of `ROW`."""

READ_PAGE: Final = f"""() => {{{HELPERS}
  const main = document.querySelector("[role=main], main");
  const buttons = main ? all(main, "button, [role=button]").filter((each) => !each.closest(
    "[role=listitem]:has(a[href*='/in/']), [data-chameleon-result-urn], li:has(a[href*='/in/'])")) : [];
  const isOff = (each) => each.disabled || each.getAttribute("aria-disabled") === "true";
  const next = document.querySelector("[data-testid='pagination-controls-next-button-visible']");
  const hidden = document.querySelector("[data-testid='pagination-controls-next-button-hidden']");
  return {{
    next: next && isShown(next) && !isOff(next) ? true : hidden ? false : null,
    buttons: buttons.map((each) => ({{
      label: each.getAttribute("aria-label") ?? "",
      text: each.textContent.replace(/\\s+/g, " ").trim(),
      off: isOff(each),
      numbered: /^\\D*\\d+$/.test(each.getAttribute("aria-label") ?? "")
        && each.getAttribute("aria-label").endsWith(each.textContent.trim())
        || each.closest("[data-testid*=pagination], [data-test-pagination-page-btn]") !== null,
      current: each.getAttribute("aria-current") === "true" || each.closest("[aria-current=true]") !== null,
    }})),
    hidden: main ? all(main, "[role=listitem], [data-chameleon-result-urn], li")
      .filter((each) => !each.querySelector("a[href*='/in/'], li, [role=listitem]"))
      .map((each) => linesOf(each).map((line) => line.text)) : [],
    texts: main ? linesOf(main).map((line) => line.text).filter((text) => text.length < 300) : [],
  }};
}}"""
"""Reads what surrounds the rows: the controls of the pages, list items without a link, short texts."""
