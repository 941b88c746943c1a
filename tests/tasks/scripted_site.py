"""A site in memory to which anything may happen at any step: a fake at the edge, for tests of the tasks."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from worker.browser.site import PageProgress, ignore_progress
from worker.errors import NeverError, Reason
from worker.rules.model import BirthdayCard, InboxLine, ResultPage, SentInvitation, ThreadMessage
from worker.rules.people.identity import PersonKeys
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.search import SearchQuery


class ScriptedSite:
    """Keeps the promises of `Site`, unless a test says otherwise.

    Steps: open, recipient, name, messages, type, click, clicked, proof, close; find, withdraw, withdrawn,
    list; search, profile, birthdays, inbox, picture. `clicked` and `withdrawn` come after the effect.
    """

    def __init__(self) -> None:
        self.steps: list[str] = []
        """What was asked of the site, in order."""
        self.sent: list[tuple[str, str]] = []
        self.withdrawn: list[str] = []
        self.pictures: list[bool] = []
        """Whether each picture was masked."""
        self.threads: dict[str, list[ThreadMessage]] = defaultdict(list)
        self.names: dict[str, str] = {}
        """What the head of somebody's conversation shows; by default it is made of the address."""
        self.opens_as: dict[str, str] = {}
        """Whose conversation opens in place of somebody's."""
        self.members: dict[str, str] = {}
        """The address by member id that a conversation shows."""
        self.opens_by_id: dict[str, str] = {}
        """Whose conversation opens for a member id. Unknown ids open by the address beside them."""
        self.asked_by_id: list[str | None] = []
        """The member id with which each conversation was opened."""
        self.invited: list[SentInvitation] = []
        self.cards: list[BirthdayCard] = []
        self.lines: list[InboxLine] = []
        self.deaf = False
        """Whether clicks have no effect."""
        self.misses = False
        """Whether conversations may have messages that aren't shown."""
        self._happens: dict[str, list[Callable[[], None]]] = defaultdict(list)

    def on(self, step: str, happens: Callable[[], None]) -> None:
        """Let something happen at the next such step, once."""
        self._happens[step].append(happens)

    def fail(self, step: str, error: Exception, *, times: int = 1) -> None:
        """Let the next such steps fail."""

        def raise_it() -> None:
            raise error

        self._happens[step] += [raise_it] * times

    def step(self, name: str) -> None:
        self.steps.append(name)
        if self._happens[name]:
            self._happens[name].pop(0)()

    def signed_in(self) -> bool:
        return True

    def birthdays(self, today: date) -> Sequence[BirthdayCard]:
        self.step("birthdays")
        return self.cards

    def inbox(self, since: datetime) -> Sequence[InboxLine]:
        self.step("inbox")
        return [line for line in self.lines if line.at >= since]

    def open_thread(self, profile_url: str, member_url: str | None = None) -> "ScriptedThread":
        self.step("open")
        self.asked_by_id.append(member_url)
        address = self.opens_by_id.get(member_url or "", profile_url)
        return ScriptedThread(self, self.opens_as.get(address, address))

    def search(self, query: SearchQuery, page: int) -> ResultPage:
        self.step("search")
        return ResultPage((), has_next=False)

    def read_profile(self, profile_url: str, sections: Collection[Section]) -> Profile:
        self.step("profile")
        return Profile(profile_url, "Ann", "a headline", "a place", None, open_to_work=False)

    def shown_keys(self) -> PersonKeys:
        return PersonKeys(None, None)

    def sent_invitations(
        self, today: date, on_page: PageProgress = ignore_progress
    ) -> Sequence[SentInvitation]:
        self.step("list")
        return list(self.invited)

    def open_invitation(self, profile_url: str) -> "ScriptedInvitation":
        self.step("find")
        if all(sent.profile_url != profile_url for sent in self.invited):
            raise NeverError(Reason.INVITATION_GONE, "there is no longer an invitation to this person")
        return ScriptedInvitation(self, profile_url)

    def normalise(self, profile_url: str) -> str:
        return profile_url.lower()

    def screenshot(self, path: Path, *, masked: bool) -> None:
        self.pictures.append(masked)
        self.step("picture")


class ScriptedThread:
    """Keeps the promises of `Thread`."""

    def __init__(self, site: ScriptedSite, profile_url: str) -> None:
        self._site = site
        self._url = profile_url
        self._draft = ""

    def recipient(self) -> str:
        self._site.step("recipient")
        return self._site.normalise(self._url)

    def shown_name(self) -> str:
        self._site.step("name")
        return self._site.names.get(self._url, self._url.rstrip("/").rpartition("/")[2].title())

    def member(self) -> str | None:
        return self._site.members.get(self._url)

    def messages(self) -> Sequence[ThreadMessage]:
        self._site.step("messages")
        return list(self._site.threads[self._url])

    def may_miss_messages(self) -> bool:
        return self._site.misses

    def type(self, text: str) -> None:
        self._site.step("type")
        self._draft = text

    def click_send(self) -> None:
        self._site.step("click")
        if not self._site.deaf:
            self._site.sent.append((self._url, self._draft))
            now = datetime.now(UTC)  # noqa: TID251 -- when the site shows that it was sent
            self._site.threads[self._url].append(ThreadMessage(True, self._draft, now))
        self._site.step("clicked")

    def proof(self, text: str, *, more_than: int) -> bool:
        self._site.step("proof")
        return sum(m.outgoing and m.text == text for m in self._site.threads[self._url]) > more_than

    def clear(self) -> None:
        self._site.step("clear")
        self._draft = ""

    def close(self) -> None:
        self._site.step("close")


class ScriptedInvitation:
    """Keeps the promises of `Invitation`."""

    def __init__(self, site: ScriptedSite, profile_url: str) -> None:
        self._site = site
        self._url = profile_url

    def withdraw(self) -> None:
        self._site.step("withdraw")
        if not self._site.deaf:
            self._site.withdrawn.append(self._url)
            self._site.invited = [sent for sent in self._site.invited if sent.profile_url != self._url]
        self._site.step("withdrawn")
