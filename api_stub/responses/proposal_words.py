"""What a person should look at before deciding on a proposal, in words, for every front."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from db.store.actions.review.proposals import LastContact, Proposal
from worker.rules.messages.placeholders import find_placeholders
from worker.rules.model import Kind
from worker.rules.wording.phrases import Phrase

LEFT_ALONE: Final = "not to be contacted: it can't be approved"
DOES_IT_FIT: Final = "%(note)s: does the text fit the person?"
ON_HOLD: Final = "on hold: it is not sent before %(day)s"
TOO_LATE: Final = "its last day has passed: it can't be approved"
FOR_ANOTHER_DAY: Final = "the text was written for %(day)s: does it still fit?"
UNFILLED: Final = "the text has %(written)s, which nothing fills in: edit it, or choose another template"

LAST_CONTACT_TEXTS: Final = {
    Kind.GREET: "you wrote",
    Kind.VISIT: "you opened the profile",
    Kind.COLLECT: "you found the profile in a search",
    Kind.WITHDRAW: "you withdrew an invitation",
    None: "they wrote",
}
PHRASES: Final = (
    LEFT_ALONE, DOES_IT_FIT, ON_HOLD, TOO_LATE, FOR_ANOTHER_DAY, UNFILLED, *LAST_CONTACT_TEXTS.values()
)  # fmt: skip
"""Every text, for translation."""


def list_warnings(proposal: Proposal, format_day: Callable[[date], str]) -> Iterator[Phrase]:
    """Yield what to look at."""
    if proposal.do_not_contact:
        yield Phrase(LEFT_ALONE)
    if proposal.note is not None:
        yield Phrase(DOES_IT_FIT, {"note": proposal.note})
    if proposal.hold_until is not None and proposal.hold_until > proposal.today:
        yield Phrase(ON_HOLD, {"day": format_day(proposal.hold_until)})
    if is_too_late(proposal):
        yield Phrase(TOO_LATE)
    if proposal.days_late > 0 and proposal.worded_for not in {None, proposal.today}:
        yield Phrase(FOR_ANOTHER_DAY, {"day": format_day(proposal.worded_for or proposal.today)})
    if found := find_placeholders(proposal.message):
        yield Phrase(UNFILLED, {"written": found[0].written})


def is_too_late(proposal: Proposal) -> bool:
    """Return whether its last day has passed."""
    return proposal.expires_on is not None and proposal.expires_on < proposal.today


def can_be_approved(proposal: Proposal) -> bool:
    """Return whether approving it as it is would not be refused, as far as the proposal tells."""
    return not (proposal.do_not_contact or is_too_late(proposal) or find_placeholders(proposal.message))


def describe_last_contact(last: LastContact) -> Phrase:
    """Say what the last contact was."""
    return Phrase(LAST_CONTACT_TEXTS[last.kind])
