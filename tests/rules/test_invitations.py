"""Which invitations are withdrawn: the oldest first, up to the limit."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from worker.rules.invitations import InvitedContact, Verdict, decide_withdrawals
from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, SentInvitation

TODAY = date(2026, 11, 24)


def invited(contact_id: int, days: int, planned_as: ActionState | None = None) -> InvitedContact:
    sent = SentInvitation(f"https://sandbox.test/in/p{contact_id}/", "Ann", TODAY - timedelta(days=days))
    return InvitedContact(contact_id, sent, planned_as)


ages = st.lists(st.tuples(st.integers(0, 400), st.none() | st.sampled_from(ActionState)), max_size=30)


def verdicts(people: list[InvitedContact], *, days: int = 30, limit: int = 20) -> dict[int, Verdict]:
    judged = decide_withdrawals(people, TODAY, older_than_days=days, limit=limit)
    return {one.contact_id: verdict for one, verdict in judged}


def test_of_those_dated_alike_the_one_further_down_the_list_is_older() -> None:
    assert verdicts([invited(1, 60), invited(2, 60)], limit=1) == {2: Verdict.WITHDRAW, 1: Verdict.OVER_LIMIT}


def test_exactly_so_many_days_are_enough_and_the_oldest_go_first() -> None:
    people = [invited(1, 29), invited(2, 30), invited(3, 200), invited(4, 31)]
    assert verdicts(people, limit=2) == {
        3: Verdict.WITHDRAW, 4: Verdict.WITHDRAW, 2: Verdict.OVER_LIMIT, 1: Verdict.TOO_YOUNG,
    }  # fmt: skip


def test_what_is_on_its_way_counts_in_the_limit_and_what_has_ended_does_not() -> None:
    people = [
        invited(1, 90, ActionState.SKIPPED),
        invited(2, 80, ActionState.PLANNED),
        invited(3, 70),
        invited(4, 60),
    ]
    assert verdicts(people, limit=2) == {
        1: Verdict.TRIED, 2: Verdict.PLANNED, 3: Verdict.WITHDRAW, 4: Verdict.OVER_LIMIT,
    }  # fmt: skip


@given(people=ages, days=st.integers(1, 365), limit=st.integers(1, 100))
def test_never_too_young_never_over_the_limit_and_never_a_younger_one_instead(
    people: list[tuple[int, ActionState | None]], days: int, limit: int
) -> None:
    known = [invited(number, *person) for number, person in enumerate(people)]
    judged = decide_withdrawals(known, TODAY, older_than_days=days, limit=limit)
    assert {one.contact_id for one, _ in judged} == {one.contact_id for one in known}
    chosen = [one.invitation.sent_on for one, verdict in judged if verdict is Verdict.WITHDRAW]
    left = [one.invitation.sent_on for one, verdict in judged if verdict is Verdict.OVER_LIMIT]
    assert all((TODAY - sent_on).days >= days for sent_on in chosen + left)
    assert len(chosen) <= limit
    assert not left or max(chosen, default=date.min) <= min(left)
    for one, verdict in judged:
        assert (verdict is Verdict.TRIED) == (one.planned_as in END_STATES)


@given(people=ages, days=st.integers(1, 365), limit=st.integers(1, 100))
def test_asked_again_before_anything_happened_nothing_is_added(
    people: list[tuple[int, ActionState | None]], days: int, limit: int
) -> None:
    known = [invited(number, *person) for number, person in enumerate(people)]
    first = decide_withdrawals(known, TODAY, older_than_days=days, limit=limit)
    planned = [
        replace(one, planned_as=ActionState.PLANNED) if verdict is Verdict.WITHDRAW else one
        for one, verdict in reversed(first)
    ]
    again = decide_withdrawals(planned, TODAY, older_than_days=days, limit=limit)
    assert Verdict.WITHDRAW not in {verdict for _, verdict in again}
