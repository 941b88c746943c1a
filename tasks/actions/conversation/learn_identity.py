"""Store what a thread shows about who its person is, right before a greeting is typed."""

from datetime import timedelta
from typing import Final

from db.store.actions import lifecycle
from db.store.actions.claims import Claim
from db.store.actions.gates import IDENTITY_WAIT, ClosedGate
from db.store.identity import learning
from db.store.identity.learning import Learned
from tasks.actions.intent import GateClosedError
from tasks.services import Services
from worker import clock
from worker.errors import NeverError, Reason
from worker.rules.people.identity import PersonKeys

_BUSY_WAIT: Final = timedelta(minutes=1)


def learn_from_thread(services: Services, claim: Claim, shown: PersonKeys) -> None:
    """Store the keys that the page shows; return if the greeting may go on.

    Raises GateClosedError if this contact and another proved to be one: the action begins again for the
    contact that remains. Raises it, too, if the address has moved to another member, or if the contacts can't
    be merged now. Raises NeverError if the other contact's action for this occasion remains.
    """
    with services.database.transaction() as session:
        learned = learning.learn_keys(
            session, claim.account_id, shown, by=services.worker_name, holding=claim.action_id
        )
        remains = learned is not Learned.MERGED or lifecycle.has_person(session, claim.action_id)
    if not remains:
        raise NeverError(Reason.MERGED, "another contact proved to be the same person, and has this greeting")
    now = clock.now()
    if learned is Learned.MERGED:
        raise GateClosedError(ClosedGate(Reason.MERGED, now))
    if learned is Learned.MOVED and claim.member_url != shown.member_url:
        raise GateClosedError(ClosedGate(Reason.ADDRESS_MOVED, now + IDENTITY_WAIT))
    if learned is Learned.BUSY:
        raise GateClosedError(ClosedGate(Reason.MAYBE_SAME_PERSON, now + _BUSY_WAIT))
