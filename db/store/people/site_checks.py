"""The verdicts of checks: what a site's pages allow an account to do, and what a person has seen live."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import SiteCheck
from worker.rules.sites.capabilities import (
    SENDING,
    Capability,
    CapabilityVerdict,
    Verdict,
    is_seen_live,
    keeps_seen_live,
)
from worker.rules.sites.registry import needs_check


def list_verdicts(session: Session, account_id: int) -> Sequence[CapabilityVerdict]:
    """Return what is known of each capability of the account, in the order of `Capability`."""
    rows = session.scalars(
        select(SiteCheck).where(SiteCheck.account_id == account_id).execution_options(populate_existing=True)
    )
    return sorted((_record(row) for row in rows), key=lambda each: list(Capability).index(each.capability))


def save_verdicts(session: Session, account_id: int, verdicts: Iterable[CapabilityVerdict]) -> None:
    """Save the verdicts of a check; capabilities that it didn't look at keep theirs.

    `seen_live_on` of the verdicts is ignored: only `confirm_seen_live` sets it. Drift ends it, and so does
    another front end; then sending is supervised again. A front end or language that the check couldn't tell
    stays as it was.
    """
    known = {each.capability: each for each in _lock(session, account_id)}
    for new in sorted(verdicts, key=lambda each: each.capability):
        before = known.get(new.capability)
        kept = before is not None and keeps_seen_live(before, new.verdict, new.front_end)
        values: dict[str, Any] = {
            "verdict": new.verdict,
            "mark": new.mark,
            "front_end": new.front_end or (before and before.front_end),
            "language": new.language or (before and before.language),
            "checked_at": new.checked_at,
            "seen_live_on": before.seen_live_on if before is not None and kept else None,
        }
        if before is not None and before.seen_live_on is not None and not kept:
            values["supervised_since"] = func.now()
        statement = insert(SiteCheck).values(account_id=account_id, capability=new.capability, **values)
        session.execute(
            statement.on_conflict_do_update(index_elements=["account_id", "capability"], set_=values)
        )


def mark_drift(
    session: Session, account_id: int, capabilities: Collection[Capability], *, mark: str, at: datetime
) -> None:
    """Let the verdicts on these capabilities fall: a worker or a person met a page that had changed."""
    fallen = (CapabilityVerdict(each, Verdict.DRIFT, at, mark) for each in capabilities)
    save_verdicts(session, account_id, fallen)


def confirm_seen_live(session: Session, account_id: int, on: date) -> None:
    """Record that a person saw a real message arrive as it was meant: sending needs no supervision now.

    Only for capabilities with the verdict OK; a drift that was met meanwhile stays.
    """
    session.execute(
        update(SiteCheck)
        .where(
            SiteCheck.account_id == account_id,
            SiteCheck.capability.in_(SENDING),
            SiteCheck.verdict == Verdict.OK,
        )
        .values(seen_live_on=on)
    )


def supervise_again(session: Session, account_id: int) -> None:
    """Drop the questions about messages sent until now; a person must confirm the first of the next ones."""
    session.execute(
        update(SiteCheck)
        .where(SiteCheck.account_id == account_id, SiteCheck.capability.in_(SENDING))
        .values(seen_live_on=None, supervised_since=func.now())
    )


def has_drifted(session: Session, account_id: int, site: str, capability: Capability) -> bool:
    """Return whether a page that is only read had changed when it was last seen."""
    found = select(SiteCheck.verdict).where(
        SiteCheck.account_id == account_id, SiteCheck.capability == capability
    )
    return needs_check(site) and session.scalar(found) == Verdict.DRIFT


def is_supervised(session: Session, account_id: int, site: str) -> bool:
    """Return whether each message of the account has to be approved, and the first one confirmed."""
    return needs_check(site) and not is_seen_live(list_verdicts(session, account_id))


def supervised_since(session: Session, account_id: int) -> datetime | None:
    """Return from when on a sent message must be confirmed; None before the first check."""
    return session.scalar(
        select(func.max(SiteCheck.supervised_since)).where(
            SiteCheck.account_id == account_id,
            SiteCheck.capability.in_(SENDING),
            SiteCheck.seen_live_on.is_(None),
        )
    )


def _lock(session: Session, account_id: int) -> list[CapabilityVerdict]:
    rows = session.scalars(
        select(SiteCheck)
        .where(SiteCheck.account_id == account_id)
        .order_by(SiteCheck.capability)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [_record(row) for row in rows]


def _record(row: SiteCheck) -> CapabilityVerdict:
    return CapabilityVerdict(
        Capability(row.capability),
        Verdict(row.verdict),
        row.checked_at,
        row.mark,
        row.front_end,
        row.language,
        row.seen_live_on,
    )
