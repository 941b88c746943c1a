"""The practice network as an ASGI application."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware

from api_stub.sandbox.control import Control
from api_stub.sandbox.faults import Faults
from api_stub.sandbox.gate import Gate
from api_stub.sandbox.invitations import InvitationPages, InvitationStore
from api_stub.sandbox.messaging import Messaging
from api_stub.sandbox.pages import Pages
from api_stub.sandbox.state import State


def create_app(
    state_path: Path, *, today: Callable[[], date], now: Callable[[], datetime], control_key: str
) -> Starlette:
    """Create the application on a state file, which is created and filled with people if it doesn't exist.

    `today` sets the birthdays, `now` (aware) the times of messages; `control_key` protects `/_sandbox/`. Only
    one process at a time may serve a file. Raises ValueError for an empty key.
    """
    if not control_key:
        raise ValueError("the control key must not be empty")
    state = State(state_path, today=today, now=now)
    faults = Faults(state.db)
    invitations = InvitationStore(state, today)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        state.close()

    return Starlette(
        routes=[
            *InvitationPages(state, invitations, faults, today).routes(),
            *Pages(state, faults, today).routes(),
            *Messaging(state, faults).routes(),
            Control(state, invitations, faults, today, control_key).mount(),
        ],
        middleware=[Middleware(Gate, state=state, faults=faults)],
        lifespan=lifespan,
    )
