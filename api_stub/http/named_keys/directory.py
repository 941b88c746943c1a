"""The named keys that this process knows, read again from Postgres every two seconds at most."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import anyio
from anyio import to_thread
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from db.engine import Database
from db.store import api_keys
from db.store.api_keys import USE_NOTED_EVERY
from worker import logs
from worker.clock import monotonic_seconds
from worker.rules.api_keys import NamedKey
from worker.settings import Settings

FRESH_FOR: Final = timedelta(seconds=2)
"""A revoked key is refused after this time at the latest."""
UNKNOWN_READ_AFTER: Final = timedelta(milliseconds=200)
"""An unknown key or secret has the keys read again after this time: it may be new. Guesses cost no more."""
RETRY_AFTER: Final = timedelta(seconds=1)
"""After a failure, nobody waits for Postgres again within this time."""
_TIMEOUT_S: Final = 3.0
_FAILURES: Final = (OperationalError, PoolTimeoutError, ProgrammingError, TimeoutError)

log = logs.get_logger(__name__)


class KeysUnreadableError(Exception):
    """Postgres doesn't answer, or its schema is older, so a key can't be checked."""


class KeyDirectory:
    """Finds named keys by their public id, and notes when they were used.

    It has connections and threads of its own, so it answers while others wait for an answer of Postgres.
    """

    def __init__(self, settings: Settings) -> None:
        self._database = Database(
            settings.required("database_url").get_secret_value(),
            application_name="rapport keys",
            statement_timeout_ms=2000,
            connect_timeout_s=2,
            pool_timeout_s=2,
        )
        self._limiter = anyio.CapacityLimiter(2)
        self._notes_limiter = anyio.CapacityLimiter(1)
        self._keys: Mapping[str, NamedKey] | None = None
        self._read_at = self._failed_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._noted: dict[int, float] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def find(
        self, public_id: str, *, may_be_stale: bool = False, is_doubtful: bool = False
    ) -> NamedKey | None:
        """Return the key with this public id, or None.

        With `is_doubtful`, it may have changed just now. With `may_be_stale`, what was last known counts if
        Postgres doesn't answer. Raises KeysUnreadableError if it doesn't, or if nothing is known yet.
        """
        known = self._keys is not None and public_id in self._keys
        if self._age(self._read_at) >= (UNKNOWN_READ_AFTER if is_doubtful or not known else FRESH_FOR):
            try:
                await self._read()
            except KeysUnreadableError:
                if not (may_be_stale and known):
                    raise
        return self._keys.get(public_id) if self._keys is not None else None

    def note_use(self, key: NamedKey) -> None:
        """Note that a key was used, at most once a minute, without waiting for it."""
        now = monotonic_seconds()
        if now - self._noted.get(key.id, float("-inf")) < USE_NOTED_EVERY.total_seconds():
            return
        self._noted[key.id] = now
        task = asyncio.create_task(self._write_use(key))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def close(self) -> None:
        """Close its connections, after uses that are being noted, but within two seconds."""
        if self._notes:
            await asyncio.wait(self._notes, timeout=2)
        self._database.close()

    async def _read(self) -> None:
        """Read all keys. Requests at the same time share one reading. Raises KeysUnreadableError."""
        if self._age(self._failed_at) < RETRY_AFTER:
            raise KeysUnreadableError
        if self._reading is None:
            self._reading = asyncio.create_task(self._load())
            self._reading.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._reading)

    async def _load(self) -> None:
        began = monotonic_seconds()
        try:
            with anyio.fail_after(_TIMEOUT_S):
                self._keys = await to_thread.run_sync(
                    self._query, abandon_on_cancel=True, limiter=self._limiter
                )
            self._read_at = began
        except _FAILURES as error:
            self._failed_at = monotonic_seconds()
            log.warning("keys_unreadable", error=type(getattr(error, "orig", None) or error).__name__)
            raise KeysUnreadableError from error
        finally:
            self._reading = None

    def _query(self) -> Mapping[str, NamedKey]:
        with self._database.snapshot() as session:
            return {key.public_id: key for key in api_keys.load_keys(session)}

    async def _write_use(self, key: NamedKey) -> None:
        try:
            await to_thread.run_sync(self._update_use, key, limiter=self._notes_limiter)
        except _FAILURES as error:
            log.warning("key_use_not_noted", key=key.name, error=type(error).__name__)

    def _update_use(self, key: NamedKey) -> None:
        with self._database.transaction() as session:
            api_keys.note_use(session, key.id)

    def _age(self, at: float) -> timedelta:
        passed = monotonic_seconds() - at
        return timedelta(seconds=min(passed, 1e6))  # of what never happened: infinite
