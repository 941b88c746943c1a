"""The gate of a site whose pages must be proven: its check, and the first message that a person looks at."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.store.actions.waiting import make_due
from db.store.people import site_checks
from db.tables import Action, Contact
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.sites.capabilities import CapabilityVerdict, Unproven, find_obstacle, is_seen_live
from worker.rules.sites.registry import needs_check

_MAY_HAVE_SENT = (ActionState.ACTING, ActionState.UNCERTAIN, ActionState.NEEDS_REVIEW, ActionState.DONE)
_WAITING = (Reason.NOT_CHECKED, Reason.AWAITING_FIRST_LOOK)


@dataclass(frozen=True, slots=True)
class SiteGate:
    """What the pages of an account's site allow an action of one kind.

    needed: whether the site needs a check at all
    verdicts: what is known of the capabilities
    unproven: the one that keeps the action waiting
    supervised: each message has to be approved, until a person has seen the first one arrive
    to_look_at: the greeting that was sent and that nobody has looked at yet
    """

    needed: bool = False
    verdicts: Sequence[CapabilityVerdict] = ()
    unproven: Unproven | None = None
    supervised: bool = False
    to_look_at: UUID | None = None

    def closed_for(self, *, approved: bool) -> Reason | None:
        """Return why the action waits, or None."""
        if self.unproven is not None:
            return Reason.NOT_CHECKED
        if self.to_look_at is not None:
            return Reason.AWAITING_FIRST_LOOK
        return Reason.AWAITING_APPROVAL if self.supervised and not approved else None


def find_site_gate(
    session: Session, *, account_id: int, site: str, kind: Kind, now: datetime, besides: UUID | None = None
) -> SiteGate:
    """Return what the site's pages allow; everything on a site that needs no check.

    `besides` is the action that is asked about: it doesn't wait for itself.
    """
    if not needs_check(site):
        return SiteGate()
    verdicts = site_checks.list_verdicts(session, account_id)
    unproven = find_obstacle(verdicts, kind, now)
    if kind is not Kind.GREET or is_seen_live(verdicts):
        return SiteGate(True, verdicts, unproven)
    to_look_at = find_unseen_send(session, account_id, besides)
    return SiteGate(True, verdicts, unproven, supervised=True, to_look_at=to_look_at)


def find_unseen_send(session: Session, account_id: int, besides: UUID | None = None) -> UUID | None:
    """Return a greeting that was sent under supervision, or may have been, and that nobody looked at.

    One to a person who was forgotten since can't be looked at.
    """
    since = site_checks.supervised_since(session, account_id)
    if since is None:
        return None
    sent = (
        select(Action.id)
        .join(Contact, Contact.id == Action.contact_id)
        .where(
            Contact.forgotten_at.is_(None),
            Action.account_id == account_id,
            Action.kind == Kind.GREET,
            Action.acting_since >= since,
            Action.state.in_(_MAY_HAVE_SENT),
            Action.id.is_distinct_from(besides),
        )
        .order_by(Action.acting_since.desc())
        .limit(1)
    )
    return session.scalar(sent)


def save_verdicts(session: Session, account_id: int, verdicts: Collection[CapabilityVerdict]) -> None:
    """Save the verdicts of a check, and let the actions that waited for one ask again."""
    site_checks.save_verdicts(session, account_id, verdicts)
    wake_waiting(session, account_id)


def wake_waiting(session: Session, account_id: int) -> None:
    """Make the planned actions due now that waited for a check or for a person's look."""
    make_due(session, _WAITING, Action.account_id == account_id)
