"""The quota in Redis: loads quota.lua, calls it and turns its answer into a decision."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import files
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from worker import clock
from worker.errors import Reason, TryAgainError
from worker.quota import arguments
from worker.quota.arguments import Builder, epoch_ms
from worker.quota.server_run import identify_run
from worker.rules.quota.breaker import Breaker, Outcome
from worker.rules.quota.limits import draw_gap
from worker.rules.quota.model import Decision, QuotaContext, QuotaState, Remaining, Verb, Verdict
from worker.rules.quota.windows import local_day
from worker.servers import redis_clients
from worker.servers.redis_address import RedisAddress
from worker.tracing import spans
from worker.tracing.spans import SpanRole

_STALE_DAY_TRIES: Final = 3
_SCRIPT: Final = files("worker.quota").joinpath("quota.lua").read_text("utf-8")
_CLOSED: Final = Breaker()
_REDIS_CALL: Final = {"db.system.name": "redis", "db.operation.name": "EVALSHA"}


class QuotaUnavailableError(TryAgainError):
    """Redis gives no answer. No answer means no action, unless Postgres decides instead."""

    def __init__(self, text: str) -> None:
        super().__init__(Reason.QUOTA_UNREADABLE, text)


def connect(address: RedisAddress) -> redis.Redis:
    """Return a client that never retries a call by itself and answers in text.

    redis-py retries by default. A script retried after a lost reply would be harmless, because reservations
    are idempotent by their id, but a single call is simpler to reason about.
    """
    return redis_clients.connect(
        address,
        decode_responses=True,
        socket_timeout=5,
        socket_connect_timeout=5,
        retry=Retry(NoBackoff(), 0),
        redis_connect_func=_note_server,
    )


def _note_server(connection: Any) -> None:  # noqa: ANN401 -- redis-py's interface; each connection class has its own type
    """Store the server's run id on a new connection."""
    connection.on_connect()
    connection.run_id = identify_run(connection)


class RedisQuota:
    """Decides in Redis. Every verb raises QuotaUnavailableError when Redis gives no answer.

    The counters are complete for one epoch of the account on one run of the server. After a restart, or a
    failover to another server, the last grants may be missing: the answer is `cold` until `install`.
    """

    def __init__(self, client: redis.Redis, *, draw: random.Random | None = None) -> None:
        self._pool = client.connection_pool
        self._sha = str(client.register_script(_SCRIPT).sha)
        self._draw = draw or random.SystemRandom()

    def reserve(self, context: QuotaContext, reservation_id: str, *, lease: timedelta) -> Decision:
        """Take one unit from every window or from none; it expires after `lease`. Idempotent by id."""
        gap = draw_gap(context.limits, self._draw.random())
        build = partial(arguments.build_decision, gap=gap, lease=lease)
        return self._ask("reserve", context, reservation_id, build)

    def remaining(self, context: QuotaContext) -> Decision:
        """Return what is left, and why a reservation would be denied now. Changes nothing."""
        return self._ask("remaining", context, "", arguments.build_decision)

    def start(self, context: QuotaContext, reservation_id: str) -> Decision:
        """Begin to act: the unit counts until it is settled. Act only if the answer is STARTED."""
        return self._ask("start", context, reservation_id, arguments.build_none)

    def settle(self, context: QuotaContext, verb: Verb, reservation_id: str, outcome: Outcome) -> Decision:
        """Commit (it happened), release (it certainly did not) or only report the outcome. Idempotent."""
        return self._ask(verb, context, reservation_id, partial(arguments.build_settle, outcome=outcome))

    def reset_breaker(self, context: QuotaContext) -> Decision:
        """Close the breaker of the context's kind, for operators."""
        return self._ask("reset", context, "", arguments.build_none)

    def install(self, context: QuotaContext, state: QuotaState) -> Decision:
        """Replace the account's counters; they are complete from now on in the context's epoch."""
        return self._ask("install", context, "", partial(arguments.build_install, state=state))

    def _ask(self, verb: str, context: QuotaContext, reservation_id: str, build: Builder) -> Decision:
        """Call the script with today by this machine's clock, and again by Redis' clock if that differs."""
        now = clock.now()
        for _ in range(_STALE_DAY_TRIES):
            day = local_day(now, context.zone)
            given = build(context, now)
            numbers = [epoch_ms(day.start), epoch_ms(day.end), arguments.kind_number(context.kind)]
            answer = self._call(
                arguments.list_keys(context.account_id), verb, reservation_id, context.epoch,
                context.run_id, f"[{','.join(map(str, [*numbers, *given.numbers]))}]", given.text,
            )  # fmt: skip
            if answer[0] != "stale_day":
                return _decision(answer)
            now = _instant(int(answer[3]))
        raise QuotaUnavailableError("Redis and this machine disagree about the day")

    def _call(self, keys: Sequence[str], verb: str, reservation_id: str, epoch: int, *more: str) -> list[str]:
        with spans.span(f"EVALSHA {verb}", _REDIS_CALL, SpanRole.CLIENT):
            return self._evaluate(keys, verb, reservation_id, epoch, *more)

    def _evaluate(
        self, keys: Sequence[str], verb: str, reservation_id: str, epoch: int, *more: str
    ) -> list[str]:
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


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)
