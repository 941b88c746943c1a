"""The kill switch. It has threads and connections of its own, so it answers whatever hangs."""

from collections.abc import Callable
from typing import Annotated, Final

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, HTTPException, Request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from api_stub.http.dependencies import require_key
from api_stub.http.models.kill_switch import KillSwitchIn, KillSwitchOut
from db.engine import Database
from db.store.kill_switch import get_kill_switch, pull_kill_switch, release_kill_switch
from worker.settings import Settings

router = APIRouter(prefix="/control", tags=["control"], dependencies=require_key)

TIMEOUT_S: Final = 5.0
_THREADS: Final = 8

_READ_FAILED = "Postgres does not answer, so the kill switch can't be read."
_PULL_FAILED = (
    "Postgres does not answer, so it is not known whether the kill switch was pulled. Nothing is sent while "
    "Postgres does not answer, because every effect is written down there first. Ask again until the answer "
    "is 200, or stop the browser workers: then nothing acts, whatever happens to Postgres."
)
_RELEASE_FAILED = (
    "Postgres does not answer, so it is not known whether the kill switch was released: ask again."
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
    return await switch.run(lambda _session: None, _READ_FAILED)


@router.post("/kill-switch")
async def set_kill_switch(body: KillSwitchIn, switch: AppKillSwitch) -> KillSwitchOut:
    """Stop everything for all accounts, or resume."""
    if body.on:
        return await switch.run(lambda session: pull_kill_switch(session, body.by), _PULL_FAILED)
    return await switch.run(_release, _RELEASE_FAILED)


def _release(session: Session) -> None:
    release_kill_switch(session)
