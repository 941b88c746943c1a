"""The replica as an ASGI application."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware

from tests.replica.linkedin import messaging, pages_lists, signin
from tests.replica.linkedin.control import Control
from tests.replica.linkedin.gate import Gate
from tests.replica.linkedin.world import World


def create_app(
    journal: Path, *, today: Callable[[], date], now: Callable[[], datetime], control_key: str
) -> Starlette:
    """Create the application on a journal, which is created if it doesn't exist."""
    world = World(journal, today=today, now=now)
    return Starlette(
        routes=[
            *signin.routes(world),
            *messaging.routes(world),
            *pages_lists.routes(world),
            Control(world, control_key).mount(),
        ],
        middleware=[Middleware(Gate, world=world)],
    )
