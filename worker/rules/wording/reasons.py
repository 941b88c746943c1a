"""The words of reason codes, for people."""

from collections.abc import Mapping
from typing import Final

from worker.errors import Reason

_REASON_TEXTS: Final[Mapping[Reason, str]] = {
    Reason.GAP: "the gap between two actions is not over",
    Reason.RUN_LIMIT: "this run's limit is reached",
    Reason.DAY_LIMIT: "the day's limit is reached",
    Reason.WEEK_LIMIT: "the limit of 7 days is reached",
    Reason.ALL_DAY_LIMIT: "the day's limit of all kinds together is reached",
    Reason.ALL_WEEK_LIMIT: "the limit of 7 days of all kinds together is reached",
    Reason.OUTSIDE_HOURS: "it is outside the working hours",
    Reason.BREAKER_OPEN: "the breaker is open: the site failed several times in a row",
    Reason.BREAKER_PROBE: "the breaker lets one action try first",
    Reason.QUOTA_CHANGED: "the quota was recounted meanwhile",
    Reason.ACCOUNT_STOPPED: "the account was stopped",
    Reason.ACCOUNT_PAUSED: "a person paused the account",
    Reason.CAMPAIGN_PAUSED: "a person paused the campaign",
    Reason.IMPORT_UNDER_WAY: "contacts are being imported into the account",
    Reason.KILL_SWITCH: "the kill switch is on",
    Reason.LEASE_LOST: "its worker lost the lease",
    Reason.SETTLED_BY_HAND: "a person settled it",
    Reason.NOT_SIGNED_IN: "the account is not signed in",
    Reason.LEASE_LAPSED: "its worker stopped responding",
    Reason.SITE_UNREACHABLE: "the site did not answer",
    Reason.SITE_UNEXPECTED: "the site showed an unknown page",
    Reason.QUOTA_UNREADABLE: "the quota could not be read",
    Reason.BROKER_UNREACHABLE: "Redis did not accept the message",
    Reason.DO_NOT_CONTACT: "this person is not to be contacted",
    Reason.ALREADY_GREETED: "this person was already greeted",
    Reason.CONTACT_REPLIED: "this person wrote first: answer it yourself",
    Reason.NOT_CONNECTED: "this person is not connected to the account",
    Reason.ONE_VOICE: "this person already had a message today",
    Reason.ON_HOLD: "this person is on hold",
    Reason.ADDRESS_MOVED: (
        "the profile address belongs to another member now: `rapport contacts same` says what to do"
    ),
    Reason.MAYBE_SAME_PERSON: (
        "another contact may be the same person: `rapport contacts same` says what to do"
    ),
    Reason.MERGED: "another contact proved to be the same person",
    Reason.AWAITING_APPROVAL: "it waits for a person's approval",
    Reason.NAME_DIFFERS: "the site shows another name than the text: look at it",
    Reason.NOT_CHECKED: (
        "a check has not proven that this site's pages can be used for it: `rapport why` says what to do"
    ),
    Reason.AWAITING_FIRST_LOOK: (
        "a person has to look at the message sent before: `rapport why` says what to do"
    ),
    Reason.COMPOSER_OCCUPIED: "a draft that is not Rapport's stands in the conversation: send or delete it",
    Reason.WRITTEN_BY_HAND: "you have already written to this person by hand",
    Reason.NO_NAME: "there is no name to address this person by",
    Reason.NO_FRESH_TEMPLATE: "this person has received every template already",
    Reason.DROPPED_BY_HAND: "a person dropped it",
    Reason.NOT_APPROVED: "nobody approved this recipient and text",
    Reason.VISITED_LATELY: "this profile was opened recently, or may have been",
    Reason.FORGOTTEN: "this person asked to be forgotten",
    Reason.INVITATION_GONE: "the invitation is no longer there",
    Reason.EXPIRED: "its last day has passed",
    Reason.PROFILE_GONE: "the profile no longer exists",
    Reason.CAMPAIGN_CANCELLED: "its campaign was cancelled",
    Reason.TOO_MANY_ATTEMPTS: "it failed too often",
    Reason.WRONG_RECIPIENT: "the thread belonged to somebody else",
    Reason.PROOF_MISSING: "nothing proved that it arrived",
    Reason.CANNOT_TELL: "only a person can tell whether it arrived",
    Reason.NO_TEMPLATE: (
        "no template fits: none in this language can be used, or each needs a value that isn't known for "
        "this person"
    ),
    Reason.CHALLENGE: "the site asks for proof that you are human",
    Reason.LIMIT_PAGE: "the site showed a limit page",
    Reason.SITE_CHANGED: "a page of the site had changed: an element was missing or contradicted another",
    Reason.LANGUAGE_UNKNOWN: "the site's pages are in a language that Rapport can't read",
    Reason.ENTER_SENDS: "the site is set to send with the Enter key, which Rapport never presses",
    Reason.ACCOUNT_HELD: "the site lets this account send nothing to its own connections",
    Reason.UNEXPECTED: "an unexpected error; the logs say more",
}


_COUNTED_TEXTS: Final[Mapping[Reason, str]] = {
    Reason.DO_NOT_CONTACT: "not to be contacted",
    Reason.ALREADY_GREETED: "already greeted",
    Reason.CONTACT_REPLIED: "wrote first: answer them yourself",
    Reason.NOT_CONNECTED: "not connected to the account",
    Reason.ONE_VOICE: "already had a message today",
    Reason.ON_HOLD: "on hold",
    Reason.NAME_DIFFERS: "shown by another name than the text",
    Reason.COMPOSER_OCCUPIED: "with a draft of yours in the conversation",
    Reason.NO_NAME: "without a name to address them by",
    Reason.NO_FRESH_TEMPLATE: "have received every template already",
    Reason.VISITED_LATELY: "visited recently, or maybe visited",
    Reason.FORGOTTEN: "asked to be forgotten",
    Reason.MERGED: "proved to be the same person as another contact",
    Reason.ADDRESS_MOVED: "at an address that belongs to another member now",
    Reason.MAYBE_SAME_PERSON: "perhaps the same person as another contact",
}
"""The words after a number of people, for reasons whose own text is about one person."""


def describe_reason_count(reason: Reason, count: int) -> str:
    """Return how many there are for a reason: "2 already had a message today"."""
    return f"{count} {_COUNTED_TEXTS.get(reason) or f'because {describe_reason(reason)}'}"


def describe_reason(reason: Reason) -> str:
    """Return the text of a reason code; a code without one is returned with blanks for underscores."""
    return _REASON_TEXTS.get(reason, reason.replace("_", " "))


def reason_suffix(reason: Reason | None) -> str:
    """Return ": " and the reason's text, or nothing without a reason."""
    return f": {describe_reason(reason)}" if reason else ""
