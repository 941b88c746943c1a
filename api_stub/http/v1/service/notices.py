"""Notices: where they are sent, what was sent, and the links to approve with that digests held.

A target is added on the command line: this process has no key for the URLs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import AdminCaller, ReadCaller
from api_stub.http.v1.models.notices import (
    ApprovalLinkOut,
    DeliveryOut,
    LinksRevokedOut,
    TargetOut,
    build_link,
)
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from db.engine import Database
from db.store import audit
from db.store.actions.review import approval_links
from db.store.notices import deliveries, log, targets
from db.store.notices.targets import TargetRecord
from worker.rules.notices.deliveries import DeliveryState
from worker.rules.texts.suggestions import did_you_mean, suggest_names

router = APIRouter(tags=["notices"])

_NAME = r"^[a-z0-9][a-z0-9_-]{0,59}$"
TargetName = Annotated[str, Path(pattern=_NAME, description="The target's name.", examples=["mail"])]
TargetFilter = Annotated[str | None, Query(pattern=_NAME, description="Only this target's.")]
_UNKNOWN = problems(FaultType.NOTICE_TARGET_UNKNOWN)


class NoticeQuery(PageQuery):
    """Which notices."""

    target: TargetFilter = None
    state: DeliveryState | None = Query(None, description="Only those in this state.")


class LinkQuery(PageQuery):
    """Which links."""

    target: TargetFilter = None


@router.get("/notices", responses=_UNKNOWN)
def list_notices(
    request: Request, query: Annotated[NoticeQuery, Query()], caller: ReadCaller, database: AppDatabase
) -> Page[DeliveryOut]:
    """Return what was sent to whom, what waits, and what could not be sent and why, newest first."""
    before = read_position(request, query, tuple[int, str])
    with database.snapshot() as session:
        target_id = _find(session, query.target).id if query.target is not None else None
        found = log.list_deliveries(
            session, limit=query.fetch_limit, target_id=target_id, state=query.state, before=before
        )
    return build_page(
        request, query, found, DeliveryOut.model_validate, position=lambda one: (one.event_id, one.target)
    )


@router.get("/notice-targets")
def list_notice_targets(
    request: Request, query: Annotated[PageQuery, Query()], caller: ReadCaller, database: AppDatabase
) -> Page[TargetOut]:
    """Return where notices are sent: scheme and host of each, what it is told, and whether it works."""
    after = read_position(request, query, str)
    with database.snapshot() as session:
        found = targets.list_targets(session, after=after or "", limit=query.fetch_limit)
    return build_page(request, query, found, TargetOut.model_validate, position=lambda each: each.name)


@router.get("/notice-targets/{target}", responses=_UNKNOWN)
def show_notice_target(target: TargetName, caller: ReadCaller, database: AppDatabase) -> TargetOut:
    """Return one target."""
    with database.snapshot() as session:
        return TargetOut.model_validate(_find(session, target))


@router.post(
    "/notice-targets/{target}/test",
    status_code=202,
    responses=problems(FaultType.NOTICE_TARGET_UNKNOWN, FaultType.CONFLICT),
)
def send_test_notice(target: TargetName, caller: AdminCaller, database: AppDatabase) -> TargetOut:
    """Let the notifier send a test. `last_ok_at` or `error` of the target says soon how that ended."""
    with _changing(database, target, "test", by=caller.name) as (session, target_id):
        if _find(session, target).paused_at is not None:
            raise Fault(
                FaultType.CONFLICT, f"{target!r} is paused, so no test is sent to it either: resume it first"
            )
        deliveries.request_test(session, target_id)
        return TargetOut.model_validate(_find(session, target))


@router.post("/notice-targets/{target}/pause", responses=_UNKNOWN)
def pause_notice_target(target: TargetName, caller: AdminCaller, database: AppDatabase) -> TargetOut:
    """Send nothing to a target until it is resumed. It isn't told later what happens meanwhile."""
    with _changing(database, target, "pause", by=caller.name) as (session, target_id):
        targets.set_paused(session, target_id, paused=True)
        return TargetOut.model_validate(_find(session, target))


@router.post("/notice-targets/{target}/resume", responses=_UNKNOWN)
def resume_notice_target(target: TargetName, caller: AdminCaller, database: AppDatabase) -> TargetOut:
    """Send to a paused target again, from now on."""
    with _changing(database, target, "resume", by=caller.name) as (session, target_id):
        targets.set_paused(session, target_id, paused=False)
        return TargetOut.model_validate(_find(session, target))


@router.delete("/notice-targets/{target}", status_code=204, responses=_UNKNOWN)
def remove_notice_target(target: TargetName, caller: AdminCaller, database: AppDatabase) -> None:
    """Remove a target with its URL. What waits for it is not sent; its links to approve with are revoked."""
    with _changing(database, target, "remove", by=caller.name) as (session, target_id):
        targets.remove_target(session, target_id)
        approval_links.revoke_links(session, target=target)


@router.get("/approval-links")
def list_approval_links(
    request: Request, query: Annotated[LinkQuery, Query()], caller: ReadCaller, database: AppDatabase
) -> Page[ApprovalLinkOut]:
    """Return the links to approve with that digests held, newest first. The links are not stored."""
    before = read_position(request, query, tuple[datetime, UUID])
    with database.snapshot() as session:
        found = approval_links.list_links(
            session, target=query.target, before=before, limit=query.fetch_limit
        )
    return build_page(request, query, found, build_link, position=lambda link: (link.created_at, link.id))


@router.post("/approval-links/revoke")
def revoke_approval_links(
    caller: AdminCaller, database: AppDatabase, target: TargetFilter = None
) -> LinksRevokedOut:
    """Revoke the open links to approve with, of one target or all."""
    with database.transaction() as session:
        audit.record_change(session, by=caller.name, change="approval-link.revoke", about=target or "")
        return LinksRevokedOut(revoked=approval_links.revoke_links(session, target=target))


@contextmanager
def _changing(database: Database, name: str, change: str, *, by: str) -> Iterator[tuple[Session, UUID]]:
    """Find a target, and change it in the block's transaction, in which the change is recorded."""
    with database.transaction() as session:
        target_id = _find(session, name).id
        audit.record_change(session, by=by, change=f"notice-target.{change}", about=name)
        yield session, target_id


def _find(session: Session, name: str) -> TargetRecord:
    """Return the target. Raises Fault `notice-target-unknown`, with suggestions."""
    target = targets.find_target(session, name)
    if target is None:
        near = did_you_mean(suggest_names(name, (each.name for each in targets.list_targets(session))))
        detail = "; ".join(filter(None, (f"there is no target called {name!r}", near)))
        raise Fault(FaultType.NOTICE_TARGET_UNKNOWN, detail)
    return target
