"""Locators for the practice network's searches and profiles, and the scripts that read them.

A fact is found by its label (`dt`, `aria-label`), in English and French, else by a ranked list of CSS
selectors. This works for every mark-up so far, whatever the order and the tags.
"""

import re
from collections.abc import Mapping
from typing import TypedDict

from playwright.sync_api import Locator, Page

from worker.browser.sandbox.selectors import main
from worker.rules.sourcing.profile import Section


class Fact(TypedDict):
    """How to find one fact. It is a dict, because it is passed to the page as JSON."""

    labels: tuple[str, ...]
    marks: tuple[str, ...]


def _fact(labels: tuple[str, ...], *marks: str) -> Fact:
    return Fact(labels=labels, marks=marks)


_NAME = _fact(("Name", "Nom"), "[data-field=name]", ".t-bold", "h4", "a", "self")
_DATES = _fact(("Dates",), "[data-field=dates]", ".t-light", "time")

HEAD: Mapping[str, Fact] = {
    "headline": _fact(("Headline", "Titre du profil"), "[data-field=headline]", ".t-medium"),
    "location": _fact(("Location", "Lieu"), "[data-field=location]", ".t-small"),
    "degree": _fact(("Degree of connection", "Niveau de relation"), "[data-field=distance]", ".t-degree"),
    "status": _fact(("Status", "Statut"), "[data-field=status]", "[role=img]"),
}
"""The facts that a profile's head and a search result have in common."""

RESULT: Mapping[str, Fact] = {**HEAD, "name": _fact(("Name", "Nom"), "a [dir]")}

ENTRIES: Mapping[Section, Mapping[str, Fact]] = {
    Section.POSITIONS: {
        "title": _fact(("Title", "Poste"), "[data-field=title]", ".t-bold"),
        "company": _fact(("Company", "Entreprise"), "[data-field=company]", ".t-normal", "strong"),
        "line": _fact((), ".one-line"),
        "dates": _DATES,
    },
    Section.EDUCATION: {
        "school": _fact(("School", "Établissement"), "[data-field=school]", ".t-bold", "h4"),
        "degree": _fact(("Degree", "Diplôme"), "[data-field=degree]", ".t-normal", "em"),
        "dates": _DATES,
    },
    Section.SKILLS: {"name": _NAME},
    Section.LANGUAGES: {"name": _NAME},
    Section.CERTIFICATIONS: {"name": _NAME},
}

HEADINGS: Mapping[str, Section] = {
    "About": Section.ABOUT,
    "Infos": Section.ABOUT,
    "Experience": Section.POSITIONS,
    "Expérience": Section.POSITIONS,
    "Education": Section.EDUCATION,
    "Formation": Section.EDUCATION,
    "Skills": Section.SKILLS,
    "Compétences": Section.SKILLS,
    "Languages": Section.LANGUAGES,
    "Langues": Section.LANGUAGES,
    "Licenses & certifications": Section.CERTIFICATIONS,
    "Licences et certifications": Section.CERTIFICATIONS,
}

OPEN_TO_WORK = {"Open to work", "Ouvert aux opportunités"}

_PEOPLE = re.compile(r"^(People|Personnes)$")
_NO_RESULTS = re.compile(r"^(No results|Aucun résultat)")
_UNFOLD = re.compile(r"^(Show all \d+ |Afficher les \d+ |see more$|voir plus$)")


def people_heading(page: Page) -> Locator:
    """Return the heading that identifies a page of search results."""
    return page.get_by_role("heading", name=_PEOPLE, level=1)


def no_results(page: Page) -> Locator:
    """Return the text of a search without results."""
    return main(page).get_by_text(_NO_RESULTS)


def profile_name(page: Page) -> Locator:
    """Return the name in a profile's head."""
    return main(page).get_by_role("heading", level=1)


def parts(page: Page) -> Locator:
    """Return all sections of a profile."""
    return main(page).locator("section, [role=region]")


