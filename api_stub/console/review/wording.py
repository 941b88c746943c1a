"""What the pages say about decisions, in the viewer's language."""

from collections.abc import Mapping
from typing import Final

from babel import Locale

from api_stub.console import i18n
from api_stub.console.page import say
from api_stub.console.session import SignedIn
from db.store.actions.review.approval import REFUSALS, Decision, DecisionOutcome
from db.store.actions.review.undo_effects import UndoOutcome
from worker.errors import Reason
from worker.rules.messages.approval import Choice
from worker.rules.model import ActionState
from worker.rules.wording.phrases import Phrase
from worker.rules.wording.reasons import describe_reason


def _(text: str) -> str:
    """Mark a text for the catalogue; `say` translates it."""
    return text


DONE: Final[Mapping[Choice, str]] = {
    Choice.APPROVED: _("%(name)s: approved."),
    Choice.DROPPED: _("%(name)s: left out this time."),
    Choice.HELD: _("%(name)s: on hold until %(day)s."),
    Choice.NEVER: _("%(name)s: never contacted again."),
}
UNDONE: Final[Mapping[UndoOutcome, str]] = {
    UndoOutcome.DONE: _("Taken back: it waits for you again."),
    UndoOutcome.TOO_LATE: _("Not taken back: that is possible for 30 seconds only."),
    UndoOutcome.SENT: _("Not taken back: it is being sent already."),
    UndoOutcome.CHANGED: _("Not taken back: it has changed since, or was taken back before."),
}
UNKNOWN_UNDO: Final = _("Not taken back: only who decided can take it back.")
TEXT_CHOSEN: Final = _("%(name)s: another text. It still waits for you.")

_STATES: Final[Mapping[ActionState, str]] = {
    ActionState.PLANNED: _("approved"),
    ActionState.QUEUED: _("being sent"),
    ActionState.CLAIMED: _("being sent"),
    ActionState.ACTING: _("being sent"),
    ActionState.UNCERTAIN: _("perhaps sent: a worker checks"),
    ActionState.NEEDS_REVIEW: _("perhaps sent: you have to check"),
    ActionState.DONE: _("sent"),
    ActionState.FAILED: _("failed"),
}
_OF_TEXT: Final = _("The text %(what)s.")
_DECIDED: Final = _("it is decided already: %(state)s")
_DECIDED_BY: Final = _("it is decided already: %(state)s, by %(who)s")


def say_phrase(viewer: SignedIn, phrase: Phrase) -> str:
    """Return a phrase in the viewer's language."""
    return say(viewer, phrase.text, **phrase.values)


def say_undoable(viewer: SignedIn, choice: Choice, count: int, contact: str) -> str:
    """Return what was decided last."""
    if choice is Choice.APPROVED and count > 1:
        texts = i18n.load_texts(viewer.locale)
        return texts.ngettext("%(count)s approved.", "%(count)s approved.", count) % {"count": count}
    return say(viewer, _("%(name)s: on hold.") if choice is Choice.HELD else DONE[choice], name=contact)


def say_of_text(viewer: SignedIn, fault: Phrase) -> str:
    """Return what a check of a text found, as a sentence."""
    return say(viewer, _OF_TEXT, what=say_phrase(viewer, fault))


def say_refusal(viewer: SignedIn, decision: Decision) -> str:
    """Return why a decision changed nothing, and what to do."""
    if decision.outcome is not DecisionOutcome.DECIDED:
        return say(viewer, REFUSALS[decision.outcome])
    state = say(viewer, _STATES.get(decision.state or ActionState.PLANNED, ""))
    if decision.state is ActionState.SKIPPED:
        state = say(viewer, describe_reason(decision.reason or Reason.DROPPED_BY_HAND))
    who = (decision.decided_by or "").partition("by ")[2]
    return say(viewer, _DECIDED_BY, state=state, who=who) if who else say(viewer, _DECIDED, state=state)


def language_names(viewer: SignedIn) -> Mapping[str, str]:
    """Return the names of languages by code, in the viewer's language."""
    names: Mapping[str, str] = Locale(viewer.locale).languages
    return names
