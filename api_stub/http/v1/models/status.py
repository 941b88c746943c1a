"""Bodies of the routes of the service's own state."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api_stub.http.models.kill_switch import KillSwitchOut
from worker.errors import Reason
from worker.rules.halts import HaltCause
from worker.rules.model import ActionState, Kind
from worker.rules.upkeep import UpkeepJob
from worker.rules.wire.refusals import Refusal

_JOB: Final[JsonDict] = {
    "job": "quota",
    "due_at": "2026-11-29T10:00:00Z",
    "late_at": "2026-11-29T14:00:00Z",
    "is_late": False,
    "last_started_at": "2026-11-29T09:00:00Z",
    "last_ok_at": "2026-11-29T09:00:01Z",
    "last_failed_at": None,
    "failures": 0,
    "error": None,
}
_QUEUE: Final[JsonDict] = {"name": "birthday", "waiting": 0, "oldest_s": 0.0, "workers": ["browser@box"]}
_WORKER: Final[JsonDict] = {
    "name": "browser@box",
    "queues": ["birthday", "visitor", "sourcing"],
    "is_consuming": True,
    "started_at": "2026-11-29T06:00:00Z",
    "busy_s": None,
    "memory_bytes": 310_000_000,
}


class UpkeepJobOut(BaseModel):
    """One job of upkeep. `failures` counts those since the last success."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_JOB]})

    job: UpkeepJob
    due_at: datetime
    late_at: datetime = Field(description="If it has not succeeded by then, it is late.")
    is_late: bool
    last_started_at: datetime | None
    last_ok_at: datetime | None
    last_failed_at: datetime | None
    failures: int
    error: str | None


class StoppedAccountOut(BaseModel):
    """An account that does nothing now, and the first thing that stops it."""

    account: str
    cause: HaltCause
    reason: Reason | None


class ActionCount(BaseModel):
    """How many actions of a kind are in a state that is not an end."""

    kind: Kind
    state: ActionState
    count: int


class StoreStatus(BaseModel):
    """What Postgres knows, as of one moment."""

    as_of: datetime
    kill_switch: KillSwitchOut
    accounts: int
    stopped_accounts: list[StoppedAccountOut] = Field(description="Of the first 100 accounts.")
    open_actions: list[ActionCount]
    upkeep: list[UpkeepJobOut]
    failing_targets: list[str] = Field(
        description="Targets of notices to which the last one could not be sent."
    )
    size_bytes: int
    server_version: str


class QueueOut(BaseModel):
    """A queue, its backlog, and the workers that take its messages."""

    name: str
    waiting: int
    oldest_s: float = Field(description="For how long, at least, its next message has been first in line.")
    workers: list[str]


class WorkerOut(BaseModel):
    """A worker with a fresh record."""

    name: str
    queues: list[str]
    is_consuming: bool = Field(description="It takes messages, or will after its task.")
    started_at: datetime | None
    busy_s: float | None = Field(description="How long its oldest task has run; null: it is idle.")
    memory_bytes: int | None = Field(description="Of its processes with their browsers; null: not known.")


class BrokerStatus(BaseModel):
    """What Redis knows."""

    queues: list[QueueOut]
    workers: list[WorkerOut]
    server_version: str | None


class StatusOut(BaseModel):
    """The state of the service. `store` or `broker` is null if its server doesn't answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "version": "1.0.0",
                    "store": {
                        "as_of": "2026-11-29T09:00:00Z",
                        "kill_switch": {"on": False, "pulled_at": None, "pulled_by": None},
                        "accounts": 1,
                        "stopped_accounts": [
                            {"account": "ann", "cause": "account_stopped", "reason": "challenge"}
                        ],
                        "open_actions": [{"kind": "greet", "state": "planned", "count": 6}],
                        "upkeep": [_JOB],
                        "failing_targets": [],
                        "size_bytes": 31_457_280,
                        "server_version": "17.2",
                    },
                    "broker": {"queues": [_QUEUE], "workers": [_WORKER], "server_version": "7.4.1"},
                }
            ]
        }
    )

    version: str = Field(description="Rapport's.")
    store: StoreStatus | None
    broker: BrokerStatus | None


class CheckOut(BaseModel):
    """What one check found. With `is_warning`, Rapport works nevertheless."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "what": "sign-ins",
                    "ok": True,
                    "is_warning": True,
                    "detail": "ann expires soon: 30 Nov 08:15 Europe/Paris",
                    "advice": "`rapport account sign-in NAME`",
                }
            ]
        },
    )

    what: str
    ok: bool
    is_warning: bool
    detail: str
    advice: str = Field(description="What to do; empty if nothing is wrong.")


class ChecksOut(BaseModel):
    """What the checks of this process found. `rapport doctor` also checks what only a command can see."""

    checks: list[CheckOut]


class RefusedMessageOut(BaseModel):
    """A message from the broker that a worker refused, without its arguments."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "refused_at": "2026-11-29T09:00:00Z",
                    "queue": "control",
                    "reason": "unknown_task",
                    "detail": "task: no such task",
                    "size_bytes": 312,
                    "sha256": "9f86d081884c7d65",
                    "task": "tasks.birthday.campain",
                    "message_id": "0f4f5b7e-3c0e-4b43-9d0c-0f6f1d2c8a11",
                    "origin": "gen71@box",
                    "shape": None,
                }
            ]
        },
    )

    refused_at: datetime
    queue: str
    reason: Refusal
    detail: str
    size_bytes: int
    sha256: str = Field(description="Of the whole message, in hexadecimal digits.")
    task: str | None
    message_id: str | None
    origin: str | None = Field(description="Who says that it sent it.")
    shape: str | None = Field(description="Names and types of its headers.")
