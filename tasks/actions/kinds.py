"""The kinds of action: each one's task, what it does, and the check for an uncertain effect."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from db.store.actions.claims import Claim
from tasks.actions.collect import collect_page
from tasks.actions.greet import greet_contact, is_greeting_in_thread, reword_greeting
from tasks.actions.heartbeat import LeaseGuard
from tasks.actions.settle import Outcome
from tasks.actions.visit import visit_profile
from tasks.actions.withdraw import is_invitation_gone, withdraw_invitation
from tasks.contract import BIRTHDAY_GREET, INVITATIONS_WITHDRAW, SOURCING_COLLECT, VISITOR_VISIT
from tasks.quota import Grant
from tasks.services import Services
from worker.browser.site import Site
from worker.rules.model import Kind


def _keep_as_planned(_: Services, claim: Claim) -> Claim:
    return claim


@dataclass(frozen=True, slots=True)
class ActionType:
    """One kind of action.

    task: name of the Celery task that carries one out
    execute: has the effect with a granted unit of quota, and records it. An error that it raises means that
        nothing was done
    prepare: updates the claim before a unit is requested. Raises NeverError if the action can't be
        carried out any more
    has_effect: checks on the site whether an uncertain effect happened. None for a kind that only reads:
        it is never uncertain, because a page may be opened again
    """

    task: str
    execute: Callable[[Services, Claim, LeaseGuard, Grant], Outcome]
    prepare: Callable[[Services, Claim], Claim] = _keep_as_planned
    has_effect: Callable[[Services, Claim, Site], bool] | None = None


ACTION_TYPES: Mapping[Kind, ActionType] = {
    Kind.GREET: ActionType(
        BIRTHDAY_GREET, greet_contact, prepare=reword_greeting, has_effect=is_greeting_in_thread
    ),
    Kind.VISIT: ActionType(VISITOR_VISIT, visit_profile),
    Kind.COLLECT: ActionType(SOURCING_COLLECT, collect_page),
    Kind.WITHDRAW: ActionType(INVITATIONS_WITHDRAW, withdraw_invitation, has_effect=is_invitation_gone),
}
