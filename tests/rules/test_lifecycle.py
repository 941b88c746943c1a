import re
from itertools import product

import pytest
from sqlalchemy import CheckConstraint, Table

from db.tables import Action, Base, one_of
from worker.errors import Reason
from worker.rules.lifecycle import END_STATES, IN_FLIGHT, STATES_NEEDING_REASON, TRANSITIONS, check_transition
from worker.rules.model import ActionState as S

DESIGN = {
    (S.PROPOSED, S.PLANNED),
    (S.PLANNED, S.QUEUED),
    (S.QUEUED, S.CLAIMED),
    (S.CLAIMED, S.ACTING),
    (S.ACTING, S.DONE),
    (S.ACTING, S.UNCERTAIN),
    (S.UNCERTAIN, S.DONE),
    (S.UNCERTAIN, S.PLANNED),
    (S.UNCERTAIN, S.NEEDS_REVIEW),
}
"""The transitions of an action that is carried out."""


def reachable(start: S) -> set[S]:
    seen, ahead = {start}, [start]
    while ahead:
        for state in TRANSITIONS[ahead.pop()] - seen:
            seen.add(state)
            ahead.append(state)
    return seen


def test_every_state_has_its_line_in_the_table() -> None:
    assert set(TRANSITIONS) == set(S)


def test_every_state_is_reached_from_a_proposal() -> None:
    assert reachable(S.PROPOSED) == set(S)


def test_only_a_plan_whose_text_changed_becomes_a_proposal_again() -> None:
    assert {state for state, following in TRANSITIONS.items() if S.PROPOSED in following} == {S.PLANNED}
    assert {state for following in TRANSITIONS.values() for state in following} == set(S)


def test_from_every_state_there_is_a_way_to_an_end() -> None:
    assert {S.DONE, S.FAILED, S.SKIPPED} == END_STATES
    assert all(reachable(state) & END_STATES for state in S)


@pytest.mark.parametrize("state", sorted(END_STATES))
def test_an_ended_action_has_no_way_out(state: S) -> None:
    assert TRANSITIONS[state] == frozenset()


def test_only_who_takes_a_decision_back_leads_out_of_an_end() -> None:
    check_transition(S.SKIPPED, S.PROPOSED, undoing=True)
    for from_state, to_state in product(END_STATES, S):
        if (from_state, to_state) != (S.SKIPPED, S.PROPOSED):
            with pytest.raises(ValueError, match=f"from {from_state} to {to_state}"):
                check_transition(from_state, to_state, undoing=True)


def test_the_designs_chain_is_allowed() -> None:
    for from_state, to_state in DESIGN:
        check_transition(from_state, to_state)


def test_a_move_that_the_table_does_not_list_is_an_error() -> None:
    for from_state, to_state in product(S, S):
        if to_state not in TRANSITIONS[from_state]:
            with pytest.raises(ValueError, match=f"from {from_state} to {to_state}"):
                check_transition(from_state, to_state)


def test_what_may_have_happened_is_never_queued_or_planned_without_looking() -> None:
    assert TRANSITIONS[S.ACTING] == {S.DONE, S.UNCERTAIN}
    assert S.QUEUED not in TRANSITIONS[S.UNCERTAIN] | TRANSITIONS[S.NEEDS_REVIEW]


def test_only_an_acting_or_an_uncertain_action_can_be_done_without_a_person() -> None:
    assert {state for state in S if S.DONE in TRANSITIONS[state]} == {S.ACTING, S.UNCERTAIN, S.NEEDS_REVIEW}


def condition(table: Table, name: str) -> str:
    found = [
        str(c.sqltext)
        for c in table.constraints
        if isinstance(c, CheckConstraint) and c.name == f"ck_{table.name}_{name}"
    ]
    assert len(found) == 1
    return found[0]


def named(sql: str) -> set[str]:
    return set(re.findall(r"'(\w+)'", sql))


def test_code_and_schema_agree_on_the_states() -> None:
    table = Base.metadata.tables[Action.__tablename__]
    assert named(condition(table, "state")) == set(S)
    assert named(condition(table, "says_why")) == STATES_NEEDING_REASON
    assert named(condition(table, "leased")) == IN_FLIGHT
    one_in_flight = next(i for i in table.indexes if i.name == "uq_actions_one_in_flight")
    assert one_in_flight.unique
    assert named(str(one_in_flight.dialect_options["postgresql"]["where"])) == IN_FLIGHT


def test_code_and_schema_agree_on_the_reasons() -> None:
    table = Base.metadata.tables[Action.__tablename__]
    assert named(condition(table, "reason")) == set(Reason)
    assert named(one_of("reason", Reason)) == set(Reason)
