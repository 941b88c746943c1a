"""The readiness probe. One runs at a time; its answer is shared and cached for seconds."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import anyio
from anyio import to_thread

from api_stub.http.models.health import Check, CheckName, Readiness

CHECK_TIMEOUT_S: Final = 3.0
CACHE_S: Final = 4.0
MAX_WAITING: Final = 100
"""Further requests are answered "not ready" at once, so that they don't hold connections."""

RunCheck = Callable[[], Check]


class ReadinessProbe:
    """Runs the readiness checks, each in at most one thread, also if it hangs."""

    def __init__(self, checks: Mapping[CheckName, RunCheck]) -> None:
        self._checks = checks
        self._limiter = anyio.CapacityLimiter(len(checks))
        self._hanging: set[CheckName] = set()
        self._running: asyncio.Task[Readiness] | None = None
        self._waiting = 0
        self._last: Readiness | None = None
        self._stale_at = 0.0

    async def check(self) -> Readiness:
        """Return whether all checks pass, from the cache or from a probe now."""
        if self._last is not None and asyncio.get_running_loop().time() < self._stale_at:
            return self._last
        if self._waiting >= MAX_WAITING:
            return Readiness(ready=False)
        if self._running is None:
            self._running = asyncio.create_task(self._probe())
        self._waiting += 1
        try:
            return await asyncio.shield(self._running)
        finally:
            self._waiting -= 1

    async def _probe(self) -> Readiness:
        try:
            found = await asyncio.gather(*(self._run(*item) for item in self._checks.items()))
            checks = dict(zip(self._checks, found, strict=True))
            self._last = Readiness(ready=all(check.ok for check in found), checks=checks)
            self._stale_at = asyncio.get_running_loop().time() + CACHE_S
            return self._last
        finally:
            self._running = None

    async def _run(self, name: CheckName, run_check: RunCheck) -> Check:
        timed_out = Check(ok=False, detail=f"no answer within {CHECK_TIMEOUT_S:.0f} s")
        if name in self._hanging:  # the thread of an earlier probe still hangs
            return timed_out
        self._hanging.add(name)

        def run() -> Check:
            try:
                return run_check()
            finally:
                self._hanging.discard(name)

        try:
            with anyio.fail_after(CHECK_TIMEOUT_S):
                return await to_thread.run_sync(run, abandon_on_cancel=True, limiter=self._limiter)
        except TimeoutError:
            return timed_out
