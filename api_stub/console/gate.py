"""Find the session of a request by its cookie. A cookie that wasn't signed here costs no query."""

from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

import anyio
from anyio import to_thread
from starlette.requests import HTTPConnection
from starlette.types import Scope

from api_stub.console.keys import ConsoleKeys, FormTokens
from api_stub.console.public_address import PublicAddress
from api_stub.console.session import SignedIn
from db.engine import Database
from db.store.console import sessions
from db.store.console.sessions import Client, FoundSession
from worker.rules.console.browsers import describe_browser

COOKIE: Final = "rapport"
_PURPOSE: Final = "cookie"
_THREADS: Final = 4
"""Of its own: requests that wait for an answer hold the shared ones."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, and the Set-Cookie header that their answer must have, if any."""

    signed_in: SignedIn
    cookie: str | None


class SessionGate:
    """Finds, opens and ends the sessions of browsers."""

    def __init__(self, database: Database, keys: ConsoleKeys, address: PublicAddress) -> None:
        self._database = database
        self._keys = keys
        self._address = address
        self._limiter = anyio.CapacityLimiter(_THREADS)

    async def find(self, scope: Scope) -> Visit | None:
        """Return the visit that the request's cookie stands for; None if it stands for none.

        Raises OperationalError or sqlalchemy's TimeoutError if Postgres doesn't answer.
        """
        connection = HTTPConnection(scope)
        given = connection.cookies.get(self._address.name_cookie(COOKIE), "")
        token, _, signature = given.partition(".")
        if not self._keys.verify(_PURPOSE, token, signature):
            return None
        work = partial(self._find, token, describe_client(connection))
        found = await to_thread.run_sync(work, limiter=self._limiter)
        if found is None:
            return None
        signed_in = SignedIn(
            found.user, found.role, found.language, FormTokens(self._keys, str(found.id)), found.id
        )
        return Visit(signed_in, self.format_cookie(found.new_token) if found.new_token else None)

    async def is_open(self, session_id: UUID) -> bool:
        """Return whether a session goes on: for an answer that lasts, which must end with it."""
        return await to_thread.run_sync(self._is_open, session_id, limiter=self._limiter)

    def format_cookie(self, token: str) -> str:
        """Return the Set-Cookie header with a session's token."""
        signed = f"{token}.{self._keys.sign(_PURPOSE, token)}"
        return self._address.format_cookie(COOKIE, signed, seconds=round(sessions.LONGEST.total_seconds()))

    def format_removal(self) -> str:
        """Return the Set-Cookie header that removes the cookie."""
        return self._address.format_cookie(COOKIE, "", seconds=0)

    def _find(self, token: str, client: Client) -> FoundSession | None:
        with self._database.transaction() as session:
            return sessions.find_session(session, token, client)

    def _is_open(self, session_id: UUID) -> bool:
        with self._database.snapshot() as session:
            return sessions.is_open(session, session_id)


def describe_client(connection: HTTPConnection) -> Client:
    """Return where a request comes from, in words."""
    browser, system = describe_browser(connection.headers.get("user-agent", ""))
    return Client(connection.client.host if connection.client else "", browser, system)
