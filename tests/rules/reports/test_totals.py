"""The counters of the predecessor's dashboards count effects and ends, each once."""

import pytest

from worker.rules.lifecycle import END_STATES, TRANSITIONS
from worker.rules.model import ActionState as S
from worker.rules.model import CampaignKind, Kind
from worker.rules.reports.totals import (
    PROCESSED_SOURCES,
    MoveTotal,
    PeopleSource,
    ProcessedOutcome,
    count_processed,
    count_sent,
)

OK, SKIP, FAILED = ProcessedOutcome.SUCCESS, ProcessedOutcome.SKIP, ProcessedOutcome.FAILED
EVERY_MOVE: list[tuple[S | None, S]] = [(None, S.PLANNED), (None, S.PROPOSED), (None, S.SKIPPED)]
EVERY_MOVE += [(was, becomes) for was, following in TRANSITIONS.items() for becomes in sorted(following)]
EFFECTS: dict[tuple[S | None, S], ProcessedOutcome] = {
    (S.ACTING, S.DONE): OK,
    (S.UNCERTAIN, S.DONE): OK,
    (S.NEEDS_REVIEW, S.DONE): OK,
    (S.UNCERTAIN, S.PLANNED): FAILED,
    (S.NEEDS_REVIEW, S.PLANNED): FAILED,
    (S.CLAIMED, S.FAILED): FAILED,
}


def move(
    was: S | None, becomes: S, *, kind: Kind = Kind.GREET, of: CampaignKind = CampaignKind.BIRTHDAY
) -> MoveTotal:
    return MoveTotal(of, kind, was, becomes, "", 3)


@pytest.mark.parametrize(("was", "becomes"), EVERY_MOVE)
def test_only_an_effect_or_an_attempt_without_one_counts_as_a_message(was: S | None, becomes: S) -> None:
    expected = {OK: 0, FAILED: 0}
    if (was, becomes) in EFFECTS:
        expected[EFFECTS[was, becomes]] = 3
    assert count_sent([move(was, becomes)]) == expected
    for kind in set(Kind) - {Kind.GREET}:
        assert count_sent([move(was, becomes, kind=kind)]) == {OK: 0, FAILED: 0}


@pytest.mark.parametrize(("was", "becomes"), EVERY_MOVE)
@pytest.mark.parametrize("source", [CampaignKind.BIRTHDAY, CampaignKind.VISITOR])
def test_an_action_on_a_person_counts_once_when_it_ends(
    source: CampaignKind, was: S | None, becomes: S
) -> None:
    counted = count_processed([move(was, becomes, kind=Kind.VISIT, of=source)], {})
    outcome = {S.DONE: OK, S.SKIPPED: SKIP, S.FAILED: FAILED}.get(becomes)
    assert {key for key, count in counted.items() if count} == ({(source, outcome)} if outcome else set())
    assert (outcome is not None) == (becomes in END_STATES)


def test_the_people_of_a_search_and_of_an_import_count_without_an_action_for_each() -> None:
    of = CampaignKind.SOURCING
    totals = [
        move(S.ACTING, S.DONE, kind=Kind.COLLECT, of=of),
        move(S.ACTING, S.DONE, kind=Kind.VISIT, of=of),
        move(S.PLANNED, S.SKIPPED, kind=Kind.VISIT, of=of),
        move(S.CLAIMED, S.FAILED, kind=Kind.COLLECT, of=of),
        move(S.ACTING, S.DONE, kind=Kind.COLLECT, of=CampaignKind.VISITOR),
        move(S.ACTING, S.DONE, kind=Kind.WITHDRAW, of=CampaignKind.INVITATIONS),
    ]
    people = {(PeopleSource.SOURCING, OK): 40, (PeopleSource.IMPORT, SKIP): 50}
    counted = count_processed(totals, people)
    assert {key: count for key, count in counted.items() if count} == {
        ("sourcing", OK): 40, ("sourcing", SKIP): 3, ("sourcing", FAILED): 3, ("import", SKIP): 50,
    }  # fmt: skip


def test_every_source_and_outcome_is_there_from_the_start() -> None:
    assert count_sent([]) == {OK: 0, FAILED: 0}
    expected = {(source, outcome): 0 for source in PROCESSED_SOURCES for outcome in ProcessedOutcome}
    assert count_processed([], {}) == expected
    assert [str(source) for source in PROCESSED_SOURCES] == ["birthday", "visitor", "sourcing", "import"]
