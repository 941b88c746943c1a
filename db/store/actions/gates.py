"""The gates of an action in Postgres: checked when a worker claims it, and again right before its effect."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    union,
)
from sqlalchemy.orm import Session, aliased

from db.engine import fetch_first, send_with_next
from db.queries import load_query
from db.store.actions.claims import Claim
from db.store.actions.gate_facts import GateFacts
from db.store.actions.site_gate import find_site_gate
from db.store.people import import_lock, profiles
from db.tables import Account, Action, Contact, Interaction
from worker.errors import Reason
from worker.rules.messages.approval import approval_hash
from worker.rules.model import AccountStatus, ActionState, CampaignKind, CampaignState, ContactStatus, Kind
from worker.rules.quota.windows import Hours, calendar_day, local_day, opening
from worker.rules.sourcing.criteria import Criteria, needed_sections


@dataclass(frozen=True, slots=True)
class ClosedGate:
    """Why an action may not happen now, and until when, if that is known."""

    reason: Reason
    until: datetime | None = None


SKIP_REASONS = frozenset(
    {
        Reason.DO_NOT_CONTACT, Reason.ALREADY_GREETED, Reason.NOT_CONNECTED, Reason.CAMPAIGN_CANCELLED,
        Reason.EXPIRED, Reason.NOT_APPROVED, Reason.VISITED_LATELY, Reason.FORGOTTEN,
    }
)  # fmt: skip
"""The reasons for which an action is skipped; for the others it waits."""

WAITS_TOGETHER: Final = frozenset({Reason.NOT_CHECKED, Reason.AWAITING_FIRST_LOOK})
"""The reasons for which all actions of the account and kind wait, as for a closed window."""

_IMPORT_WAIT: Final = timedelta(minutes=1)
"""How long an action waits while contacts are being imported."""
IDENTITY_WAIT: Final = timedelta(hours=1)
"""How long an action waits until it is asked again who its person is. A decision wakes it at once."""
_CHECK_WAIT: Final = timedelta(hours=1)
"""How long an action waits until its site's verdicts are read again. A new one wakes it at once."""


def read_facts(session: Session, claim: Claim, *, lock_epoch: bool = False) -> tuple[GateFacts, int | None]:
    """Read what the gates ask now, and the epoch of the quota if it is to be locked until the commit."""
    asked = {"action_id": claim.action_id, "account_id": claim.account_id, "locks_epoch": lock_epoch}
    row = fetch_first(session, "read_gates", asked)
    return GateFacts.of(row), row.epoch


def find_closed_gate(
    session: Session, claim: Claim, *, hours: Hours | None = None, facts: GateFacts | None = None
) -> ClosedGate | None:
    """Return the first gate that is closed for this action now, or None.

    With `hours` the working hours are a gate, too, by Postgres' clock. `facts` are read if none are given.
    """
    facts = facts or read_facts(session, claim)[0]
    now, has_person = facts.now, facts.contact_id is not None
    today = now.astimezone(claim.zone).date()
    about_person = _person_gates(session, claim, facts) if has_person else ()
    about_all = (
        (facts.campaign_state == CampaignState.CANCELLED, Reason.CAMPAIGN_CANCELLED),
        (facts.expires_on is not None and facts.expires_on < today, Reason.EXPIRED),
        (facts.killed, Reason.KILL_SWITCH),
        (facts.account_status != AccountStatus.ACTIVE, Reason(facts.stop_reason or Reason.ACCOUNT_STOPPED)),
        (facts.campaign_state == CampaignState.PAUSED, Reason.CAMPAIGN_PAUSED),
        (hours is not None and opening(now, hours, claim.zone).start > now, Reason.OUTSIDE_HOURS),
    )
    reason = next((reason for closed, reason in chain(about_person, about_all) if closed), None)
    if reason is not None:
        return ClosedGate(reason)
    if claim.kind is Kind.COLLECT and import_lock.is_import_running(session, claim.account_id):
        # the page could bring in people whom the import excludes
        return ClosedGate(Reason.IMPORT_UNDER_WAY, now + _IMPORT_WAIT)
    held = None if claim.kind is Kind.WITHDRAW else facts.hold_until
    if held is not None and held > today:
        return ClosedGate(Reason.ON_HOLD, calendar_day(held, claim.zone).start)
    if (
        doubt := _find_identity_doubt(claim.kind, facts.moved_to, is_twin_greeted=facts.is_twin_greeted)
    ) is not None:
        return ClosedGate(doubt, now + IDENTITY_WAIT)
    day = local_day(now, claim.zone)
    last_text_at = facts.last_text_at if claim.kind is Kind.GREET else None
    if last_text_at is not None and last_text_at >= day.start:
        return ClosedGate(Reason.ONE_VOICE, day.end)
    # the last one, because an action that is proposed for approval must have no other gate closed
    site = find_site_gate(
        session,
        account_id=claim.account_id,
        site=claim.site,
        kind=claim.kind,
        now=now,
        besides=claim.action_id,
    )
    waits_for = site.closed_for(approved=facts.needs_approval)  # the person's gates compared the approval
    return ClosedGate(waits_for, now + _CHECK_WAIT) if waits_for is not None else None


