"""What the counters of the predecessor's dashboards count, in terms of transitions of actions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from worker.rules.model import ActionState, CampaignKind, Kind


class ProcessedOutcome(StrEnum):
    """How a person or an entry that was processed ended."""

    SUCCESS = "success"
    SKIP = "skip"
    FAILED = "failed"


class PeopleSource(StrEnum):
    """What brings people without an action for each of them."""

    SOURCING = "sourcing"
    IMPORT = "import"


PROCESSED_SOURCES: Final = (
    CampaignKind.BIRTHDAY, CampaignKind.VISITOR, PeopleSource.SOURCING, PeopleSource.IMPORT,
)  # fmt: skip
SENT_STATUSES: Final = (ProcessedOutcome.SUCCESS, ProcessedOutcome.FAILED)

_OUTCOMES: Final = {
    ActionState.DONE: ProcessedOutcome.SUCCESS,
    ActionState.SKIPPED: ProcessedOutcome.SKIP,
    ActionState.FAILED: ProcessedOutcome.FAILED,
}
_PROVEN_ABSENT: Final = frozenset({ActionState.UNCERTAIN, ActionState.NEEDS_REVIEW})
"""An action that is planned again from one of these states was attempted without an effect."""


@dataclass(frozen=True, slots=True)
class MoveTotal:
    """How many actions moved so. `from_state` is None for a new action, `reason` is empty for none."""

    campaign_kind: CampaignKind
    kind: Kind
    from_state: ActionState | None
    to_state: ActionState
    reason: str
    moves: int


def count_sent(totals: Iterable[MoveTotal]) -> Mapping[ProcessedOutcome, int]:
    """Return the greetings that were sent, and the attempts that ended without a message.

    Sent: ended as done, because the message was proven on the site, found there later, or confirmed by a
    person. Failed: given up as failed, or planned again after two looks or a person found that the attempt
    had no effect. Nothing else counts: no denial, no skip, no attempt whose outcome isn't known yet.
    """
    sent = dict.fromkeys(SENT_STATUSES, 0)
    for total in totals:
        if total.kind is not Kind.GREET:
            continue
        if total.to_state is ActionState.DONE:
            sent[ProcessedOutcome.SUCCESS] += total.moves
        elif total.to_state is ActionState.FAILED or (
            total.to_state is ActionState.PLANNED and total.from_state in _PROVEN_ABSENT
        ):
            sent[ProcessedOutcome.FAILED] += total.moves
    return sent


def count_processed(
    totals: Iterable[MoveTotal], people: Mapping[tuple[PeopleSource, ProcessedOutcome], int]
) -> Mapping[tuple[CampaignKind | PeopleSource, ProcessedOutcome], int]:
    """Return how many people or entries each source processed, by outcome.

    Birthday and visitor campaigns: actions on a person that ended. Sourcing: the people found are successes;
    skips and failures are its visits and pages that ended so. Imports: see `people_totals`.
    """
    processed = Counter(
        {(source, outcome): 0 for source in PROCESSED_SOURCES for outcome in ProcessedOutcome}
    )
    for total in totals:
        outcome = _OUTCOMES.get(total.to_state)
        sourcing = total.campaign_kind is CampaignKind.SOURCING
        is_counted = outcome is not ProcessedOutcome.SUCCESS if sourcing else total.kind is not Kind.COLLECT
        if outcome is not None and is_counted and total.campaign_kind in PROCESSED_SOURCES:
            processed[total.campaign_kind, outcome] += total.moves
    for key, count in people.items():
        processed[key] += count
    return processed
