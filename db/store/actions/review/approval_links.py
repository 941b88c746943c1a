"""Links that approve proposals without a key: each expires, can be used once, and can be revoked.

A link approves only what was proposed when it was made: it holds the hash of each recipient and text. The
token in its address is stored as a hash, so that nobody who reads the database can use it.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, case, delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from db.engine import execute_counted
from db.store.actions.review import approval
from db.store.actions.review.approval import Decision, DecisionOutcome
from db.store.audit import name_actor
from db.tables import Account, ApprovalLink

LIFE: Final = timedelta(hours=24)
"""The next morning's digest has new links."""
_KEPT_FOR: Final = timedelta(days=30)
"""After its end a link is still listed for this long."""
_TOKEN_BYTES: Final = 32


class LinkState(StrEnum):
    """Whether a link can be used."""

    OPEN = "open"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """One link, made for the notice target `target`. `seen` has, by action, the hash that it may approve."""

    id: UUID
    account: str
    target: str
    seen: Mapping[UUID, str]
    state: LinkState
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    @property
    def actor(self) -> str:
        """Return who decided with this link, for the history."""
        return f"link for {self.target}"


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that isn't stored yet. `url` is the only place that has its token."""

    url: str
    token_hash: bytes
    account_id: int
    target: str
    seen: Mapping[UUID, str]


def new_link(*, account_id: int, target: str, seen: Mapping[UUID, str], public_url: str) -> NewLink:
    """Return a link that approves these proposals once `store_links` has stored it."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    return NewLink(f"{public_url}/approve/{token}", _hash(token), account_id, target, seen)


def store_links(session: Session, links: Sequence[NewLink]) -> None:
    """Store new links, which are open from now on."""
    session.add_all(
        ApprovalLink(
            id=uuid4(),
            token_hash=link.token_hash,
            account_id=link.account_id,
            target=link.target,
            seen={str(action_id): each for action_id, each in link.seen.items()},
            expires_at=func.now() + LIFE,
        )
        for link in links
    )
    session.flush()


def find_link(session: Session, token: str, *, lock: bool = False) -> LinkRecord | None:
    """Return the link with this token, or None. With `lock`, others wait until this transaction ends."""
    statement = _SELECT.where(ApprovalLink.token_hash == _hash(token))
    if lock:
        statement = statement.with_for_update(of=ApprovalLink).execution_options(populate_existing=True)
    row = session.execute(statement).first()
    return None if row is None else _to_record(*row)


def approve(session: Session, link: LinkRecord, chosen: Collection[UUID]) -> Mapping[UUID, Decision]:
    """Approve the chosen ones of a link's proposals, and use the link up; return the decisions.

    `link` must have been found with `lock` in this transaction, and be open.
    """
    name_actor(session, link.actor)
    # In the order of ids, like every change of many actions: otherwise transactions could deadlock.
    decisions = {
        action_id: approval.approve_proposal(session, action_id, seen=link.seen[action_id], by=link.actor)
        for action_id in sorted(chosen)
    }
    session.execute(
        update(ApprovalLink).where(ApprovalLink.id == link.id).values(used_at=func.clock_timestamp())
    )
    return decisions


def drop(session: Session, link: LinkRecord, action_id: UUID) -> Decision:
    """Leave out the person of one of a link's proposals, if it is as it was shown. The link stays open.

    `link` must have been found with `lock` in this transaction, and be open.
    """
    name_actor(session, link.actor)
    (proposal,) = approval.list_seen(session, {action_id: link.seen[action_id]}) or (None,)
    if proposal is None:
        return Decision(DecisionOutcome.UNKNOWN)
    return proposal.refusal or approval.drop_proposal(session, action_id, by=link.actor)


def list_links(
    session: Session,
    *,
    target: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int | None = None,
) -> Sequence[LinkRecord]:
    """Return the links, newest first: those made earlier than `before`, which also has an id."""
    statement = _SELECT.order_by(ApprovalLink.created_at.desc(), ApprovalLink.id.desc()).limit(limit)
    if target is not None:
        statement = statement.where(ApprovalLink.target == target)
    if before is not None:
        statement = statement.where(tuple_(ApprovalLink.created_at, ApprovalLink.id) < before)
    return [_to_record(*row) for row in session.execute(statement)]


def revoke_links(session: Session, *, target: str | None = None) -> int:
    """Revoke the open links, of one target or all; return how many."""
    statement = update(ApprovalLink).where(_STATE == LinkState.OPEN).values(revoked_at=func.now())
    if target is not None:
        statement = statement.where(ApprovalLink.target == target)
    return execute_counted(session, statement)


def delete_old_links(session: Session) -> int:
    """Delete links that expired long ago; return how many."""
    return execute_counted(
        session, delete(ApprovalLink).where(ApprovalLink.expires_at < func.now() - _KEPT_FOR)
    )


_STATE: Final[ColumnElement[str]] = case(
    (ApprovalLink.used_at.is_not(None), LinkState.USED),
    (ApprovalLink.revoked_at.is_not(None), LinkState.REVOKED),
    (ApprovalLink.expires_at <= func.now(), LinkState.EXPIRED),
    else_=LinkState.OPEN,
)
_SELECT = select(ApprovalLink, Account.name, _STATE).join(Account, Account.id == ApprovalLink.account_id)


def _hash(token: str) -> bytes:
    return sha256(token.encode(errors="surrogatepass")).digest()


def _to_record(link: ApprovalLink, account: str, state: str) -> LinkRecord:
    return LinkRecord(
        id=link.id,
        account=account,
        target=link.target,
        seen={UUID(action_id): str(each) for action_id, each in link.seen.items()},
        state=LinkState(state),
        created_at=link.created_at,
        expires_at=link.expires_at,
        used_at=link.used_at,
        revoked_at=link.revoked_at,
    )
