"""The one caller of reserve.lua: loads it, calls it, turns its answer into a decision."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.resources import files
from zoneinfo import ZoneInfo

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from worker import clock
from worker.errors import Reason, TryAgainError
from worker.rules.model import Kind
from worker.rules.windows import Day, Limits, local_day

_STALE_DAY_TRIES = 3


class Verdict(StrEnum):
    """What the script decided."""

    GRANTED = "granted"
    REPLAY = "replay"
    DENIED = "denied"
    RELEASED = "released"
    ABSENT = "absent"
    REMAINING = "remaining"


@dataclass(frozen=True, slots=True)
class Remaining:
    """How many actions each window still allows."""

    run: int
    day: int
    week: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The quota's answer. `reason` and `retry_at` (aware, UTC) are set when it is a denial."""

    verdict: Verdict
    remaining: Remaining
    reason: Reason | None = None
    retry_at: datetime | None = None

    @property
    def granted(self) -> bool:
        """Whether the caller may go on; the same reservation asked twice is granted once and replayed."""
        return self.verdict in {Verdict.GRANTED, Verdict.REPLAY}


@dataclass(frozen=True, slots=True)
class Purse:
    """Whose quota is asked: the account in its zone, the kind, the run, and what they may do."""

    account_id: int
    zone: ZoneInfo
    kind: Kind
    run_id: str
    limits: Limits


def connect(url: str) -> redis.Redis:
    """Return a client that never repeats a call by itself and answers in text.

    redis-py repeats by default, and a repeated script after a lost reply is what idempotency by
    reservation id guards against; doing it once is simpler to reason about.
    """
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=5,
        socket_connect_timeout=5,
        retry=Retry(NoBackoff(), 0),
    )


class Guard:
    """Asks the quota. Any doubt (Redis away, an answer that can't be read) raises: no answer, no action."""

    def __init__(self, client: redis.Redis, *, draw: random.Random | None = None) -> None:
        self._client = client
        self._script = client.register_script(
            files("worker.quota").joinpath("reserve.lua").read_text("utf-8")
        )
        self._draw = draw or random.SystemRandom()

    def reserve(self, purse: Purse, reservation_id: str) -> Decision:
        """Take one action from every window, or none. Idempotent by `reservation_id`.

        Raises TryAgainError when Redis can't be asked.
        """
        return self._ask("reserve", purse, reservation_id)

    def release(self, purse: Purse, reservation_id: str) -> Decision:
        """Give one action back. Only for an action that surely had no effect. The gap stays."""
        return self._ask("release", purse, reservation_id)

    def remaining(self, purse: Purse) -> Remaining:
        """Return what is left, changing nothing."""
        return self._ask("remaining", purse, "").remaining

    def _ask(self, verb: str, purse: Purse, reservation_id: str) -> Decision:
        limits = purse.limits
        gap_ms = self._draw.uniform(_ms(limits.gap_min), _ms(limits.gap_max))
        now = clock.now()
        for _ in range(_STALE_DAY_TRIES):
            day = local_day(now, purse.zone)
            try:
                answer = self._script(
                    keys=_keys(purse, day),
                    args=[
                        verb, reservation_id, _epoch_ms(day.start), _epoch_ms(day.end),
                        limits.per_run, limits.per_day, limits.per_week, round(gap_ms),
                    ],
                )  # fmt: skip
            except RedisError as error:
                raise TryAgainError(Reason.QUOTA_UNREADABLE, f"the quota can't be asked: {error}") from error
            if answer[0] != "stale_day":
                return _decision(answer)
            now = _instant(answer[3])
        raise TryAgainError(Reason.QUOTA_UNREADABLE, "Redis and this machine disagree about the day")


def _keys(purse: Purse, day: Day) -> list[str]:
    # A run is a campaign on one day: what it may not do today, it may go on with tomorrow.
    run = f"{purse.run_id}:{_epoch_ms(day.start)}"
    base = f"rapport:quota:{{acct:{purse.account_id}}}:{purse.kind}"
    return [f"{base}:log", f"{base}:gate", f"{base}:run:{run}"]


def _decision(answer: list[str]) -> Decision:
    status, reason, retry_at, _now, run, day, week = answer
    return Decision(
        verdict=Verdict(status),
        remaining=Remaining(int(run), int(day), int(week)),
        reason=Reason(reason) if reason else None,
        retry_at=_instant(retry_at) if retry_at != "0" else None,
    )


def _ms(duration: timedelta) -> float:
    return duration / timedelta(milliseconds=1)


def _epoch_ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def _instant(epoch_ms: str) -> datetime:
    return datetime.fromtimestamp(int(epoch_ms) / 1000, tz=UTC)
