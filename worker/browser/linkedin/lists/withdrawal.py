"""Withdraw one sent invitation: its row, the dialog that names the same person, and one click."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from playwright.sync_api import ElementHandle

from worker import logs
from worker.browser.linkedin.lists.invitation_rows import SentRow, is_withdraw
from worker.browser.linkedin.lists.invitations import find_withdraw_control, is_listed
from worker.browser.linkedin.lists.names import read_framed_name
from worker.browser.linkedin.lists.rows import Control
from worker.browser.linkedin.marks import invitations as marks
from worker.browser.linkedin.site_page import SitePage
from worker.browser.linkedin.words import fold, is_word
from worker.browser.marks import Form, find, shown
from worker.clock import monotonic_seconds
from worker.errors import NeverError, Reason, TryAgainError

_POLL_INTERVAL: Final = timedelta(milliseconds=100)
_CONTROLS: Final = "button, [role=button], a[href]"
_READ_DIALOG: Final = r"""(dialog, controls) => ({
  text: dialog.textContent.replace(/\s+/g, " ").trim(),
  links: [...dialog.querySelectorAll("a[href*='/in/']")].map((link) => link.getAttribute("href")),
  controls: [...dialog.querySelectorAll(controls)].map((one) => ({
    href: one.getAttribute("href"),
    label: (one.getAttribute("aria-label") ?? "").replace(/\s+/g, " ").trim(),
    text: one.textContent.replace(/\s+/g, " ").trim(),
  })),
})"""
_CONTROL: Final = "(dialog, [controls, number]) => dialog.querySelectorAll(controls)[number] ?? null"

log = logs.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """The dialog that asks before an invitation is withdrawn, and the position of its button."""

    dialog: ElementHandle
    form: Form
    text: str
    links: tuple[str, ...]
    controls: tuple[Control, ...]
    confirm: int


class LinkedInInvitation:
    """One pending invitation on the open list. Implements `Invitation`."""

    def __init__(self, site: SitePage, wanted: str, proof_wait: timedelta) -> None:
        self._site = site
        self._wanted = wanted
        self._proof_wait = proof_wait

    def withdraw(self) -> None:
        """Click withdraw, check whom the dialog names, confirm once, and wait for the site's reply.

        Raises NeverError(WRONG_RECIPIENT) if the dialog is about somebody else; nothing is withdrawn then. A
        reply that doesn't come, or says that it failed, is left to the caller, who reads the list again.
        """
        with self._site.translate("withdraw the invitation"):
            self._site.check_walls()
            control, row = find_withdraw_control(self._site, self._wanted)
            language = self._site.language()
            if _find_question(self._site, row, language) is not None:
                raise TryAgainError(Reason.SITE_UNEXPECTED, "a question about an invitation is open already")
            control.click()
            question = self._wait_for_question(row, language)
            check_person(self._site, question, row, self._wanted, language)
            self._site.check_walls()
            button = question.dialog.evaluate_handle(_CONTROL, [_CONTROLS, question.confirm]).as_element()
            if button is None:
                raise TryAgainError(Reason.SITE_UNEXPECTED, "the dialog changed while it was read")
            button.click()
            self._wait_for_reply(row, language)
            self._site.check_walls()

    def _wait_for_question(self, row: SentRow, language: str | None) -> Question:
        until = monotonic_seconds() + self._site.timeout.total_seconds()
        while monotonic_seconds() < until:
            self._site.check_walls()
            if question := _find_question(self._site, row, language):
                find(self._site.page, marks.DIALOG)
                return question
            self._pause()
        raise TryAgainError(Reason.SITE_UNEXPECTED, "no dialog asks whether to withdraw the invitation")

    def _wait_for_reply(self, row: SentRow, language: str | None) -> None:
        until = monotonic_seconds() + self._proof_wait.total_seconds()
        while monotonic_seconds() < until:
            self._site.check_walls()
            toasts = shown(self._site.page, marks.TOASTS).all_inner_texts()
            lines = [line for toast in toasts for line in toast.splitlines()]
            if any(is_word("not_withdrawn", line, language) for line in lines):
                log.warning("invitation_not_withdrawn")
                return
            if any(is_word("withdrawn", line, language) for line in lines) or not is_listed(
                self._site, self._wanted
            ):
                return
            self._pause()

    def _pause(self) -> None:
        # the page's own events run meanwhile
        self._site.page.wait_for_timeout(_POLL_INTERVAL / timedelta(milliseconds=1))


def check_person(site: SitePage, question: Question, row: SentRow, wanted: str, language: str | None) -> None:
    """Raise unless the dialog names the person of the row.

    Only the older dialogs were seen without a name. They are trusted, because the click on this row opened
    them.
    """
    named = {
        fold(name)
        for each in question.controls
        if (name := read_framed_name("withdraw", each.label or each.text, language))
    }
    links = {site.address_of(link) for link in question.links}
    if (named and named != {fold(row.full_name)}) or (links and links != {wanted}):
        raise NeverError(Reason.WRONG_RECIPIENT, "the question is about another invitation")
    if named or links or mentions_name(row.full_name, question):
        return
    if question.form.version.startswith("native"):
        raise TryAgainError(Reason.SITE_UNEXPECTED, "the question doesn't say whose invitation it is about")


def mentions_name(name: str, question: Question) -> bool:
    """Return whether the dialog has this name, as whole words."""
    said = fold(" | ".join([question.text, *(each.label for each in question.controls)]))
    return re.search(rf"(?<!\w){re.escape(fold(name))}(?!\w)", said) is not None


def find_confirm(controls: tuple[Control, ...], row: SentRow, language: str | None) -> int | None:
    """Return the position of the dialog's button that withdraws, or None.

    It has the word, or the same text as the control of the row, or is the only one that names the person.
    """
    worded = [number for number, each in enumerate(controls) if is_withdraw(each, language)]
    naming = [
        number
        for number, each in enumerate(controls)
        if row.full_name and fold(row.full_name) in fold(each.label)
    ]
    same = [number for number, each in enumerate(controls) if row.word and fold(each.text) == fold(row.word)]
    chosen = worded or naming or same
    return chosen[0] if len(chosen) == 1 else None


def _find_question(site: SitePage, row: SentRow, language: str | None) -> Question | None:
    for form in marks.DIALOG.forms:
        for dialog in shown(site.page, form.selector).element_handles():
            read: dict[str, Any] = dialog.evaluate(_READ_DIALOG, _CONTROLS)
            controls = tuple(Control(**each) for each in read["controls"])
            confirm = find_confirm(controls, row, language)
            if confirm is not None:
                return Question(dialog, form, read["text"], tuple(read["links"]), controls, confirm)
    return None
