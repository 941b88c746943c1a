"""Whether a page is a wall: a sign-in form, a challenge, a restriction or a limit.

After one, nothing is clicked.
"""

from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Page

from worker.browser.linkedin.marks import walls as marks
from worker.browser.linkedin.words import is_word, mentions
from worker.errors import Reason, StopAccountError

LIMIT_STATUS: Final = frozenset({429, 999})
_SHORT_PAGE: Final = 2000
"""Characters. Longer pages may quote anything."""

_READ: Final = """([signIn, challenge, weekly, headings, dialogs, navigation]) => {
  const isShown = (element) => element.checkVisibility({visibilityProperty: true});
  const shown = (selector) => [...document.querySelectorAll(selector)].filter(isShown);
  const texts = (selector) => shown(selector).map((each) => each.textContent.trim()).filter(Boolean);
  return {
    title: document.title,
    language: document.documentElement.lang,
    signIn: shown(signIn).length > 0,
    challenge: shown(challenge).length > 0,
    weekly: shown(weekly).length > 0,
    headings: texts(headings).slice(0, 20),
    dialogs: texts(dialogs).slice(0, 20),
    navigation: shown(navigation).length > 0,
    text: (document.body?.innerText ?? "").trim().slice(0, 4000),
  };
}"""
"""Reads, in one call, what distinguishes a wall from an ordinary page."""

_NAVIGATION: Final = "header nav, [data-testid=primary-nav], header#global-nav, nav.global-nav__nav"


def find_wall_in_path(url: str) -> StopAccountError | None:
    """Return the error for the address of a wall, or None.

    Segments are compared, because a slug may contain any word.
    """
    segments = [part for part in urlsplit(url).path.split("/") if part]
    if tuple(segments[-2:]) == marks.RESTRICTION:
        return StopAccountError(
            Reason.CHALLENGE, "LinkedIn has restricted the account; a person must answer it"
        )
    if segments[:1] in (["flagship-web"], ["m"]):
        segments = segments[1:]
    first, second = [*segments, "", ""][:2]
    if first in marks.CHALLENGE_SEGMENTS and second not in marks.SIGN_IN_BELOW_CHECKPOINT:
        return StopAccountError(Reason.CHALLENGE, "LinkedIn shows a challenge; a person must answer it")
    if first == "uas" and "challenge" in second:
        return StopAccountError(Reason.CHALLENGE, "LinkedIn shows a challenge; a person must answer it")
    if first in marks.SIGN_IN_SEGMENTS | marks.CHALLENGE_SEGMENTS:
        return StopAccountError(Reason.NOT_SIGNED_IN, "LinkedIn asks to sign in again")
    return None


def check_walls(page: Page, status: int | None = None) -> None:
    """Raise StopAccountError if the page is a wall, by its address, its status, its forms or its words.

    `status` is that of the document, right after it was opened. A page that is being replaced is not judged.
    """
    if wall := find_wall_in_path(page.url):
        raise wall
    if status in LIMIT_STATUS:
        raise StopAccountError(Reason.LIMIT_PAGE, f"LinkedIn answers {status}: too many requests")
    shown = page.evaluate(
        _READ,
        [
            marks.SIGN_IN,
            marks.CHALLENGE,
            marks.WEEKLY_LIMIT,
            marks.HEADINGS,
            marks.DIALOG_HEADINGS,
            _NAVIGATION,
        ],
    )
    if shown["challenge"]:
        raise StopAccountError(Reason.CHALLENGE, "LinkedIn shows a challenge; a person must answer it")
    if shown["signIn"]:
        raise StopAccountError(Reason.NOT_SIGNED_IN, "LinkedIn asks to sign in again")
    if shown["weekly"]:
        raise StopAccountError(Reason.LIMIT_PAGE, "LinkedIn says that the weekly limit is reached")
    headings = shown["dialogs"] if shown["navigation"] else [*shown["headings"], shown["title"]]
    _check_words(headings, shown["language"][:2] or None)
    if (
        not shown["navigation"]
        and len(shown["text"]) < _SHORT_PAGE
        and mentions("try_later", shown["text"], None)
    ):
        raise StopAccountError(Reason.LIMIT_PAGE, "LinkedIn says that there were too many requests")


def _check_words(headings: list[str], language: str | None) -> None:
    for text in headings:
        if is_word("challenge", text, language) or is_word("restricted", text, language):
            raise StopAccountError(Reason.CHALLENGE, "LinkedIn asks for a person; the account waits for one")
        if is_word("weekly_invitations", text, language):
            raise StopAccountError(Reason.LIMIT_PAGE, "LinkedIn says that the weekly limit is reached")
        if is_word("sign_in", text, language):
            raise StopAccountError(Reason.NOT_SIGNED_IN, "LinkedIn asks to sign in again")


def has_navigation(page: Page) -> bool:
    """Return whether the page has the navigation bar of a signed-in member."""
    return bool(page.locator(_NAVIGATION).locator("visible=true").count())
