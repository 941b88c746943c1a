"""The file that says what a running stack does: its processes, restarts and addresses."""

from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from api_stub.stack.lock import Purpose, read_holder
from api_stub.stack.secrets import write_private_file

_FILE_NAME = "state.json"


class ProcessState(BaseModel, frozen=True):
    """A process of the stack. `pid` and `since` are None while it waits to be started again."""

    name: str
    pid: int | None
    since: datetime | None
    restarts: int


class StackState(BaseModel, frozen=True):
    """A stack: its own process, since when it is ready (None while it starts), and what it runs."""

    pid: int
    started_at: datetime
    ready_at: datetime | None = None
    addresses: dict[str, str] = {}
    processes: tuple[ProcessState, ...] = ()


def write_state(data_dir: Path, state: StackState) -> None:
    """Write `<data>/state.json`, readable by the owner only."""
    write_private_file(data_dir / _FILE_NAME, state.model_dump_json(indent=1) + "\n")


def read_state(data_dir: Path) -> StackState | None:
    """Return the state of the stack that runs on `data_dir`, or None if none runs."""
    holder = read_holder(data_dir)
    if holder is None or holder.purpose is not Purpose.STACK:
        return None
    try:
        state = StackState.model_validate_json((data_dir / _FILE_NAME).read_text())
    except (FileNotFoundError, ValidationError):
        state = None
    if state is not None and state.pid == holder.pid:
        return state
    return StackState(pid=holder.pid, started_at=datetime.fromtimestamp(holder.born, UTC))
