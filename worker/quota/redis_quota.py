"""The one caller of reserve.lua: loads it, calls it, turns its answer into a decision."""

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from worker import clock
from worker.errors import Reason, TryAgainError
from worker.redis_address import RedisAddress
from worker.rules.model import Kind
from worker.rules.quota import breaker
from worker.rules.quota.breaker import Breaker, Outcome
from worker.rules.quota.decision import Charge, Decision, QuotaContext, QuotaState, Remaining, Verb, Verdict
from worker.rules.quota.limits import draw_gap
from worker.rules.quota.windows import local_day, opening

_STALE_DAY_TRIES: Final = 3
_KINDS: Final = tuple(Kind)
"""The script numbers kinds from 1 in this order; a new one goes to the end."""
_SCRIPT: Final = files("worker.quota").joinpath("reserve.lua").read_text("utf-8")


class QuotaUnavailableError(TryAgainError):
    """Redis can't be asked. No answer means no action, unless Postgres decides in its place."""

    def __init__(self, text: str) -> None:
        super().__init__(Reason.QUOTA_UNREADABLE, text)


def connect(address: RedisAddress) -> redis.Redis:
    """Return a client that never repeats a call by itself and answers in text.

    redis-py repeats by default, and a repeated script after a lost reply is what idempotency by
    reservation id guards against; doing it once is simpler to reason about.
    """
    return redis.Redis(
        **address.client_options(),
        decode_responses=True,
        socket_timeout=5,
        socket_connect_timeout=5,
        retry=Retry(NoBackoff(), 0),
        redis_connect_func=_note_server,  # type: ignore[arg-type]  # it is called with the connection
    )


def _note_server(connection: Any) -> None:  # noqa: ANN401 -- redis-py's interface; each connection class has its own type
    """Learn which server this connection speaks to, before anything is asked."""
    connection.on_connect()
    connection.send_command("INFO", "server")
    lines = str(connection.read_response()).splitlines()
    connection.run_id = next(line.partition(":")[2] for line in lines if line.startswith("run_id:"))