def _person_gates(session: Session, claim: Claim, facts: GateFacts) -> Iterator[tuple[bool, Reason]]:
    """Yield each gate of the action's person and whether it is closed. Lazy: later ones may not be needed."""
    yield facts.forgotten_at is not None, Reason.FORGOTTEN
    # do-not-contact does not stop a withdrawal: it leaves the person alone
    yield claim.kind is not Kind.WITHDRAW and bool(facts.do_not_contact), Reason.DO_NOT_CONTACT
    if claim.kind is Kind.GREET:
        yield facts.is_greeted, Reason.ALREADY_GREETED
        yield facts.contact_status != ContactStatus.CONNECTED, Reason.NOT_CONNECTED
        approved = facts.approval == approval_hash(facts.profile_url or "", facts.message)
        yield facts.needs_approval and not approved, Reason.NOT_APPROVED
    if claim.kind is Kind.VISIT:
        yield (
            was_visited_lately(session, claim.contact_id, facts.campaign_kind, facts.campaign_options),
            Reason.VISITED_LATELY,
        )


def was_visited_lately(session: Session, contact_id: int, kind: str, options: Mapping[str, Any]) -> bool:
    """Return whether the profile was opened too recently for a campaign of this kind, with these options.

    For a visitor campaign: it was opened within its `no_repeat_days`, or may have been, also by an earlier
    attempt of this action. For a sourcing campaign: all sections that it needs were read within these days.
    """
    days = int(options["no_repeat_days"])
    since = func.now() - timedelta(days=days)
    if kind == CampaignKind.SOURCING:
        known = profiles.find_profile(session, contact_id)
        needed = needed_sections(Criteria.model_validate(options["criteria"]))
        return known is not None and profiles.is_fresh(known, needed, days=days)
    recorded = exists().where(
        Interaction.contact_id == contact_id,
        Interaction.type == Kind.VISIT,
        Interaction.created_at > since,
    )
    tried = exists().where(
        Action.contact_id == contact_id, Action.kind == Kind.VISIT, Action.acting_since > since
    )
    return bool(session.scalar(select(or_(recorded, tried))))


def find_identity_doubt(session: Session, contact: Contact, action: Action) -> Reason | None:
    """Return why a person has to say who the contact is before this action, or None.

    The address belongs to another member now, or another contact who may be the same person has this
    greeting. A withdrawal leaves the person alone, whoever it is.
    """
    greeting = {
        "contact_id": contact.id, "occasion": action.occasion, "occasion_on": action.occasion_on,
    }  # fmt: skip
    is_twin_greeted = action.kind == Kind.GREET and bool(
        session.scalar(load_query("maybe_same_greeted"), greeting)
    )
    return _find_identity_doubt(Kind(action.kind), contact.moved_to, is_twin_greeted=is_twin_greeted)


def _find_identity_doubt(kind: Kind, moved_to: str | None, *, is_twin_greeted: bool) -> Reason | None:
    if kind is not Kind.WITHDRAW and moved_to is not None:
        return Reason.ADDRESS_MOVED
    return Reason.MAYBE_SAME_PERSON if is_twin_greeted else None


def lock_recipient(session: Session, claim: Claim) -> None:
    """Take an advisory lock on each address of this recipient until the transaction ends.

    Otherwise two accounts that know the same person could both find that nobody has written to them today,
    and both write. The locks are taken in the round trip of the next statement, and before it.
    """
    addresses = [claim.profile_url, *claim.keys.addresses]
    send_with_next(session, "lock_recipient", {"site": claim.site, "addresses": addresses})


def was_written_to_since(
    session: Session, since: datetime, *, site: str, addresses: Collection[str], besides: UUID | None
) -> bool:
    """Return whether any account of the site has sent the person a text since then, or may have.

    The action with the id `besides` doesn't count. Looks back two days.
    """
    person = {"site": site, "addresses": list(addresses), "besides": besides}
    last = session.scalar(load_query("was_written_to"), person)
    return last is not None and last >= since


def list_written_to(session: Session, since: datetime, *, account_id: int, site: str) -> frozenset[int]:
    """Return the contacts of an account who had a text since then, as `was_written_to_since` says of one."""
    asked = {"since": since, "account_id": account_id, "site": site}
    return frozenset(session.scalars(_written_to(), asked))


@cache
def _written_to() -> CompoundSelect[int]:
    """Return the statement of `list_written_to`. To build it takes longer than to execute it."""
    since: BindParameter[datetime] = bindparam("since")
    known, owner = aliased(Contact), aliased(Account)
    written = [
        of_site.join(what, what.contact_id == known.id).where(condition)
        for of_site in (
            select(key)
            .join(owner, owner.id == known.account_id)
            .where(owner.site == bindparam("site"), key.is_not(None))
            for key in (known.profile_url, known.member_url)
        )
        for what, condition in (
            (Action, and_(Action.account_id == owner.id, _may_have_written(since))),
            (Interaction, _has_written(since)),
        )
    ]
    addresses = union(*written).cte()
    theirs = [  # one statement for each key, so that each uses its index
        select(Contact.id)
        .join(addresses, key == addresses.c[0])
        .where(Contact.account_id == bindparam("account_id"))
        for key in (Contact.profile_url, Contact.member_url)
    ]
    return union(*theirs)


def _may_have_written(since: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition that an action has sent a text since then, or may have."""
    return and_(
        Action.kind == Kind.GREET,
        Action.acting_since >= since,
        Action.state.in_(
            [ActionState.ACTING, ActionState.UNCERTAIN, ActionState.NEEDS_REVIEW, ActionState.DONE]
        ),
    )


def _has_written(since: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return and_(Interaction.type == Kind.GREET, Interaction.created_at >= since)
