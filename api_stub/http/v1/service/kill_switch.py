"""The kill switch, with the threads and connections of `routes/kill_switch.py`: it waits for nothing else."""

from fastapi import APIRouter
from sqlalchemy.orm import Session

from api_stub.http.faults import FaultType
from api_stub.http.models.kill_switch import KillSwitchOut
from api_stub.http.openapi.document import problems
from api_stub.http.routes.kill_switch import PULL_FAILED, READ_FAILED, RELEASE_FAILED, AppKillSwitch
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from db.store import kill_switch
from db.store.audit import record_change

router = APIRouter(prefix="/kill-switch", tags=["control"], responses=problems(FaultType.UNAVAILABLE))


@router.get("")
async def read_kill_switch(caller: ReadCaller, switch: AppKillSwitch) -> KillSwitchOut:
    """Return whether everything is stopped, since when and by whom."""
    return await switch.run(lambda _session: None, READ_FAILED)


@router.put("")
async def pull_kill_switch(caller: ControlCaller, switch: AppKillSwitch) -> KillSwitchOut:
    """Stop every account at once, until the switch is released. Nothing is dropped.

    A worker that is typing stops before the click on send. Of two pulls the first is shown.
    """

    def pull(session: Session) -> None:
        kill_switch.pull_kill_switch(session, caller.name)
        record_change(session, by=caller.name, change="kill_switch.pull", about="")

    return await switch.run(pull, PULL_FAILED)


@router.delete("")
async def release_kill_switch(caller: ControlCaller, switch: AppKillSwitch) -> KillSwitchOut:
    """Release the kill switch. Accounts and campaigns that were paused one by one stay paused."""

    def release(session: Session) -> None:
        if kill_switch.release_kill_switch(session):
            record_change(session, by=caller.name, change="kill_switch.release", about="")

    return await switch.run(release, RELEASE_FAILED)
