"""The birthdays page ("catch up")."""

from datetime import date

from worker.browser.linkedin.marks.lists import MORE_WORDS
from worker.browser.marks import Form, Mark

SITE = "linkedin"

ADDRESSES = ("/mynetwork/catch-up/birthday/", "/mynetwork/invite-connect/celebrations/birthdays/")
"""The page's address, and the older one, which may lead to it or be gone."""
NAMES = frozenset({"catch-up", "celebrations"})
ONLY_BIRTHDAYS = frozenset({"birthday", "birthdays"})
"""Segments of the address: of this page and its siblings, and of the one that lists nothing else."""

PAGE = Mark(
    SITE,
    "birthdays.page",
    (
        Form(
            "screen-2026-08",
            "[data-sdui-screen*='mynetwork.CatchUp']",
            "notes of others, a saved page of 2025-11-17",
            date(2026, 8, 3),
        ),
        Form("ember-2025", "main:has(.props-s-card)", "the code of one old project", date(2025, 3, 1)),
        Form("landmark", "main, [role=main]", "inference: every page has it", date(2025, 1, 1)),
    ),
)

CARD = Mark(
    SITE,
    "birthdays.card",
    (
        Form(
            "listitem-2026-08",
            "[role=listitem]:has(a[href*='/in/'])",
            "notes of others, a saved page of 2025-11-17",
            date(2026, 8, 31),
        ),
        Form("props-2025", "article.props-s-card", "the code of one old project", date(2025, 3, 1)),
        Form(
            "nurture-2024",
            "[data-view-name=nurture-card]:has(a[href*='/in/'])",
            "two old projects",
            date(2024, 11, 1),
        ),
        Form("item", "li:has(a[href*='/in/'])", "inference", date(2024, 1, 1)),
    ),
)

GREETING = Mark(
    SITE,
    "birthdays.greeting",
    (
        Form(
            "link-2026-08",
            "a[href*='/messaging/compose'][href*='BIRTHDAY']",
            "10 of 10 cards of a saved page of 2025-11-17, notes of others",
            date(2026, 8, 31),
        ),
        Form(
            "button-2026-06",
            "[role=listitem]:has(a[href*='/in/']) button[aria-label*=':']",
            "one project's code",
            date(2026, 6, 15),
        ),
        Form("link", "a[href*='/messaging/compose']", "a saved page", date(2025, 11, 17)),
        Form("props-2025", "button.props-s-cta", "the code of one old project", date(2025, 3, 1)),
        Form(
            "nurture-2024",
            "button[data-view-name=nurture-card-primary-button]",
            "two old projects",
            date(2024, 11, 1),
        ),
    ),
)

LOAD_MORE = Mark(
    SITE,
    "birthdays.load_more",
    (
        Form(
            "in-list-2025-11",
            "[role=list] button:not([aria-label]):not([aria-expanded]):not([role=listitem] *)"
            ":not([role=list] [role=list] *)",
            "a saved page: a plain button in the list, below its items",
            date(2025, 11, 17),
        ),
        Form(
            "words",
            MORE_WORDS,
            "other projects' code",
            date(2025, 1, 1),
        ),
    ),
)
