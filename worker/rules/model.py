"""The nouns of design §1 as enums and frozen records."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What an action does: to one contact, but for `collect`, which reads one page of people found.

    A visit opens a profile, whoever asked for it; a site counts its views together.
    """

    GREET = "greet"
    VISIT = "visit"
    COLLECT = "collect"
    WITHDRAW = "withdraw"

    @property
    def reads(self) -> bool:
        """Whether it only opens a page, so that one which came to nothing may be opened again."""
        return self in {Kind.VISIT, Kind.COLLECT}


NO_CONTACT_LABEL: Final = "a page of people"
"""What stands for the contact of an action that reads a page of people found."""


class CampaignKind(StrEnum):
    """The kinds of campaign that people and schedules start."""

    BIRTHDAY = "birthday"
    VISITOR = "visitor"
    SOURCING = "sourcing"
    INVITATIONS = "invitations"


class ActionState(StrEnum):
    """States of design §2; `worker.rules.lifecycle` says which may follow which."""

    PROPOSED = "proposed"
    PLANNED = "planned"
    QUEUED = "queued"
    CLAIMED = "claimed"
    ACTING = "acting"
    UNCERTAIN = "uncertain"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    NEEDS_REVIEW = "needs_review"


class CampaignState(StrEnum):
    """A campaign first reads the site, then plans; a plan that cannot be made says why."""

    READING = "reading"
    PLANNED = "planned"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FAILED = "failed"


class AccountStatus(StrEnum):
    """Only an active account acts. A person pauses it; a site's page that asks for a person stops it."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"


class ContactStatus(StrEnum):
    """How a person stands to the account on the site."""

    CONNECTED = "connected"
    NOT_CONNECTED = "not_connected"
    PROSPECT = "prospect"


class SearchEnd(StrEnum):
    """Why a campaign reads no further page of its search."""

    LIMIT = "limit"
    NO_MORE_PAGES = "no_more_pages"
    NO_NEWS = "no_news"
    FAILED = "failed"


class ImportSource(StrEnum):
    """Where imported contacts come from."""

    LINKEDIN = "linkedin"
    CSV = "csv"
    GOOGLE = "google"
    VCARD = "vcard"
    ICALENDAR = "icalendar"
    V1 = "v1"


@dataclass(frozen=True, slots=True)
class Birthday:
    """Day and month of birth; the year is often unknown."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class BirthdayCard:
    """One entry of a site's birthdays page. `on` is the calendar date of this year's birthday."""

    profile_url: str
    full_name: str
    on: date


@dataclass(frozen=True, slots=True)
class InboxLine:
    """One conversation as a site's inbox lists it: with whom, when last, and whether by the account itself.

    Never the text: whoever wants that opens the thread.
    """

    profile_url: str
    at: datetime
    outgoing: bool


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """One bubble of a thread. `at` is None where the site shows no time."""

    outgoing: bool
    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """One entry of a page of people found. `degree` is 1 for a connection; None where the site says none."""

    profile_url: str
    full_name: str
    headline: str
    location: str
    degree: int | None
    open_to_work: bool


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of people found, in the site's order, and whether the site has another."""

    people: tuple[FoundPerson, ...]
    has_next: bool


@dataclass(frozen=True, slots=True)
class SentInvitation:
    """An invitation that nobody has answered. `sent_on` is as exact as the site tells."""

    profile_url: str
    full_name: str
    sent_on: date
