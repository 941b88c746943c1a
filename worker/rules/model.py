"""The domain's nouns as enums and frozen records; docs/architecture.md explains them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What an action does. It concerns one contact; only `collect` reads a page of search results.

    Every opening of a profile is a visit, whichever campaign plans it: a site counts all views together.
    """

    GREET = "greet"
    VISIT = "visit"
    COLLECT = "collect"
    WITHDRAW = "withdraw"

    @property
    def reads(self) -> bool:
        """Whether it only reads a page, so that it can be repeated after a failure."""
        return self in {Kind.VISIT, Kind.COLLECT}


NO_CONTACT_LABEL: Final = "a page of people"
"""Shown in place of the contact for an action that reads a page of search results."""


class CampaignKind(StrEnum):
    """The kinds of campaign that people and schedules start."""

    BIRTHDAY = "birthday"
    VISITOR = "visitor"
    SOURCING = "sourcing"
    INVITATIONS = "invitations"


class ActionState(StrEnum):
    """The states of an action; worker/rules/lifecycle.py lists the transitions."""

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
    """The states of a campaign: it reads the site, then plans. One that can't be planned has failed."""

    READING = "reading"
    PLANNED = "planned"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FAILED = "failed"


class AccountStatus(StrEnum):
    """Only an active account acts. A person pauses it; a challenge, login or limit page stops it."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"


class ContactStatus(StrEnum):
    """A contact's relation to the account on the site."""

    CONNECTED = "connected"
    NOT_CONNECTED = "not_connected"
    PROSPECT = "prospect"


class SearchEnd(StrEnum):
    """Why a search ended."""

    LIMIT = "limit"
    NO_MORE_PAGES = "no_more_pages"
    NO_NEWS = "no_news"
    FAILED = "failed"


class ImportSource(StrEnum):
    """The format that contacts were imported from."""

    LINKEDIN = "linkedin"
    CSV = "csv"
    GOOGLE = "google"
    VCARD = "vcard"
    ICALENDAR = "icalendar"
    V1 = "v1"


@dataclass(frozen=True, slots=True)
class Birthday:
    """Day and month of birth. Sites rarely show the year."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class BirthdayCard:
    """One entry of a site's birthdays page. `on` is the calendar date of this year's birthday.

    `member_url` is the address by member id, where the page shows it.
    """

    profile_url: str
    full_name: str
    on: date
    member_url: str | None = None


@dataclass(frozen=True, slots=True)
class InboxLine:
    """One conversation in a site's inbox: with whom, when the last message came, and whether it is ours.

    `profile_url` is None on a site whose inbox shows only a `name`.
    `preview` is the beginning of the message, which ends with "…" where it is cut; it is never stored.
    `automatic`: the site marks the message as an automatic answer.
    """

    profile_url: str | None
    at: datetime
    outgoing: bool
    preview: str = field(default="", repr=False)
    automatic: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """One bubble of a thread. `at` is None where the site shows no time.

    `automatic`: the site marks it as an automatic answer.
    """

    outgoing: bool
    text: str
    at: datetime | None
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """One search result. `degree` is 1 for a connection, None where the site shows none."""

    profile_url: str
    full_name: str
    headline: str
    location: str
    degree: int | None
    open_to_work: bool


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of search results, in the site's order. `has_next`: the site offers another page."""

    people: tuple[FoundPerson, ...]
    has_next: bool


@dataclass(frozen=True, slots=True)
class SentInvitation:
    """A pending invitation. `sent_on` is as exact as the site shows it."""

    profile_url: str
    full_name: str
    sent_on: date
