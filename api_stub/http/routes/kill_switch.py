"""The kill switch. It has threads and connections of its own, so it answers whatever hangs."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Final

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, HTTPException, Request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from api_stub.http.dependencies import require_key
from api_stub.http.models.kill_switch import KillSwitchIn, KillSwitchOut
from api_stub.http.v1.caller import ControlCaller
from db.engine import Database
from db.store.audit import record_change
from db.store.kill_switch import get_kill_switch, pull_kill_switch, release_kill_switch
from worker.settings import Settings

router = APIRouter(prefix="/control", tags=["control"], dependencies=require_key)

TIMEOUT_S: Final = 5.0
_THREADS: Final = 8

READ_FAILED = "Postgres does not answer, so the kill switch can't be read."
PULL_FAILED = (
    "Postgres does not answer, so it is not known whether the kill switch was pulled. Nothing is sent while "
    "Postgres does not answer, because every effect is written to Postgres first. Repeat the request until "
    "the answer is 200, or stop the browser workers: then nothing is sent in any case."
)
RELEASE_FAILED = (
    "Postgres does not answer, so it is not known whether the kill switch was released: repeat the request."
)


class KillSwitch:
    """Reads and sets the kill switch with a connection pool and threads of its own."""

    def __init__(self, settings: Settings) -> None:
        self._database = Database(
            settings.required("database_url").get_secret_value(),
            application_name="rapport kill switch",
            statement_timeout_ms=2000,
            connect_timeout_s=2,
            pool_timeout_s=2,
        )
        self._limiter = anyio.CapacityLimiter(_THREADS)

    async def run(self, work: Callable[[Session], None], otherwise: str) -> KillSwitchOut:
        """Do `work`, then return the switch's state. Raises HTTPException 503 with the text `otherwise`."""

        def work_and_read() -> KillSwitchOut:
            with self._database.transaction() as session:
                work(session)
            with self._database.transaction() as session:
                pulled = get_kill_switch(session)
            return KillSwitchOut(
                on=pulled is not None,
                pulled_at=pulled.at if pulled else None,
                pulled_by=pulled.by if pulled else None,
            )

        try:
            with anyio.fail_after(TIMEOUT_S):
                return await to_thread.run_sync(work_and_read, abandon_on_cancel=True, limiter=self._limiter)
        except (OperationalError, PoolTimeoutError, TimeoutError) as error:
            raise HTTPException(503, otherwise) from error

    def close(self) -> None:
        """Close its connections."""
        self._database.close()


async def _get_kill_switch(request: Request) -> KillSwitch:
    switch: KillSwitch = request.app.state.kill_switch
    return switch


AppKillSwitch = Annotated[KillSwitch, Depends(_get_kill_switch)]


@router.get("/kill-switch")
async def show_kill_switch(switch: AppKillSwitch) -> KillSwitchOut:
    """Return whether everything is stopped, since when and by whom."""
    return await switch.run(lambda _session: None, READ_FAILED)


@router.post("/kill-switch")
async def set_kill_switch(body: KillSwitchIn, caller: ControlCaller, switch: AppKillSwitch) -> KillSwitchOut:
    """Stop everything for all accounts, or resume."""
    by = caller.acting_for(body.by)
    if body.on:
        return await switch.run(partial(_pull, by=by), PULL_FAILED)
    return await switch.run(partial(_release, by=by), RELEASE_FAILED)


def _pull(session: Session, *, by: str) -> None:
    pull_kill_switch(session, by)
    record_change(session, by=by, change="kill_switch.pull", about="")


def _release(session: Session, *, by: str) -> None:
    if release_kill_switch(session):
        record_change(session, by=by, change="kill_switch.release", about="")
