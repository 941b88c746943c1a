"""The state of the service: accounts that are stopped, upkeep, queues and workers, and refused messages."""

from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase, AppProbed, AppSettings
from api_stub.console.ops.servers import BrokerView, read_broker, read_snapshot
from api_stub.console.setup.checks import run_checks
from api_stub.http.models.kill_switch import KillSwitchOut
from api_stub.http.v1.caller import ReadCaller
from api_stub.http.v1.models.status import (
    ActionCount,
    BrokerStatus,
    CheckOut,
    ChecksOut,
    QueueOut,
    RefusedMessageOut,
    StatusOut,
    StoppedAccountOut,
    StoreStatus,
    UpkeepJobOut,
    WorkerOut,
)
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from db.store import refused_messages
from db.store.kill_switch import get_kill_switch
from db.store.notices import targets
from db.store.reports.operations import read_operations
from worker.rules.wire.refusals import Refusal

router = APIRouter(tags=["status"])


class RefusedQuery(PageQuery):
    """Which refused messages."""

    reason: Refusal | None = Query(None, description="Only those that were refused for this.")


@router.get("/status")
def show_status(caller: ReadCaller, settings: AppSettings, probed: AppProbed) -> StatusOut:
    """Return what is stopped, late, waiting or failing. It also answers while Redis or Postgres is away."""
    broker = read_broker(settings.redis)
    return StatusOut(
        version=version("rapport"),
        store=read_snapshot(probed, _read_store),
        broker=_build_broker(broker) if broker is not None else None,
    )


@router.get("/checks")
def list_checks(caller: ReadCaller, database: AppDatabase, settings: AppSettings) -> ChecksOut:
    """Run the checks of `rapport doctor` that this process can make, and return what each found."""
    found = run_checks(database, settings)
    return ChecksOut(checks=[CheckOut.model_validate(each) for each in found])


@router.get("/refused-messages")
def list_refused_messages(
    request: Request, query: Annotated[RefusedQuery, Query()], caller: ReadCaller, database: AppDatabase
) -> Page[RefusedMessageOut]:
    """Return the messages from the broker that workers refused, newest first, without their arguments."""
    before = read_position(request, query, int)
    with database.snapshot() as session:
        found = refused_messages.list_numbered(
            session, limit=query.fetch_limit, reason=query.reason, before=before
        )
    return build_page(
        request,
        query,
        found,
        lambda each: RefusedMessageOut.model_validate(each[1]),
        position=lambda each: each[0],
    )


def _read_store(session: Session) -> StoreStatus:
    found, pulled = read_operations(session), get_kill_switch(session)
    return StoreStatus(
        as_of=found.now,
        kill_switch=KillSwitchOut(
            on=pulled is not None,
            pulled_at=pulled.at if pulled else None,
            pulled_by=pulled.by if pulled else None,
        ),
        accounts=found.accounts,
        stopped_accounts=[
            StoppedAccountOut(account=account.name, cause=halt.cause, reason=halt.reason)
            for account, halt in found.halted
            if halt is not None
        ],
        open_actions=[
            ActionCount(kind=kind, state=state, count=count)
            for (kind, state), count in sorted(found.counts.items())
        ],
        upkeep=[UpkeepJobOut.model_validate(job) for job in found.upkeep],
        failing_targets=[each.name for each in targets.list_targets(session) if each.error is not None],
        size_bytes=found.size_bytes,
        server_version=found.version,
    )


def _build_broker(view: BrokerView) -> BrokerStatus:
    return BrokerStatus(
        queues=[
            QueueOut(
                name=each.name,
                waiting=each.backlog.count,
                oldest_s=each.backlog.oldest_s,
                workers=each.workers,
            )
            for each in view.queues
        ],
        workers=[
            WorkerOut(
                name=each.name,
                queues=list(each.consumer.queues),
                is_consuming=each.consumer.is_consuming,
                started_at=each.started_at,
                busy_s=each.consumer.busy_s,
                memory_bytes=each.consumer.load.memory_bytes if each.consumer.load else None,
            )
            for each in view.workers
        ],
        server_version=view.version,
    )