class RedisQuota:
    """Asks the quota in Redis. Every verb raises QuotaUnavailableError when Redis can't be asked.

    The counters count as whole for one epoch of the account on one run of the server: a restart, or another
    server after a failover, may lack the last grants, and answers `cold` until `install` has written them.
    """

    def __init__(self, client: redis.Redis, *, draw: random.Random | None = None) -> None:
        self._pool = client.connection_pool
        self._sha = str(client.register_script(_SCRIPT).sha)
        self._draw = draw or random.SystemRandom()

    def reserve(self, context: QuotaContext, reservation_id: str, *, lease: timedelta) -> Decision:
        """Take one unit from every window, or none; it lapses after `lease`. Idempotent by reservation id."""
        gap = draw_gap(context.limits, self._draw.random())
        return self._decide("reserve", context, reservation_id, gap_ms=_ms(gap), lease_ms=_ms(lease))

    def remaining(self, context: QuotaContext) -> Decision:
        """Return what is left, and what a reservation would be denied with. Changes nothing."""
        return self._decide("remaining", context, "")

    def start(self, context: QuotaContext, reservation_id: str) -> Decision:
        """Begin to act: the unit counts until it is settled. Anything but STARTED means: don't."""
        return self._ask("start", context, reservation_id)

    def settle(self, context: QuotaContext, verb: Verb, reservation_id: str, outcome: Outcome) -> Decision:
        """Commit (it happened), release (surely not) or only report how it went. Idempotent."""
        numbers = breaker.THRESHOLD, _ms(breaker.FIRST_WAIT), _ms(breaker.LONGEST_WAIT)
        return self._ask(verb, context, reservation_id, lambda _: numbers, extra=lambda _: outcome)

    def reset_breaker(self, context: QuotaContext) -> Decision:
        """Close the breaker, for operators."""
        return self._ask("reset", context, "")

    def install(self, context: QuotaContext, books: QuotaState) -> Decision:
        """Write the account's counters anew, whole from now on in the context's epoch."""

        def whole(now: datetime) -> str:
            today = local_day(now, context.zone).start
            charges = [_charge(charge, today) for charge in books.charges]
            kinds = [[_epoch_ms(books.gaps.get(kind)), *_fields(books.breaker(kind))] for kind in _KINDS]
            return json.dumps({"charges": charges, "kinds": kinds}, separators=(",", ":"))

        return self._ask("install", context, "", extra=whole)

    def _decide(
        self, verb: str, context: QuotaContext, reservation_id: str, *, gap_ms: int = 0, lease_ms: int = 0
    ) -> Decision:
        limits, totals = context.limits, context.totals
        shares = [context.shares.get(kind, 0) for kind in _KINDS]

        def numbers(now: datetime) -> Sequence[int]:
            hours = opening(now, limits.hours, context.zone)
            return [
                limits.per_run, limits.per_day, limits.per_week, totals.per_day, totals.per_week,
                _epoch_ms(hours.start), _epoch_ms(hours.end), _epoch_ms(context.paused_until),
                gap_ms, lease_ms, *shares,
            ]  # fmt: skip

        return self._ask(verb, context, reservation_id, numbers)

    def _ask(
        self,
        verb: str,
        context: QuotaContext,
        reservation_id: str,
        numbers: Callable[[datetime], Sequence[int]] = lambda _: (),
        extra: Callable[[datetime], str] = lambda _: "",
    ) -> Decision:
        now = clock.now()
        for _ in range(_STALE_DAY_TRIES):
            day = local_day(now, context.zone)
            listed = _epoch_ms(day.start), _epoch_ms(day.end), _number(context.kind), *numbers(now)
            # A run is a campaign on one day: what it may not do today, it may go on with tomorrow.
            answer = self._call(
                _keys(context), verb, reservation_id, context.epoch,
                context.run_id, f"[{','.join(map(str, listed))}]", extra(now),
            )  # fmt: skip
            if answer[0] != "stale_day":
                return _decision(answer)
            now = _instant(int(answer[3]))
        raise QuotaUnavailableError("Redis and this machine disagree about the day")

    def _call(self, keys: Sequence[str], verb: str, reservation_id: str, epoch: int, *more: str) -> list[str]:
        try:
            # redis-py types connections loosely; _note_server gave this one its run id.
            connection: Any = self._pool.get_connection()
            try:
                given = len(keys), *keys, verb, reservation_id, f"{epoch}:{connection.run_id}", *more
                try:
                    connection.send_command("EVALSHA", self._sha, *given)
                    answer = connection.read_response()
                except NoScriptError:
                    connection.send_command("EVAL", _SCRIPT, *given)
                    answer = connection.read_response()
            finally:
                self._pool.release(connection)
        except RedisError as error:
            raise QuotaUnavailableError(f"the quota can't be asked: {error}") from error
        return str(answer).split(" ")


def _keys(context: QuotaContext) -> list[str]:
    base = f"rapport:quota:{{acct:{context.account_id}}}"
    return [f"{base}:state", *(f"{base}:{kind}" for kind in _KINDS)]


def _charge(charge: Charge, today: datetime) -> list[str | int]:
    run = charge.run_id if charge.run_id and charge.at >= today else ""
    return [_number(charge.kind), charge.reservation_id, _epoch_ms(charge.at), run, int(charge.held)]


def _fields(state: Breaker) -> tuple[int, int, int]:
    return state.failures, state.openings, _epoch_ms(state.open_until)


_CLOSED: Final = Breaker()


def _decision(answer: Sequence[str]) -> Decision:
    status, reason = answer[:2]
    retry_at, _now, failures, openings, open_until, *windows = map(int, answer[2:])
    return Decision(
        verdict=Verdict(status),
        remaining=Remaining(*windows) if windows else None,
        reason=Reason(reason) if reason != "-" else None,
        retry_at=_instant(retry_at) if retry_at else None,
        breaker=Breaker(failures, openings, _instant(open_until) if open_until else None)
        if failures
        else _CLOSED,
    )


def _number(kind: Kind) -> int:
    return _KINDS.index(kind) + 1


def _ms(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


def _epoch_ms(instant: datetime | None) -> int:
    return round(instant.timestamp() * 1000) if instant else 0


def _instant(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, tz=UTC)
