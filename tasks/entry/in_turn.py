"""Carry out one action after the other of an account. Shared by the task functions."""

from uuid import UUID

from tasks.actions.dispatch import dispatch_next
from tasks.actions.perform import claim_action, perform_claimed
from tasks.services import Services


def perform_and_dispatch_next(services: Services, action_id: UUID) -> None:
    """Carry out one action; then dispatch the next one of its account, which is free again."""
    claim = claim_action(services, action_id)
    if claim is not None:
        perform_claimed(services, claim)
        dispatch_next(services, claim.account_id)
