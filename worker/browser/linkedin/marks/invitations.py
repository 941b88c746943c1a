"""The page of sent invitations, and the dialog that asks before one is withdrawn."""

from datetime import date

from worker.browser.linkedin.marks.lists import MORE_WORDS
from worker.browser.marks import Form, Mark

SITE = "linkedin"

ADDRESS = "/mynetwork/invitation-manager/sent/"
NAME = "sent"
"""The last segment of the address. The received invitations are on a page of their own."""

PAGE = Mark(
    SITE,
    "invitations.page",
    (
        Form(
            "holder-2026-10",
            ":is(main, [role=main]):has([componentkey*=InvitationManagerPage])",
            "notes of three projects",
            date(2026, 10, 9),
        ),
        Form("landmark", "main, [role=main]", "inference: every page has it", date(2025, 1, 1)),
    ),
)

ROW = Mark(
    SITE,
    "invitations.row",
    (
        Form(
            "listitem-2026-10",
            "[role=listitem]:has(a[href*='/in/'])",
            "notes of four projects",
            date(2026, 10, 9),
        ),
        Form("ember", "li.invitation-card", "older projects' code", date(2025, 11, 1)),
        Form("item", "li:has(a[href*='/in/'])", "inference", date(2025, 1, 1)),
    ),
)

WITHDRAW = Mark(
    SITE,
    "invitations.withdraw",
    (
        Form(
            "link-2026-10",
            "[role=listitem] a[aria-label]:not([href*='/in/'])",
            "notes of three projects",
            date(2026, 10, 9),
        ),
        Form("button", ":is([role=listitem], li) button", "older projects' code", date(2025, 11, 1)),
    ),
)

LOAD_MORE = Mark(
    SITE,
    "invitations.load_more",
    (
        Form(
            "words-2026-10",
            MORE_WORDS,
            "one project's code",
            date(2026, 10, 1),
        ),
        Form(
            "in-list",
            "[role=list] button:not([aria-label]):not([aria-expanded]):not([role=listitem] *)",
            "inference from the birthdays page",
            date(2025, 11, 17),
        ),
    ),
)

DIALOG = Mark(
    SITE,
    "invitations.dialog",
    (
        Form(
            "native-2026-10",
            "dialog[open]",
            "the markup that one project saw on 2026-10-09",
            date(2026, 10, 9),
        ),
        Form("alert", "[role=alertdialog]", "older projects' code", date(2025, 11, 1)),
        Form(
            "modal",
            "[role=dialog]:not([class*=msg-])",
            "inference: a chat is a dialog, too",
            date(2025, 1, 1),
        ),
    ),
)

TOASTS = "[role=alert], [data-testid*=toast], [data-test-artdeco-toast-item-type]"
