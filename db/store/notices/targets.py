"""Targets of notices: where they are sent. The URL of each is encrypted and never shown."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Account, NoticeDelivery, NoticeTarget
from worker.errors import RequestRefusedError
from worker.rules.notices.deliveries import DeliveryState, SendFailure
from worker.rules.notices.kinds import NoticeKind
from worker.rules.texts.suggestions import did_you_mean, suggest_names


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """One target for display. `account` None: all accounts. `kinds` None: all kinds.

    `waiting` and `failed` count deliveries. `error` is that of the last message, if it was not sent.
    """

    id: UUID
    name: str
    account: str | None
    scheme: str
    host: str | None
    kinds: Sequence[NoticeKind] | None
    with_texts: bool
    with_screenshots: bool
    created_at: datetime
    paused_at: datetime | None
    last_ok_at: datetime | None
    last_failed_at: datetime | None
    error: SendFailure | None
    waiting: int
    failed: int

    @property
    def shown_address(self) -> str:
        """Scheme and host: what may be shown of its URL."""
        return f"{self.scheme}://{self.host or '…'}"


def add_target(
    session: Session,
    *,
    name: str,
    account_id: int | None,
    scheme: str,
    host: str | None,
    sealed: bytes,
    kinds: Collection[NoticeKind] | None,
    with_texts: bool,
    with_screenshots: bool,
) -> UUID:
    """Add a target and return its id. Raises RequestRefusedError if the name is taken."""
    statement = insert(NoticeTarget).values(
        id=uuid4(),
        name=name,
        account_id=account_id,
        scheme=scheme,
        host=host,
        sealed=sealed,
        kinds=sorted(kinds) if kinds else None,
        with_texts=with_texts,
        with_screenshots=with_screenshots,
    )
    added = statement.on_conflict_do_nothing(index_elements=["name"]).returning(NoticeTarget.id)
    target_id = session.execute(added).scalar_one_or_none()
    if target_id is None:
        raise RequestRefusedError(
            f"there is a target called {name!r} already: give another --name, or remove that one"
        )
    return target_id


def list_targets(session: Session, *, after: str = "", limit: int | None = None) -> Sequence[TargetRecord]:
    """Return targets by name: those after a name, or all. One statement."""
    counts = (
        select(
            NoticeDelivery.target_id,
            func.count(case((NoticeDelivery.state == DeliveryState.FAILED, 1))).label("failed"),
            func.count(
                case((NoticeDelivery.state.in_([DeliveryState.PENDING, DeliveryState.SENDING]), 1))
            ).label("waiting"),
        )
        .group_by(NoticeDelivery.target_id)
        .subquery()
    )
    rows = session.execute(
        select(
            NoticeTarget,
            Account.name,
            func.coalesce(counts.c.waiting, 0),
            func.coalesce(counts.c.failed, 0),
        )
        .outerjoin(Account, Account.id == NoticeTarget.account_id)
        .outerjoin(counts, counts.c.target_id == NoticeTarget.id)
        .where(NoticeTarget.name > after)
        .order_by(NoticeTarget.name)
        .limit(limit)
    )
    return [
        TargetRecord(
            id=row.id,
            name=row.name,
            account=account,
            scheme=row.scheme,
            host=row.host,
            kinds=None if row.kinds is None else [NoticeKind(kind) for kind in row.kinds],
            with_texts=row.with_texts,
            with_screenshots=row.with_screenshots,
            created_at=row.created_at,
            paused_at=row.paused_at,
            last_ok_at=row.last_ok_at,
            last_failed_at=row.last_failed_at,
            error=SendFailure(row.last_error) if row.last_error else None,
            waiting=waiting,
            failed=failed,
        )
        for row, account, waiting, failed in rows
    ]


def find_target(session: Session, name: str) -> TargetRecord | None:
    """Return the target called `name`, or None."""
    return next((each for each in list_targets(session) if each.name == name), None)


def get_target(session: Session, name: str) -> TargetRecord:
    """Return the target called `name`. Raises RequestRefusedError, with suggestions, if there is none."""
    target = find_target(session, name)
    if target is not None:
        return target
    near = did_you_mean(suggest_names(name, (each.name for each in list_targets(session))))
    raise RequestRefusedError(
        f"there is no target called {name!r}; {near or '`rapport notify list` shows them'}"
    )


def keep_target(session: Session, name: str) -> bool:
    """Return whether there is a target called `name`; it isn't removed before this transaction ends."""
    found = select(NoticeTarget.id).where(NoticeTarget.name == name).with_for_update(read=True)
    return session.scalar(found) is not None


def remove_target(session: Session, target_id: UUID) -> None:
    """Delete a target with its URL and its deliveries. What it was sent is not in the log any more."""
    session.execute(delete(NoticeTarget).where(NoticeTarget.id == target_id))


def set_paused(session: Session, target_id: UUID, *, paused: bool) -> None:
    """Pause or resume a target. What happens while it is paused is not told to it later."""
    session.execute(
        update(NoticeTarget)
        .where(NoticeTarget.id == target_id)
        .values(paused_at=func.coalesce(NoticeTarget.paused_at, func.now()) if paused else None)
    )


def list_sealed(session: Session) -> Sequence[tuple[str, bytes]]:
    """Return the name and the encrypted URL of each target."""
    found = select(NoticeTarget.name, NoticeTarget.sealed).order_by(NoticeTarget.name)
    return [(row.name, row.sealed) for row in session.execute(found)]


def reseal(session: Session, encrypt: Callable[[bytes], bytes], *, without: Collection[str]) -> int:
    """Replace the encrypted URL of each target but these; return how many there are."""
    rows = session.scalars(
        select(NoticeTarget)
        .where(NoticeTarget.name.not_in(without))
        .order_by(NoticeTarget.id)
        .with_for_update()
    ).all()
    for row in rows:
        row.sealed = encrypt(row.sealed)
    return len(rows)
