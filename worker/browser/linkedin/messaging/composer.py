"""The composer of one conversation: put a text into it without a key press, empty it, and click Send."""

from datetime import timedelta
from typing import Final, NoReturn

from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from worker.browser.linkedin.marks.messaging import REJECT_COOKIES
from worker.browser.linkedin.messaging.panes import Pane
from worker.browser.linkedin.messaging.proof import compose_lines
from worker.browser.linkedin.words import is_word
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError

_CLICK_WAIT: Final = timedelta(seconds=3)
_REACH_WAIT: Final = timedelta(seconds=2)

_INSERT: Final = """(composer, [lines, own]) => {
  composer.focus();
  const copy = composer.cloneNode(true);
  copy.querySelectorAll("img").forEach((each) => each.replaceWith(each.alt || "\ufffc"));
  const plain = (text) => text.normalize("NFC").replace(/\\s+/g, "");
  const held = plain(copy.textContent);
  if (held && held !== plain(own)) return false;
  const run = (command, value) => {
    if (composer.getRootNode().activeElement === composer)
      return composer.ownerDocument.execCommand(command, false, value);
    throw new Error("the composer lost the focus");
  };
  run("selectAll");
  if (held) run("delete");
  lines.forEach((line, at) => {
    if (at) run("insertParagraph");
    if (line) run("insertText", line);
  });
  return true;
}"""
"""Replaces what the composer holds, in one call, so that no draft can be restored meanwhile.

A line break is a command of the editor: no key is pressed, so nothing is sent by it.
"""

_EMPTY: Final = """(composer) => {
  composer.focus();
  if (composer.getRootNode().activeElement !== composer) return;
  composer.ownerDocument.execCommand("selectAll");
  composer.ownerDocument.execCommand("delete");
}"""


def is_same_draft(one: str, other: str) -> bool:
    """Return whether two texts are equal but for what an editor changes: spaces and Unicode forms."""
    return compose_lines(one) == compose_lines(other)


def is_part(draft: str, text: str) -> bool:
    """Return whether a draft is `text` or a piece of it."""
    return "".join("".join(compose_lines(draft)).split()) in "".join("".join(compose_lines(text)).split())


def require_free(pane: Pane, text: str) -> None:
    """Raise TryAgainError unless the composer is empty, or holds `text`, from an attempt that was cut off."""
    if pane.draft.strip() and not is_same_draft(pane.draft, text):
        _refuse_draft()


def require_message(pane: Pane) -> None:
    """Raise NeverError if the composer asks for a subject: it would send an InMail."""
    if pane.has_subject or any(is_word("subject", field, None) for field in pane.fields):
        raise NeverError(Reason.NOT_CONNECTED, "the site asks for a subject: it would be an InMail")


def require_send_button(pane: Pane) -> None:
    """Raise StopAccountError if the composer has no Send button, or only Enter sends."""
    if pane.has_send:
        return
    if pane.has_toggle:
        raise StopAccountError(
            Reason.ENTER_SENDS,
            "the account sends with Enter, and Rapport never presses it: in a conversation, open the send "
            'options beside the composer and choose "Click Send"',
        )
    raise StopAccountError(
        Reason.SITE_CHANGED,
        "a conversation has no Send button that is known for certain; run `rapport selectors check ACCOUNT`",
    )


def insert_text(pane: Pane, text: str) -> None:
    """Put the text into the composer. Raises as `require_free`. The caller reads it back."""
    if not pane.element("composer").evaluate(_INSERT, [text.strip().splitlines(), text]):
        _refuse_draft()


def _refuse_draft() -> NoReturn:
    raise TryAgainError(
        Reason.COMPOSER_OCCUPIED,
        "the conversation holds a draft that Rapport didn't write; send it or delete it",
    )


def empty_composer(pane: Pane) -> None:
    """Remove what the composer holds."""
    pane.element("composer").evaluate(_EMPTY)


def reach_send_button(pane: Pane) -> None:
    """Wait until the Send button can be clicked, and reject the cookies if their banner covers it.

    Raises Playwright's TimeoutError if anything else does: then nothing was clicked.
    """
    send, wait_ms = pane.element("send"), _REACH_WAIT / timedelta(milliseconds=1)
    try:
        send.click(trial=True, timeout=wait_ms)
    except PlaywrightTimeoutError:
        reject = pane.frame.page.locator(REJECT_COOKIES).locator("visible=true").first
        if not reject.count():
            raise
        reject.click(timeout=wait_ms)
        send.click(trial=True, timeout=wait_ms)


def click_send(pane: Pane) -> None:
    """Click the Send button that was read, once, with the mouse."""
    pane.element("send").click(timeout=_CLICK_WAIT / timedelta(milliseconds=1))
