"""How far a campaign has come, as a person is told it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState as S
from worker.rules.model import CampaignState
from worker.rules.reports.campaign_progress import CampaignProgress as P
from worker.rules.reports.campaign_progress import campaign_progress


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ({}, P.NOTHING_TO_DO),
        ({S.PLANNED: 0}, P.NOTHING_TO_DO),
        ({S.DONE: 3, S.SKIPPED: 1}, P.FINISHED),
        ({S.SKIPPED: 2}, P.FINISHED),
        ({S.DONE: 3, S.PLANNED: 1}, P.RUNNING),
        ({S.UNCERTAIN: 1}, P.RUNNING),
        ({S.PROPOSED: 1, S.PLANNED: 1}, P.RUNNING),
        ({S.PROPOSED: 2, S.DONE: 1}, P.WAITING_FOR_APPROVAL),
        ({S.PROPOSED: 2, S.NEEDS_REVIEW: 1}, P.WAITING_FOR_APPROVAL),
        ({S.NEEDS_REVIEW: 1, S.DONE: 1}, P.NEEDS_REVIEW),
    ],
)
def test_a_planned_campaign_says_what_is_left(actions: dict[S, int], expected: P) -> None:
    assert campaign_progress(CampaignState.PLANNED, actions, dry_run=False) is expected


def test_a_dry_run_is_not_a_finished_campaign() -> None:
    assert campaign_progress(CampaignState.PLANNED, {}, dry_run=True) is P.DRY_RUN
    assert campaign_progress(CampaignState.READING, {}, dry_run=True) is P.READING
    assert campaign_progress(CampaignState.FAILED, {}, dry_run=True) is P.FAILED


@given(
    state=st.sampled_from(CampaignState),
    actions=st.dictionaries(st.sampled_from(S), st.integers(0, 3)),
    dry_run=st.booleans(),
)
def test_it_runs_only_while_something_is_open(
    state: CampaignState, actions: dict[S, int], dry_run: bool
) -> None:
    found = campaign_progress(state, actions, dry_run=dry_run)
    still_open = any(count for action, count in actions.items() if action not in END_STATES)
    assert (found is P.RUNNING) <= still_open
    if state is not CampaignState.PLANNED:
        assert found.value == state.value
