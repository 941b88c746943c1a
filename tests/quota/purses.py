"""What the quota's tests share: purses whose local time is midday, and a look at all that is stored."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import redis

from worker import clock
from worker.quota.guard import Purse
from worker.rules.model import Kind
from worker.rules.windows import Limits

NONE = timedelta(0)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
KEEP_MS = WEEK_MS + DAY_MS


def midday_zone() -> ZoneInfo:
    """A zone in which it is between 12:00 and 13:00, so that no test begins today and ends tomorrow."""
    ahead = 12 - clock.now().hour
    return ZoneInfo(f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT")


def a_purse(
    account_id: int = 1,
    *,
    run: int = 1000,
    day: int = 1000,
    week: int = 1000,
    gap: timedelta = NONE,
    gap_max: timedelta | None = None,
    run_id: str = "run",
    kind: Kind = Kind.GREET,
    zone: ZoneInfo | None = None,
) -> Purse:
    limits = Limits(run, day, week, gap, gap if gap_max is None else gap_max)
    return Purse(account_id, zone or midday_zone(), kind, run_id, limits)


def text_client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True)


def stored(url: str) -> Mapping[bytes, tuple[bytes, int]]:
    """Every key with its value and the instant at which it expires (0 where that can't be asked)."""
    with redis.Redis.from_url(url) as client:
        return {key: (client.dump(key) or b"", expires_at(client, key)) for key in client.keys("*")}


def expires_at(client: redis.Redis, key: bytes) -> int:
    try:
        return int(client.pexpiretime(key.decode()))
    except redis.ResponseError:  # a server older than 7.0
        return 0


def server_ms(client: redis.Redis) -> int:
    seconds, micros = client.time()
    return int(seconds) * 1000 + int(micros) // 1000


def age(client: redis.Redis, by_ms: int) -> None:
    """Let time pass: Redis' clock can't be moved, so everything charged is moved into the past."""
    for key in client.keys("*:log"):
        for member, at in charges(client, key).items():
            client.zadd(key, {member: at - by_ms})
    for key in client.keys("*:gate"):
        client.set(key, int(text_of(client, key)) - by_ms, keepttl=True)


def charges(client: redis.Redis, log: str | bytes) -> dict[str, float]:
    """What a log holds: reservation id -> instant (ms)."""
    rows: Any = client.zrange(log, 0, -1, withscores=True)
    return dict(rows)


def text_of(client: redis.Redis, key: str | bytes) -> str:
    value = client.get(key)
    assert isinstance(value, str)
    return value