def unfold(part: Locator) -> Locator:
    """Return the button that unfolds a section."""
    return part.get_by_role("button", name=_UNFOLD)


_HELPERS = """
  const SILENT = "template, button, [role=button], [aria-hidden=true], h1, h2, [role=heading]";
  const BOUNDS = "section, [role=region], li, [role=listitem]";
  // The text of an element for a reader, without its buttons, its headings and hidden elements.
  const textOf = (root) => {
    const walk = (node) => {
      if (node.nodeType === Node.TEXT_NODE) {
        const kept = getComputedStyle(node.parentElement).whiteSpace.startsWith("pre");
        return kept ? node.data : node.data.replace(/[ \\t\\r\\n\\f]+/g, " ");
      }
      if (node.nodeName === "BR") return "\\n";
      if (node.nodeType !== Node.ELEMENT_NODE || (node !== root && node.matches(SILENT))) return "";
      const inside = [...node.childNodes].map(walk).join("");
      return node.nodeName === "P" ? `\\n\\n${inside.trim()}\\n\\n` : inside;
    };
    return walk(root).replace(/ *\\n */g, "\\n").replace(/\\n{3,}/g, "\\n\\n").trim();
  };
  // The element of one fact: by its label, else by the first selector that matches.
  const find = (root, {labels, marks}) => {
    const own = (element) => element.closest(BOUNDS) === root.closest(BOUNDS);
    for (const term of root.querySelectorAll("dt"))
      if (labels.includes(textOf(term)) && own(term)) return term.nextElementSibling;
    for (const named of root.querySelectorAll("[aria-label]"))
      if (labels.includes(named.getAttribute("aria-label")) && own(named)) return named;
    for (const mark of marks) {
      if (mark === "self") return root;
      const found = [...root.querySelectorAll(mark)].find(own);
      if (found) return found;
    }
    return null;
  };
  const facts = (root, wanted) => Object.fromEntries(Object.entries(wanted).map(([name, fact]) => {
    const element = find(root, fact);
    const picture = element && element.matches("[role=img]");
    return [name, element && (picture ? element.getAttribute("aria-label") : textOf(element))];
  }));
"""

READ_RESULTS = f"""(main, wanted) => {{{_HELPERS}
  return [...main.querySelectorAll("li, [role=listitem]")].map((entry) => {{
    const link = entry.querySelector('a[href*="/in/"]');
    return {{...facts(entry, wanted), address: link && link.getAttribute("href")}};
  }});
}}"""
"""Reads a page of search results at once."""

READ_HEAD = f"""(main, wanted) => {{{_HELPERS}
  const own = document.querySelector("link[rel=canonical]");
  return {{
    ...facts(main, wanted),
    name: textOf(main.querySelector("h1")),
    address: own && own.getAttribute("href"),
  }};
}}"""
"""Reads the head of a profile, and the canonical address of the page."""

READ_HEADINGS = f"""(parts) => {{{_HELPERS}
  return parts.map((part) => {{
    const label = part.getAttribute("aria-label");
    const heading = document.getElementById(part.getAttribute("aria-labelledby")) ?? part.querySelector("h2");
    return label ?? (heading && textOf(heading));
  }});
}}"""
"""Reads the headings of the sections, in the order of the page."""

READ_TEXT = f"(part) => {{{_HELPERS} return textOf(part); }}"
"""Reads the text of a section, with its paragraphs."""

READ_ENTRIES = f"""(part, wanted) => {{{_HELPERS}
  return [...part.querySelectorAll("li, [role=listitem]")].map((entry) => facts(entry, wanted));
}}"""
"""Reads the entries of a section at once."""

SCROLL_ON = """() => {
  scrollBy({top: innerHeight * 0.8, behavior: "instant"});
  return Math.ceil(scrollY + innerHeight) < document.documentElement.scrollHeight;
}"""
"""Scrolls down most of a screen. Returns false at the end of the page."""
