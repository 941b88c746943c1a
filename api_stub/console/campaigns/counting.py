"""How much of a campaign is done."""

from collections.abc import Mapping

from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState


def count_ended(actions: Mapping[ActionState, int]) -> tuple[int, int]:
    """Return how many actions have ended, and how many there are."""
    return sum(count for state, count in actions.items() if state in END_STATES), sum(actions.values())
