"""The words for what an action is, and for the states that it passes."""

from datetime import date

from api_stub.console.formats import format_day
from api_stub.console.today.standing import Texts
from worker.rules.model import ActionState, Kind


def name_state(state: ActionState, texts: Texts) -> str:
    """Return a state in words."""
    words = {
        ActionState.PROPOSED: texts.gettext("proposed"),
        ActionState.PLANNED: texts.gettext("planned"),
        ActionState.QUEUED: texts.gettext("handed to the workers"),
        ActionState.CLAIMED: texts.gettext("taken by a worker"),
        ActionState.ACTING: texts.gettext("about to have its effect"),
        ActionState.UNCERTAIN: texts.gettext("uncertain"),
        ActionState.DONE: texts.gettext("done"),
        ActionState.FAILED: texts.gettext("failed"),
        ActionState.SKIPPED: texts.gettext("left out"),
        ActionState.NEEDS_REVIEW: texts.gettext("waits for a person"),
    }
    return words[state]


def name_action(kind: Kind, on: date, locale: str, texts: Texts) -> str:
    """Return what an action does, and for which day."""
    words = {
        Kind.GREET: texts.gettext("Greeting for the birthday on %(day)s"),
        Kind.VISIT: texts.gettext("Visit of the profile, planned on %(day)s"),
        Kind.COLLECT: texts.gettext("A page of a search, planned on %(day)s"),
        Kind.WITHDRAW: texts.gettext("Withdrawal of the invitation, planned on %(day)s"),
    }
    return words[kind] % {"day": format_day(on, locale)}
