"""The state machine of an action. A transition that the tables don't list is an error."""

from collections.abc import Mapping

from worker.rules.model import ActionState as S

TRANSITIONS: Mapping[S, frozenset[S]] = {
    S.PROPOSED: frozenset({S.PLANNED, S.SKIPPED}),
    S.PLANNED: frozenset({S.QUEUED, S.SKIPPED, S.PROPOSED}),
    S.QUEUED: frozenset({S.CLAIMED, S.PLANNED}),
    S.CLAIMED: frozenset({S.ACTING, S.PLANNED, S.SKIPPED, S.FAILED}),
    S.ACTING: frozenset({S.DONE, S.UNCERTAIN}),
    S.UNCERTAIN: frozenset({S.UNCERTAIN, S.DONE, S.PLANNED, S.NEEDS_REVIEW}),
    S.NEEDS_REVIEW: frozenset({S.DONE, S.PLANNED, S.SKIPPED}),
    S.DONE: frozenset(),
    S.FAILED: frozenset(),
    S.SKIPPED: frozenset(),
}

READ_ONLY_TRANSITIONS: Mapping[S, frozenset[S]] = {S.ACTING: frozenset({S.PLANNED, S.SKIPPED, S.FAILED})}
"""Further transitions of an action that only reads (`Kind.reads`): it has no effect to reconcile."""

UNDO_TRANSITIONS: Mapping[S, frozenset[S]] = {S.SKIPPED: frozenset({S.PROPOSED})}
"""Further transitions for who takes a decision on a proposal back (db/store/actions/review/undo.py).

A trigger refuses them unless the decision is stored, was made in the last UNDO_FOR, and was not taken back.
"""

IN_FLIGHT = frozenset({S.QUEUED, S.CLAIMED, S.ACTING})
"""States in which a message or a worker holds the action; at most one such action for each account."""

END_STATES = frozenset(state for state, following in TRANSITIONS.items() if not following)

WAITING = frozenset(TRANSITIONS) - IN_FLIGHT - END_STATES
"""States in which the action waits: for its time, for a look at the site, or for a person."""

STATES_NEEDING_REASON = frozenset({S.PROPOSED, S.UNCERTAIN, S.NEEDS_REVIEW, S.FAILED, S.SKIPPED})
"""States that need a reason code."""


def check_transition(from_state: S, to_state: S, *, reading: bool = False, undoing: bool = False) -> None:
    """Raise ValueError unless the tables list the transition.

    `reading`: the action only reads. `undoing`: a decision is taken back.
    """
    listed = set(TRANSITIONS[from_state])
    if reading:
        listed |= READ_ONLY_TRANSITIONS.get(from_state, frozenset())
    if undoing:
        listed |= UNDO_TRANSITIONS.get(from_state, frozenset())
    if to_state not in listed:
        raise ValueError(f"an action cannot move from {from_state} to {to_state}")
