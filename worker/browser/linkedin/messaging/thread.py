"""One person's open conversation: read it, type, send once, and prove it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from worker import clock, logs
from worker.browser.linkedin.messaging import composer
from worker.browser.linkedin.messaging.conversation import (
    Person,
    find_address,
    find_conversation_of,
    read_bubbles,
    require_readable,
)
from worker.browser.linkedin.messaging.history import load_older
from worker.browser.linkedin.messaging.open_conversation import POLL_INTERVAL
from worker.browser.linkedin.messaging.panes import Pane, View, read_view
from worker.browser.linkedin.messaging.proof import Bubble, PaneAfter, is_proven, list_new
from worker.browser.linkedin.site_page import SITE, SitePage
from worker.errors import RapportError, Reason, TryAgainError, UnknownDialogError
from worker.rules.model import ThreadMessage
from worker.rules.people.addresses import is_member_url

_REBUILD_WAIT: Final = timedelta(seconds=2)
"""How long a conversation may be away from the page while the page builds it anew."""
_SEND_WAIT: Final = timedelta(seconds=2)
_PENDING_WAIT: Final = timedelta(seconds=5)
_CONFIRM_WAIT: Final = timedelta(milliseconds=500)
"""A proof has to hold this long: a second message may appear right after the first."""


log = logs.get_logger(__name__)


class LinkedInThread:
    """One open conversation. Implements `Thread`."""

    def __init__(self, site: SitePage, person: Person, proof_wait: timedelta, *, may_miss: bool) -> None:
        self._site = site
        self._person = person
        self._proof_wait = proof_wait
        self._may_miss = may_miss
        self._known: dict[str, datetime] = {}
        self._was_read = False
        self._new: set[str] = set()
        self._typed: str | None = None
        self._clicked_at: datetime | None = None
        self._dialogs_before = 0

    def recipient(self) -> str:
        """Return the address of the conversation's person; by slug only where a profile showed its id."""
        with self._site.translate("read whom the conversation is with"):
            address = self._find_address()
        is_person = address == self._person.member_url and self._person.profile_url is not None
        return self._person.profile_url or address if is_person else address

    def member(self) -> str | None:
        """Return the address by member id of the conversation's person."""
        with self._site.translate("read whom the conversation is with"):
            address = self._find_address()
        if address == self._person.profile_url:
            return self._person.member_url
        return address if is_member_url(address, SITE) else None

    def shown_name(self) -> str:
        """Return the name in the conversation's head, or of its only recipient."""
        with self._site.translate("read the name of whom the conversation is with"):
            name = self._require_pane().name
        if not any(map(str.isalpha, name)):
            raise TryAgainError(Reason.SITE_UNEXPECTED, "the head of the conversation shows no name")
        return name

    def messages(self) -> Sequence[ThreadMessage]:
        """Return the messages of the last weeks at least, oldest first, with the server's times.

        Raises TryAgainError while a message of the account has no id from the server: nothing says whether it
        was sent.
        """
        with self._site.translate("read the conversation"):
            load_older(self._site, self._require_pane, self._person)
            bubbles = self._settled_bubbles()
        require_readable(bubbles)
        self._note(bubbles)
        return [ThreadMessage(bool(each.own), each.text, each.id.at if each.id else None) for each in bubbles]

    def may_miss_messages(self) -> bool:
        """Return whether the page of a new message is open, and no list says if there is an earlier one."""
        return self._may_miss

    def type(self, text: str) -> None:
        """Put exactly `text` into the composer. Raises TryAgainError if it holds somebody's draft.

        Only `text` itself may be in it, from an attempt that was cut off.
        """
        self._site.check_walls()
        with self._site.translate("type the message"):
            view = read_view(self._site)
            pane = find_conversation_of(self._site, view, self._person) or self._require_pane()
            composer.require_message(pane)
            composer.require_free(pane, text)
            if pane.has_toggle:
                composer.require_send_button(pane)
        self._dialogs_before = view.dialogs
        self._typed = text
        try:
            self._insert(pane, text)
        except RapportError:
            self._try_to_clear()
            raise

    def _insert(self, pane: Pane, text: str) -> None:
        """Type, read it back, and reach the Send button."""
        with self._site.translate("type the message"):
            composer.insert_text(pane, text)
            pane = self._await_send_button()
        if not composer.is_same_draft(pane.draft, text):
            is_ours = composer.is_part(pane.draft, text)
            raise TryAgainError(
                Reason.SITE_UNEXPECTED if is_ours else Reason.COMPOSER_OCCUPIED,
                "the composer doesn't hold what was typed" + ("" if is_ours else "; it is left as it is"),
            )
        composer.require_send_button(pane)
        self._require_no_news(pane)
        self._site.check_walls()
        with self._site.translate("reach the Send button"):
            composer.reach_send_button(pane)
            self._require_no_dialog(read_view(self._site))

    def click_send(self) -> None:
        """Check the conversation and the text once more, note what is in it, and click Send once."""
        self._site.check_walls()
        with self._site.translate("click send"):
            view = read_view(self._site)
            pane = find_conversation_of(self._site, view, self._person)
            if pane is None or self._typed is None:
                raise TryAgainError(Reason.SITE_UNEXPECTED, "the conversation is no longer on the page")
            if not composer.is_same_draft(pane.draft, self._typed) or not pane.can_send:
                raise TryAgainError(Reason.SITE_UNEXPECTED, "the composer isn't ready to send the text")
            composer.require_message(pane)
            self._require_no_dialog(view)
            self._require_no_news(pane)
            self._note(read_bubbles(self._site, pane, self._person))
            self._clicked_at = clock.now()
            composer.click_send(pane)

    def proof(self, text: str, *, more_than: int) -> bool:
        """Wait for the server's id of the new message. `more_than` says less than the ids before the click.

        Raises UnknownDialogError if it isn't proven and a dialog came up, which a person has to answer.
        """
        until = clock.monotonic_seconds() + self._proof_wait.total_seconds()
        proven_since: float | None = None
        dialogs = 0
        while True:
            try:
                with self._site.translate("prove the message"):
                    self._site.check_walls()
                    view = read_view(self._site)
                    dialogs, is_proven = view.dialogs, self._is_proven(view, text)
            except TryAgainError:
                is_proven = False  # the page may be loading anew
            now = clock.monotonic_seconds()
            proven_since = (proven_since or now) if is_proven else None
            if proven_since is not None and now - proven_since >= _CONFIRM_WAIT.total_seconds():
                return True
            if now >= until and proven_since is None:
                break
            with self._site.translate("prove the message"):
                self._pause()
        if dialogs > self._dialogs_before:
            raise UnknownDialogError("a dialog that Rapport doesn't know came up after the click on Send")
        return False

    def clear(self) -> None:
        """Empty the composer, if it holds what was typed, or a piece of it. Raises TryAgainError if it can't.

        After the click, nothing is touched while a dialog is open that came up since.
        """
        if self._typed is None:
            return
        with self._site.translate("clear the draft"):
            view = read_view(self._site)
            pane = find_conversation_of(self._site, view, self._person)
            is_asked = self._clicked_at is not None and view.dialogs > self._dialogs_before
            if pane is not None and composer.is_part(pane.draft, self._typed) and not is_asked:
                composer.empty_composer(pane)
                pane = self._find_pane()
        if pane is None or pane.draft.strip():
            raise TryAgainError(Reason.COMPOSER_OCCUPIED, "a draft may have stayed in the conversation")

    def _try_to_clear(self) -> None:
        try:
            self.clear()
        except RapportError as error:
            log.warning("draft_left", text=str(error))

    def close(self) -> None:
        """Leave the page: what arrives there would count as read. Overlays stay as they are."""
        self._try_to_clear()
        with self._site.translate("close the conversation"):
            self._site.page.goto("about:blank")

    def _find_address(self) -> str:
        pane = self._find_pane()
        if pane is not None:
            return find_address(self._site, pane) or ""
        shown = {
            address
            for each in read_view(self._site).panes
            if not each.is_overlay and (address := find_address(self._site, each))
        }
        if len(shown) != 1:
            raise TryAgainError(Reason.SITE_UNEXPECTED, "the page doesn't show whom the conversation is with")
        return shown.pop()

    def _find_pane(self) -> Pane | None:
        """Return the person's conversation, also if the page is building it anew just now."""
        until = self._until(_REBUILD_WAIT)
        while True:
            pane = find_conversation_of(self._site, read_view(self._site), self._person)
            if pane is not None or clock.monotonic_seconds() >= until:
                return pane
            self._pause()

    def _require_pane(self) -> Pane:
        pane = self._find_pane()
        if pane is None:
            raise TryAgainError(Reason.SITE_UNEXPECTED, "the conversation is no longer on the page")
        return pane

    def _settled_bubbles(self) -> list[Bubble]:
        """Return the messages once each of the account's own has an id from the server."""
        until = self._until(_PENDING_WAIT)
        while True:
            bubbles = read_bubbles(self._site, self._require_pane(), self._person)
            has_ids = any(each.id for each in bubbles)
            pending = [each for each in bubbles if each.id is None and each.own is not False]
            if not pending or (not has_ids and clock.monotonic_seconds() >= until):
                return bubbles
            if clock.monotonic_seconds() >= until:
                raise TryAgainError(
                    Reason.SITE_UNEXPECTED, "the conversation shows a message that has not left yet"
                )
            self._pause()

    def _require_no_dialog(self, view: View) -> None:
        """Raise TryAgainError if a dialog has come up since the typing began: nothing is clicked then."""
        if view.dialogs > self._dialogs_before:
            raise TryAgainError(Reason.SITE_UNEXPECTED, "a dialog came up while the text was typed")

    def _require_no_news(self, pane: Pane) -> None:
        """Raise TryAgainError if own messages appeared since the conversation was read."""
        if not self._was_read:
            return
        since = min(self._known.values(), default=None)
        bubbles = read_bubbles(self._site, pane, self._person)
        new = [
            each.id
            for each in bubbles
            if each.own is not False and each.id and each.id.urn not in self._known
        ]
        if any(since is None or each.at >= since for each in new):
            raise TryAgainError(
                Reason.SITE_UNEXPECTED, "messages of the account appeared while its text was typed"
            )

    def _note(self, bubbles: Sequence[Bubble]) -> None:
        self._known |= {each.id.urn: each.id.at for each in bubbles if each.id}
        self._was_read = True

    def _await_send_button(self) -> Pane:
        """Wait until the Send button answers to the text, and read the conversation again."""
        until = self._until(_SEND_WAIT)
        while not (pane := self._require_pane()).can_send and clock.monotonic_seconds() < until:
            self._pause()
        return pane

    def _is_proven(self, view: View, text: str) -> bool:
        try:
            pane = find_conversation_of(self._site, view, self._person)
        except TryAgainError:
            return False
        if pane is None or self._clicked_at is None:
            return False
        bubbles = read_bubbles(self._site, pane, self._person)
        new = list_new(self._known, bubbles, self._clicked_at)
        self._new |= {each.id.urn for each in new if each.id}
        if len(self._new) > 1:  # also if one of them has gone again
            return False
        return is_proven(self._known, PaneAfter(self._site.page.url, True, bubbles), text, self._clicked_at)

    def _until(self, wait: timedelta) -> float:
        return clock.monotonic_seconds() + min(wait, self._site.timeout).total_seconds()

    def _pause(self) -> None:
        # the page's own events run meanwhile
        self._site.page.wait_for_timeout(POLL_INTERVAL / timedelta(milliseconds=1))
