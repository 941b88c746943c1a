"""Check passwords and one-time links, few at a time, and open sessions for the right ones."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import anyio
from anyio import to_thread
from pydantic import SecretStr
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.console import attempts, links, sessions, users
from db.store.console.sessions import Client
from worker.passwords import verify_password
from worker.rules.console.users import is_user_name

_AT_ONCE: Final = 2
_MOST_WAITING: Final = 8
"""A check takes 19 MiB for a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: the token of a new session, or how long to wait, or neither."""

    token: str | None = None
    wait: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class LinkOutcome:
    """What came of a link: user and token of a new session; else whether it was a link at all."""

    user: str = ""
    token: str | None = None
    was_link: bool = True


class SignInDesk:
    """Opens sessions, in threads of its own: a crowd of strangers must not hold those of the pages."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)

    @property
    def is_crowded(self) -> bool:
        """Whether so many wait that another one wouldn't be served soon."""
        return self._limiter.statistics().tasks_waiting >= _MOST_WAITING

    async def try_password(
        self, name: str, password: SecretStr, client: Client, former: UUID | None
    ) -> Outcome:
        """Open a session for a user's name and password; it replaces the browser's `former` one."""
        work = partial(self._try_password, name, password, client, former)
        return await to_thread.run_sync(work, limiter=self._limiter)

    async def use_link(self, token: str, client: Client, former: UUID | None) -> LinkOutcome:
        """Open a session for the user of a link, and use the link up; it replaces the `former` one."""
        work = partial(self._use_link, token, client, former)
        return await to_thread.run_sync(work, limiter=self._limiter)

    def _try_password(self, name: str, password: SecretStr, client: Client, former: UUID | None) -> Outcome:
        with self._database.transaction() as session:
            wait = attempts.take_attempt(session, name)
            if wait:
                return Outcome(wait=wait)
            found = users.find_password(session, name) if is_user_name(name) else None
        # No transaction is open meanwhile. A name that no user has takes as long as a wrong password.
        user_id, stored = found or (0, None)
        if not verify_password(password, stored):
            return Outcome()
        with self._database.transaction() as session:
            if users.find_password(session, name) != found:  # changed or disabled meanwhile
                return Outcome()
            attempts.clear_attempts(session, name)
            return Outcome(_open_session(session, user_id, name, client, former))

    def _use_link(self, token: str, client: Client, former: UUID | None) -> LinkOutcome:
        with self._database.transaction() as session:
            used = links.use_link(session, token)
            if used is None:
                return LinkOutcome(was_link=links.was_link(session, token))
            user_id, name = used
            return LinkOutcome(name, _open_session(session, user_id, name, client, former))


def _open_session(session: Session, user_id: int, name: str, client: Client, former: UUID | None) -> str:
    """Open a session and return its token; end the one that the browser forgets now."""
    if former is not None:
        sessions.end_session(session, former, by=name)
    return sessions.open_session(session, user_id, client)
