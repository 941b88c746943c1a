"""Cross-checks that the pages of one person allow: the profile, and the page that writes to them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

from worker import clock
from worker.browser.check_report import CrossCheck, Fact, count_cross_check
from worker.browser.linkedin.marks import messaging as marks
from worker.browser.linkedin.marks.profile import TOP_CARD
from worker.browser.linkedin.messaging.conversation import Person, find_conversation_of, read_bubbles
from worker.browser.linkedin.messaging.message_ids import find_conversation
from worker.browser.linkedin.messaging.panes import Pane, View, read_view
from worker.browser.linkedin.people.profile import Connection, read_open_profile
from worker.browser.linkedin.site_page import SitePage
from worker.browser.linkedin.words import is_word
from worker.browser.marks import find
from worker.browser.site_check import OwnChecks
from worker.errors import NeverError, Reason
from worker.rules.sites.capabilities import SENDING, Capability, Verdict

PROFILE: Final = frozenset({Capability.PROFILE})
RECIPIENT: Final = frozenset({Capability.RECIPIENT})
COMPOSER: Final = frozenset({Capability.COMPOSER})
SEND_BUTTON: Final = frozenset({Capability.SEND_BUTTON})
OWN_OR_OTHER: Final = frozenset({Capability.OWN_OR_OTHER})
SERVER_ID: Final = frozenset({Capability.SERVER_ID})

_COMPOSER_WAIT: Final = timedelta(seconds=10)
_HISTORY_WAIT: Final = timedelta(seconds=3)
_POLL_MS: Final = 150
_OF_PANE: Final = (marks.COMPOSER, marks.SEND, marks.RECIPIENT, marks.MESSAGE, marks.INCOMING)


@dataclass(slots=True)
class CheckedPerson:
    """The connection that the check was given. `person` is set once the profile has shown the member id."""

    site: SitePage
    address: str
    person: Person | None = None
    connection: Connection = Connection.UNKNOWN

    def find_compose_path(self) -> str:
        """Return the path of the page that writes to the person. Raises NeverError if it isn't known."""
        if self.person is None:
            raise NeverError(Reason.CANNOT_TELL, "the profile didn't show a member id, so it wasn't opened")
        if self.connection in {Connection.NOT_CONNECTED, Connection.PENDING, Connection.OWN}:
            raise NeverError(Reason.NOT_CONNECTED, "the profile is not that of a connection")
        return f"/messaging/compose/?recipient={self.person.member_url.rstrip('/').rpartition('/')[2]}"

    def check_profile(self) -> OwnChecks:
        """Read the top card, and compare its id with that of its links to a conversation."""
        profile = read_open_profile(self.site, self.address)
        self.connection = profile.connection
        member = profile.keys.member_url
        if member is not None:
            self.person = Person(member, profile.keys.profile_url)
        both = PROFILE | RECIPIENT
        asked = {self.address} & {member, profile.keys.profile_url}
        links = self._list_members_of_links()
        degree = Verdict.OK if profile.degree is not None else Verdict.DRIFT
        connected = Verdict.OK if profile.connection is Connection.CONNECTED else Verdict.UNKNOWN
        return OwnChecks(
            [
                _is_same("profile.id", found=member is not None, needed_by=both),
                # an address may have moved to another member
                _is_same("profile.asked", found=bool(asked), needed_by=both, otherwise=Verdict.UNKNOWN),
                CrossCheck("profile.one_degree", degree, f"{profile.degree or 'none'} shown", PROFILE),
                CrossCheck("profile.connection", connected, str(profile.connection), RECIPIENT),
                # a variant has a button in place of the link, and the link is not needed
                count_cross_check(
                    "profile.message_link", links.count(member), len(links), RECIPIENT, least=0
                ),
            ]
        )  # fmt: skip

    def _list_members_of_links(self) -> list[str | None]:
        """Return the person of each link to a conversation in the top card; None where its two ids differ."""
        card = find(self.site.page, TOP_CARD)
        if card is None or card.elements.count() != 1:
            return []
        links = card.elements.locator("a[href*='/messaging/compose']").locator("visible=true")
        hrefs = links.evaluate_all("(links) => links.map((link) => link.getAttribute('href'))")
        return [self.site.member_of(href) for href in hrefs if "body" not in parse_qs(urlsplit(href).query)]

    def check_compose(self) -> OwnChecks:
        """Look at the conversation, wherever it is mounted. Types nothing."""
        if self.person is None:
            raise NeverError(Reason.CANNOT_TELL, "the person isn't known")
        view, pane = self._await_pane(self.person)
        overlays = [Fact.OPEN_OVERLAYS] if any(each.is_overlay for each in view.panes if each != pane) else []
        if pane is None:
            return self._explain_no_pane(view, overlays)
        if pane.has_subject or any(is_word("subject", field, None) for field in pane.fields):
            return _behind_a_wall("a subject is asked for, as for an InMail", overlays)
        bubbles = read_bubbles(self.site, pane, self.person)
        with_id = [each.id for each in bubbles if each.id is not None]
        threads = {each.conversation for each in with_id} | {find_conversation(pane.url)} - {None}
        own = sum(each.own is not None for each in bubbles)
        checks = [
            CrossCheck("compose.recipient", Verdict.OK, f"the profile's id, {pane.place}", RECIPIENT),
            _check_send_button(pane),
            count_cross_check("compose.own_or_other", own, len(bubbles), OWN_OR_OTHER),
            count_cross_check("compose.server_ids", len(with_id), len(bubbles), SERVER_ID),
        ]
        if with_id:
            one = Verdict.OK if len(threads) == 1 else Verdict.DRIFT
            checks.append(CrossCheck("compose.one_thread", one, f"threads: {len(threads)}", SERVER_ID))
        enter = [Fact.ENTER_SENDS] if not pane.has_send and pane.has_toggle else []
        silent = [] if bubbles else [Fact.NO_MESSAGES]
        excused = [*([marks.SEND] if enter else []), *([] if bubbles else [marks.MESSAGE, marks.INCOMING])]
        return OwnChecks(checks, [*overlays, *enter, *silent], excused)

    def _await_pane(self, person: Person) -> tuple[View, Pane | None]:
        """Wait for the person's conversation, and a little longer for its messages."""
        began = clock.monotonic_seconds()
        found_s: float | None = None
        while True:
            self.site.check_walls()
            view = read_view(self.site)
            pane = find_conversation_of(self.site, view, person)
            now = clock.monotonic_seconds()
            if pane is not None:
                found_s = found_s or now
                if (pane.raw_bubbles and not pane.is_loading) or now - found_s > _seconds(
                    self.site, _HISTORY_WAIT
                ):
                    return view, pane
            elif now - began > _seconds(self.site, _COMPOSER_WAIT):
                return view, None
            self.site.page.wait_for_timeout(_POLL_MS)  # the page's own events run meanwhile

    def _explain_no_pane(self, view: View, facts: list[Fact]) -> OwnChecks:
        """Say why there is no conversation with the person: Premium is offered, or the page has changed."""
        offers = any(is_word("premium", text, None) for text in view.headings)
        if view.has_premium or view.has_subject or offers:
            return _behind_a_wall("Premium is offered in place of the composer", facts)
        found = f"{len(view.panes)} conversations, none with the profile's id"
        # marks alone prove nothing: they may be those of another conversation
        others = CrossCheck("compose.conversation", Verdict.UNKNOWN, "not the person's", SENDING)
        return OwnChecks([CrossCheck("compose.recipient", Verdict.DRIFT, found, RECIPIENT), others], facts)


def _behind_a_wall(said: str, facts: list[Fact]) -> OwnChecks:
    wall = CrossCheck("compose.wall", Verdict.UNKNOWN, said, SENDING)
    return OwnChecks([wall], [*facts, Fact.PREMIUM_WALL], _OF_PANE)


def _seconds(site: SitePage, wait: timedelta) -> float:
    return min(wait, site.timeout).total_seconds()


def _check_send_button(pane: Pane) -> CrossCheck:
    if pane.has_send:
        return CrossCheck("compose.send_button", Verdict.OK, "one", SEND_BUTTON)
    if pane.has_toggle:
        return CrossCheck("compose.send_button", Verdict.UNKNOWN, "none: Enter sends", SEND_BUTTON)
    return CrossCheck("compose.send_button", Verdict.DRIFT, "not exactly one", SEND_BUTTON)


def _is_same(
    name: str, *, found: bool, needed_by: frozenset[Capability], otherwise: Verdict = Verdict.DRIFT
) -> CrossCheck:
    return CrossCheck(name, Verdict.OK if found else otherwise, "yes" if found else "no", needed_by)
