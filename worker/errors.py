"""Reason codes, and error classes that say what the caller must do next.

Every expected failure of an action is one of three classes, each with a reason code that is stored in the
action's row. Errors of drivers (Playwright, Redis, Postgres) are translated once, where they are raised.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why something waits, or why it ended as it did. The tables have a CHECK on these codes."""

    # waiting
    GAP = "gap"
    RUN_LIMIT = "run_limit"
    DAY_LIMIT = "day_limit"
    WEEK_LIMIT = "week_limit"
    ALL_DAY_LIMIT = "all_day_limit"
    ALL_WEEK_LIMIT = "all_week_limit"
    OUTSIDE_HOURS = "outside_hours"
    BREAKER_OPEN = "breaker_open"
    BREAKER_PROBE = "breaker_probe"
    QUOTA_CHANGED = "quota_changed"
    ONE_VOICE = "one_voice"
    ON_HOLD = "on_hold"
    ADDRESS_MOVED = "address_moved"
    MAYBE_SAME_PERSON = "maybe_same_person"
    AWAITING_APPROVAL = "awaiting_approval"
    NAME_DIFFERS = "name_differs"
    NOT_CHECKED = "not_checked"
    AWAITING_FIRST_LOOK = "awaiting_first_look"
    COMPOSER_OCCUPIED = "composer_occupied"
    ACCOUNT_STOPPED = "account_stopped"
    ACCOUNT_PAUSED = "account_paused"
    CAMPAIGN_PAUSED = "campaign_paused"
    IMPORT_UNDER_WAY = "import_under_way"
    KILL_SWITCH = "kill_switch"
    LEASE_LOST = "lease_lost"
    SETTLED_BY_HAND = "settled_by_hand"
    NOT_SIGNED_IN = "not_signed_in"
    LEASE_LAPSED = "lease_lapsed"
    SITE_UNREACHABLE = "site_unreachable"
    SITE_UNEXPECTED = "site_unexpected"
    QUOTA_UNREADABLE = "quota_unreadable"
    BROKER_UNREACHABLE = "broker_unreachable"
    # skipped
    DO_NOT_CONTACT = "do_not_contact"
    ALREADY_GREETED = "already_greeted"
    CONTACT_REPLIED = "contact_replied"
    NOT_CONNECTED = "not_connected"
    PROFILE_GONE = "profile_gone"
    CAMPAIGN_CANCELLED = "campaign_cancelled"
    WRITTEN_BY_HAND = "written_by_hand"
    NO_NAME = "no_name"
    NO_FRESH_TEMPLATE = "no_fresh_template"
    DROPPED_BY_HAND = "dropped_by_hand"
    NOT_APPROVED = "not_approved"
    VISITED_LATELY = "visited_lately"
    FORGOTTEN = "forgotten"
    MERGED = "merged"
    INVITATION_GONE = "invitation_gone"
    EXPIRED = "expired"
    # failed, uncertain, needs review
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    WRONG_RECIPIENT = "wrong_recipient"
    PROOF_MISSING = "proof_missing"
    CANNOT_TELL = "cannot_tell"
    NO_TEMPLATE = "no_template"
    # the site stopped the account
    CHALLENGE = "challenge"
    LIMIT_PAGE = "limit_page"
    SITE_CHANGED = "site_changed"
    LANGUAGE_UNKNOWN = "language_unknown"
    ENTER_SENDS = "enter_sends"
    ACCOUNT_HELD = "account_held"
    # a bug
    UNEXPECTED = "unexpected"


class RapportError(Exception):
    """Base class. `reason` is the code that is stored; the text is for a person."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class TryAgainError(RapportError):
    """A transient failure (timeout, navigation error): the same action may be retried later."""


class StopAccountError(RapportError):
    """The site asks for a person (challenge, login page, limit page): the whole account stops."""


class NeverError(RapportError):
    """A permanent failure of this action (profile gone, no longer connected): it is never retried."""


class PremiumWallError(NeverError):
    """The site offers a paid plan in place of the composer: not connected, or the account is held."""

    def __init__(self) -> None:
        super().__init__(Reason.NOT_CONNECTED, "the site offers Premium instead of a message")


class UnknownDialogError(TryAgainError):
    """An unknown dialog came up after the click, and nothing proves the effect: a person decides."""

    def __init__(self, text: str) -> None:
        super().__init__(Reason.PROOF_MISSING, text)


class RequestRefusedError(Exception):
    """A request that can't be carried out. The text says what to change; nothing was planned."""


class ConfigurationError(Exception):
    """A setting is missing or invalid. The text names it and says what to do."""
