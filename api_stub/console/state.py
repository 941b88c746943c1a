"""What the console holds open while the application runs."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from api_stub.console.gate import SessionGate
from api_stub.console.keys import ConsoleKeys
from api_stub.console.public_address import PublicAddress, find_public_address
from api_stub.console.sign_in_desk import SignInDesk
from api_stub.throttle import Throttle
from db.engine import Database
from worker.settings import Settings

MAX_ATTEMPTS: Final = 20
"""Attempts to sign in within a minute from one network; further ones aren't looked at."""
MAX_UNKNOWN_LINKS: Final = 30
"""The same for links that never were any. A token has 256 bits: nobody guesses one."""


@dataclass(frozen=True, slots=True)
class OpenConsole:
    """The keys, the sessions and the limits of one application."""

    keys: ConsoleKeys
    address: PublicAddress
    gate: SessionGate
    desk: SignInDesk
    attempts: Throttle
    unknown_links: Throttle


def open_console(settings: Settings, database: Database) -> OpenConsole | None:
    """Return the console's state, or None if it is off or has no keys."""
    if not settings.console or settings.console_keys is None:
        return None
    keys, address = ConsoleKeys(settings.console_keys), find_public_address(settings)
    return OpenConsole(
        keys=keys,
        address=address,
        gate=SessionGate(database, keys, address),
        desk=SignInDesk(database),
        attempts=Throttle(MAX_ATTEMPTS),
        unknown_links=Throttle(MAX_UNKNOWN_LINKS),
    )


async def _find_console(request: Request) -> OpenConsole:
    console: OpenConsole = request.app.state.console
    return console


AppConsole = Annotated[OpenConsole, Depends(_find_console)]
