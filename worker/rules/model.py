"""The nouns of design §1 as enums and frozen records."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Kind(StrEnum):
    """What an action does to one contact."""

    GREET = "greet"
    VISIT = "visit"
    COLLECT = "collect"


class CampaignKind(StrEnum):
    """The three kinds of campaign that beat schedules."""

    BIRTHDAY = "birthday"
    VISITOR = "visitor"
    SOURCING = "sourcing"


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
