"""Data that is older than its account keeps it: how much there is, and erasing it."""

from dataclasses import asdict
from datetime import timedelta

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.http.faults import Fault, FaultType
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.accounts.parts import PREFIX, AccountPath
from api_stub.http.v1.caller import AdminCaller, ReadCaller
from db.store import audit
from db.store.people.accounts import AccountRecord
from tasks.upkeep import retention
from tasks.upkeep.retention import PURGED_AT_ONCE

router = APIRouter(prefix=f"{PREFIX}/retention", tags=["accounts"])


class StaleOut(BaseModel):
    """What is older than the account keeps it. With `keep_days` null everything is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"keep_days": 365, "people": 12, "profiles": 30, "scores": 4, "campaigns": 1}]
        }
    )

    keep_days: int | None
    people: int = Field(description="People who are no connections and were not seen since.")
    profiles: int
    scores: int
    campaigns: int = Field(description="Campaigns whose lists of people are emptied.")


class PurgedOut(BaseModel):
    """What was erased."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "people": 12, "profiles": 30, "scores": 4, "campaigns": 1, "pictures": 2, "waits": False,
                    "more": False,
                }
            ]
        }
    )  # fmt: skip

    people: int
    profiles: int
    scores: int
    campaigns: int
    pictures: int = Field(description="Screenshots and traces on this machine.")
    waits: bool = Field(description="An import is under way, and people are only erased after it.")
    more: bool = Field(description="There are more people: ask again.")


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def show_stale_data(account: AccountPath, _caller: ReadCaller, database: AppDatabase) -> StaleOut:
    """Return how much data is older than the account keeps it. Workers erase it several times a day."""
    with database.snapshot() as session:
        owner = require_account(session, account)
    if owner.keep_days is None:
        return StaleOut(keep_days=None, people=0, profiles=0, scores=0, campaigns=0)
    found = retention.find_stale(database, owner.id, timedelta(days=owner.keep_days))
    return StaleOut(
        keep_days=owner.keep_days,
        people=len(found.people),
        profiles=found.profiles,
        scores=found.scores,
        campaigns=found.campaigns,
    )


@router.post("/erase", responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CONFLICT))
def erase_stale_data(
    account: AccountPath, caller: AdminCaller, database: AppDatabase, settings: AppSettings
) -> PurgedOut:
    """Erase it now: at most 15 000 people at once. Excluded people and people with open actions stay."""
    with database.transaction() as session:
        owner, keep = _require_limit(session, account)
        audit.record_change(session, by=caller.name, change="account.purge", about=account)
    found = retention.find_stale(database, owner.id, keep)
    purged = retention.purge_stale(database, settings.evidence_dir, owner.id, found, most=PURGED_AT_ONCE)
    return PurgedOut(**asdict(purged), more=len(found.people) > PURGED_AT_ONCE)


def _require_limit(session: Session, account: str) -> tuple[AccountRecord, timedelta]:
    owner = require_account(session, account)
    if owner.keep_days is None:
        raise Fault(FaultType.CONFLICT, f"account {account} keeps everything for ever: set how long first")
    return owner, timedelta(days=owner.keep_days)
