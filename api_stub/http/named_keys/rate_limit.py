"""A token bucket for each key: so many requests at once, and so many a minute."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor

from worker.clock import monotonic_seconds
from worker.rules.api_keys import NamedKey


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether a request is allowed, and the headers that say what is left."""

    is_allowed: bool
    headers: Mapping[str, str]


class RateLimits:
    """Takes a token for each request of a key."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: NamedKey) -> Allowance:
        """Take a token, if there is one.

        The headers are `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers), and
        `Retry-After` if there was none.
        """
        now, per_s = monotonic_seconds(), key.per_minute / 60
        bucket = self._buckets.setdefault(key.public_id, _Bucket(key.burst, now))
        bucket.tokens = min(key.burst, bucket.tokens + (now - bucket.at) * per_s)
        bucket.at = now
        is_allowed = bucket.tokens >= 1
        if is_allowed:
            bucket.tokens -= 1
        full_in_s = ceil((key.burst - bucket.tokens) / per_s)
        headers = {
            "RateLimit-Policy": f'"burst";q={key.burst}, "minute";q={key.per_minute};w=60',
            "RateLimit": f'"burst";r={floor(bucket.tokens)};t={full_in_s}',
        }
        if not is_allowed:
            headers["Retry-After"] = str(max(1, ceil((1 - bucket.tokens) / per_s)))
        return Allowance(is_allowed, headers)
