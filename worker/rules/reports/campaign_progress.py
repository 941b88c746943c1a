"""How far a campaign has come, from its stored state and the states of its actions."""

from collections.abc import Mapping
from enum import StrEnum

from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, CampaignState


class CampaignProgress(StrEnum):
    """What a person is told about a campaign. The stored state only says whether it is planned."""

    READING = "reading"
    DRY_RUN = "dry_run"
    NOTHING_TO_DO = "nothing_to_do"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    RUNNING = "running"
    NEEDS_REVIEW = "needs_review"
    FINISHED = "finished"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FAILED = "failed"


OVER = frozenset(
    {
        CampaignProgress.DRY_RUN, CampaignProgress.NOTHING_TO_DO, CampaignProgress.FINISHED,
        CampaignProgress.CANCELLED, CampaignProgress.FAILED,
    }
)  # fmt: skip
"""The progress of campaigns in which nothing more happens."""

_FROM_STATE: Mapping[CampaignState, CampaignProgress] = {
    CampaignState.READING: CampaignProgress.READING,
    CampaignState.PAUSED: CampaignProgress.PAUSED,
    CampaignState.CANCELLED: CampaignProgress.CANCELLED,
    CampaignState.FAILED: CampaignProgress.FAILED,
}


def campaign_progress(
    state: CampaignState, actions: Mapping[ActionState, int], *, dry_run: bool
) -> CampaignProgress:
    """Return the progress of a campaign in `state`, which has so many `actions` in each state.

    A planned campaign runs while Rapport still has something to do in it. If all that is left waits for a
    person, the progress says for what.
    """
    if state in _FROM_STATE:
        return _FROM_STATE[state]
    if dry_run:
        return CampaignProgress.DRY_RUN
    present = {action for action, count in actions.items() if count}
    still_open = present - END_STATES
    if not still_open:
        return CampaignProgress.FINISHED if present else CampaignProgress.NOTHING_TO_DO
    if still_open - {ActionState.PROPOSED, ActionState.NEEDS_REVIEW}:
        return CampaignProgress.RUNNING
    proposed = ActionState.PROPOSED in still_open
    return CampaignProgress.WAITING_FOR_APPROVAL if proposed else CampaignProgress.NEEDS_REVIEW
