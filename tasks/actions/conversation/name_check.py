"""Compare the name in a greeting with the one that the site shows, right before the click.

If they differ, nothing is sent: the stored name is brought up to date, and the corrected text waits for a
person.
"""

from db.engine import today_in
from db.store.actions import lifecycle
from db.store.actions.claims import Claim
from db.store.people import contacts
from tasks.actions.evidence import take_screenshot
from tasks.actions.settle import Outcome
from tasks.campaigns.drafting import redraft_greeting
from tasks.services import Services
from worker import logs, metrics
from worker.browser.site import Thread
from worker.errors import RapportError, Reason
from worker.rules.messages.drafts import Addressee, Draft, find_addressee_name
from worker.rules.names.shown_names import find_called_name, is_name_right
from worker.rules.names.spoken_name import LONGEST_FULL_NAME, NoName, SpokenName, find_name

log = logs.get_logger(__name__)


class NameDiffersError(RapportError):
    """The site shows another name than the text says. Nothing was sent; a person decides."""

    def __init__(self, called: str, shown: str) -> None:
        super().__init__(Reason.NAME_DIFFERS, "the name in the text isn't in the name that the site shows")
        self.called = called
        self.shown = shown


def check_name(thread: Thread, claim: Claim) -> None:
    """Raise NameDiffersError unless the text may go to the person whom the thread's head names.

    Called before typing and before the click, beside the check of the recipient.
    """
    person = Addressee(claim.contact_id, claim.full_name, claim.language, claim.call_by, claim.location)
    require_name(thread, person, claim.called if claim.called is not None else _read_called(claim, person))


def require_name(thread: Thread, person: Addressee, called: str) -> None:
    """Raise NameDiffersError unless a text that calls `person` so may go to whom the thread's head names."""
    shown = thread.shown_name()
    is_right = is_name_right(
        called=called,
        stored=person.full_name,
        shown=shown,
        set_by_hand=person.call_by is not None and person.call_by == called,
        language=person.language,
        location=person.location,
    )
    if not is_right:
        raise NameDiffersError(called or person.full_name, shown)


def propose_corrected(services: Services, claim: Claim, error: NameDiffersError) -> Outcome:
    """Bring the stored name up to date, and let a person approve the text that is written with it.

    If no text can be written for the shown name, the old one is proposed: it is compared again before it is
    sent. A stand-in, such as the one for a hidden profile, replaces no stored name.
    """
    metrics.ERRORS.labels(error.reason, "perform").inc()
    log.warning("name_differs", text=str(error))
    take_screenshot(services, claim, services.site_for(claim), masked=True)
    with services.database.transaction() as session:
        detail = f'the site shows "{error.shown[:LONGEST_FULL_NAME]}", the text was for "{error.called}"'
        proposed = lifecycle.propose_again(session, claim, reason=Reason.NAME_DIFFERS, detail=detail)
        if not proposed:
            return Outcome.LOST
        if find_name(error.shown) is not NoName.STAND_IN:
            contacts.rename_contact(session, claim.contact_id, error.shown)
        today = today_in(session, claim.zone)
        draft = redraft_greeting(session, claim, today)
        if isinstance(draft, Draft):
            lifecycle.reword_proposal(
                session, claim, message=draft.message, called=draft.called, worded_for=today
            )
    return Outcome.PROPOSED


def _read_called(claim: Claim, person: Addressee) -> str:
    """Return the name in a text that was written by an earlier version, by the stored name."""
    name = find_addressee_name(person)
    return find_called_name(claim.message, name) if isinstance(name, SpokenName) else ""
