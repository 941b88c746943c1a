"""Say in words what becomes of the greeting for one birthday."""

from worker.errors import Reason
from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState
from worker.rules.wording.reasons import describe_reason


def describe_greeting(
    planned_as: ActionState | None, left_out: Reason | None, at: str | None, *, none: str = "none"
) -> str:
    """Return whether it was sent, why it isn't, or when it will be.

    `at` is the forecast's time in words, `none` what is said of a greeting that is not sent.
    """
    if planned_as in END_STATES:
        return "sent" if planned_as is ActionState.DONE else f"{planned_as}: not sent"
    if left_out is not None:
        return f"{none}: {describe_reason(left_out)}"
    if at is None:
        return f"{planned_as}" if planned_as else f"{none}: the limits leave no time for it"
    return f"{planned_as}, about {at}" if planned_as else f"about {at}"
