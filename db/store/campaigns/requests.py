"""Requested campaigns: what each id was first requested for, and what it is kept for until it starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Account, CampaignRequest
from worker.rules.model import CampaignKind

CONFLICTING_REQUEST: Final = (
    "this id was already used for another account, kind or options; choose a new id, or repeat the same "
    "request"
)

_MAX_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A campaign that was requested and has not started. `age` is the time since its request."""

    campaign_id: UUID
    account: str
    kind: CampaignKind
    options: Mapping[str, Any]
    correlation_id: str
    age: timedelta


def is_requested(session: Session, campaign_id: UUID) -> bool:
    """Return whether a campaign was requested under this id, also if it has started or ended since."""
    known = select(CampaignRequest.campaign_id).where(CampaignRequest.campaign_id == campaign_id)
    return session.scalar(known) is not None


def find_waiting_request(session: Session, campaign_id: UUID) -> WaitingRequest | None:
    """Return the request of a campaign that has not started yet, or None."""
    found = session.execute(_WAITING.where(CampaignRequest.campaign_id == campaign_id)).first()
    return _to_waiting(*found) if found else None


def claim_campaign_id(session: Session, campaign_id: UUID, account_id: int, fingerprint: str) -> bool:
    """Store what the id is requested for. Return False if it was requested for something else before.

    Of two concurrent requests, the second waits for the first one's commit.
    """
    return _claim(session, campaign_id, account_id, fingerprint)


def keep_request(
    session: Session,
    campaign_id: UUID,
    account_id: int,
    fingerprint: str,
    *,
    kind: CampaignKind,
    options: Mapping[str, Any],
    correlation_id: str,
) -> bool:
    """Claim the id as `claim_campaign_id` does, and keep what the campaign needs to start.

    Nothing is kept for an id that was claimed before: its campaign may have started.
    """
    kept = {"kind": kind, "options": options, "correlation_id": correlation_id}
    return _claim(session, campaign_id, account_id, fingerprint, **kept)


def lock_waiting_requests(session: Session, waited: timedelta) -> Sequence[WaitingRequest]:
    """Lock the campaigns that have waited for so long to be started, the oldest first; others skip them."""
    rows = session.execute(
        _WAITING.where(CampaignRequest.created_at < func.now() - waited)
        .order_by(CampaignRequest.created_at)
        .limit(_MAX_AT_ONCE)
        .with_for_update(of=CampaignRequest, skip_locked=True)
    )
    return [_to_waiting(*row) for row in rows]


def end_request(session: Session, campaign_id: UUID) -> None:
    """Forget the options: the campaign has started, or never will."""
    session.execute(
        update(CampaignRequest)
        .where(CampaignRequest.campaign_id == campaign_id, CampaignRequest.options.is_not(None))
        .values(options=None)
    )


_WAITING = (
    select(CampaignRequest, Account.name, func.now())
    .join(Account, Account.id == CampaignRequest.account_id)
    .where(CampaignRequest.options.is_not(None))
)


def _to_waiting(request: CampaignRequest, account: str, now: datetime) -> WaitingRequest:
    return WaitingRequest(
        request.campaign_id,
        account,
        CampaignKind(request.kind or ""),
        request.options or {},
        request.correlation_id or "",
        now - request.created_at,
    )


def _claim(session: Session, campaign_id: UUID, account_id: int, fingerprint: str, **kept: object) -> bool:
    row = {"campaign_id": campaign_id, "account_id": account_id, "fingerprint": fingerprint, **kept}
    session.execute(insert(CampaignRequest).values(row).on_conflict_do_nothing())
    found = session.execute(
        select(CampaignRequest.account_id, CampaignRequest.fingerprint).where(
            CampaignRequest.campaign_id == campaign_id
        )
    ).one()
    return tuple(found) == (account_id, fingerprint)
