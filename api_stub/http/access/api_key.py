"""Find whose key a request has: the one in RAPPORT_API_KEY, or a named key of Postgres.

The first needs nobody else: it works also while Postgres is away.
"""

import secrets
from functools import partial
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

from api_stub.http.faults import FaultType
from api_stub.http.limits.request_limits import RequestRejected
from api_stub.http.named_keys.directory import KeyDirectory, KeysUnreadableError
from api_stub.http.named_keys.lockout import Lockout
from api_stub.http.named_keys.rate_limit import RateLimits
from api_stub.http.problems import problem_response, unavailable_response
from api_stub.http.v1.caller import Caller
from api_stub.throttle import Throttle
from db.store.console.tokens import hash_token
from worker import clock, logs
from worker.rules.access import KeyScope, expand_scopes
from worker.rules.api_keys import BUILT_IN_KEY, NamedKey, Verdict, judge_secret, parse_key
from worker.settings import Settings

MAX_WRONG_KEYS = 30
"""Wrong keys in a minute that get 401; further ones get 429. A typing error needs fewer, guessing more."""

BUILT_IN: Final = Caller(BUILT_IN_KEY, expand_scopes({KeyScope.ADMIN}))
"""Who has the key in RAPPORT_API_KEY."""

_CHALLENGE: Final = 'APIKey realm="rapport", Bearer realm="rapport"'
_ENDED: Final = {
    Verdict.EXPIRED: "the key {!r} has expired: `rapport keys rotate {} --expires 90d` makes a new one",
    Verdict.REVOKED: "the key {!r} was revoked",
    Verdict.ROTATED_OUT: "the key {!r} has a newer secret, and this one has ended: use the new one",
}

log = logs.get_logger(__name__)


class KeyCheck:
    """Finds who sends a request.

    A right key is accepted also from an address whose wrong keys are slowed down. A named key is refused from
    a network that is locked out of it, and from no other.
    """

    def __init__(self, settings: Settings) -> None:
        self._key = settings.api_key.get_secret_value().encode() if settings.api_key else b""
        self._wrong = Throttle(MAX_WRONG_KEYS)
        self._lockout = Lockout()
        self._limits = RateLimits()

    async def find_caller(
        self, scope: Scope, *, is_vital: bool = False, is_unlimited: bool = False
    ) -> Caller:
        """Return whose key a request has; keys are compared in constant time.

        A vital request also works while Postgres is away: a named key is then what it last was. An unlimited
        one doesn't count in the rate of its key. Raises RequestRejected without a right key.
        """
        given = read_key(Headers(scope=scope))
        if given is not None and self._key and secrets.compare_digest(given.encode("latin-1"), self._key):
            return BUILT_IN
        parsed = parse_key(given) if given is not None else None
        directory: KeyDirectory | None = getattr(scope["app"].state, "keys", None) if "app" in scope else None
        if parsed is not None and directory is not None:
            key = await self._find_named(scope, directory, *parsed, is_vital=is_vital)
            if not is_unlimited:
                self._take_token(scope, key)
            directory.note_use(key)
            scope["state"]["is_key_valid"] = partial(self._is_valid, directory, *parsed)
            return Caller(key.name, expand_scopes(key.scopes))
        if not self._key:
            log.warning("not_possible_now", error="no API key is set")
            raise RequestRejected(problem_response(503, "no API key is set: set RAPPORT_API_KEY"))
        detail = "the key is wrong" if given else "no key came: send it as X-API-Key or Authorization: Bearer"
        raise self._refuse(scope, detail, is_guess=bool(given))

    async def _find_named(
        self, scope: Scope, directory: KeyDirectory, public_id: str, secret: str, *, is_vital: bool
    ) -> NamedKey:
        """Return the named key that was given. Raises RequestRejected."""
        address = _address_of(scope)
        wait_s = self._lockout.find_wait(public_id, address)
        if wait_s:
            detail = "too many wrong secrets of this key came from this network; other networks may use it"
            raise RequestRejected(
                problem_response(429, detail, {"Retry-After": str(wait_s)}, kind=FaultType.KEY_LOCKED)
            )
        given = hash_token(secret)
        try:
            key = await directory.find(public_id, may_be_stale=is_vital)
            if key is not None and judge_secret(key, given, clock.now()) is Verdict.WRONG:
                # It may be the new secret of a key that was rotated just now.
                key = await directory.find(public_id, may_be_stale=is_vital, is_doubtful=True)
        except KeysUnreadableError as error:
            detail = "Postgres does not answer, so the key can't be checked; the one in RAPPORT_API_KEY can"
            raise RequestRejected(unavailable_response(error, detail)) from None
        verdict = judge_secret(key, given, clock.now()) if key is not None else Verdict.WRONG
        if key is None or verdict is Verdict.WRONG:
            self._lockout.count_failure(public_id, address)
            raise self._refuse(scope, "the key is wrong")
        self._lockout.clear(public_id, address)
        if verdict is not Verdict.VALID:
            scope["state"]["key"] = key.name
            raise self._refuse(scope, _ENDED[verdict].format(key.name, key.name), kind=FaultType.KEY_ENDED)
        return key

    async def _is_valid(self, directory: KeyDirectory, public_id: str, secret: str) -> bool:
        """Return whether a key that was valid still is: for an answer that lasts, which ends with it."""
        key = await directory.find(public_id)
        return key is not None and judge_secret(key, hash_token(secret), clock.now()) is Verdict.VALID

    def _take_token(self, scope: Scope, key: NamedKey) -> None:
        """Count the request in the rate of its key. Raises RequestRejected if that is used up."""
        allowance = self._limits.take(key)
        if not allowance.is_allowed:
            scope["state"]["key"] = key.name
            detail = f"the key {key.name!r} may send {key.burst} requests at once, {key.per_minute} a minute"
            raise RequestRejected(problem_response(429, detail, allowance.headers))
        scope["state"]["rate_headers"] = allowance.headers

    def _refuse(
        self, scope: Scope, detail: str, *, is_guess: bool = True, kind: FaultType = FaultType.KEY_WRONG
    ) -> RequestRejected:
        """Return the refusal of a request: 401, or 429 if its network was wrong too often."""
        wait_s = self._wrong.count(_address_of(scope), event="wrong_keys") if is_guess else 0
        if wait_s:
            many = "too many wrong keys came from this address; the right one is still accepted"
            return RequestRejected(problem_response(429, many, {"Retry-After": str(wait_s)}))
        return RequestRejected(problem_response(401, detail, {"WWW-Authenticate": _CHALLENGE}, kind=kind))


def read_key(headers: Headers) -> str | None:
    """Return the key in X-API-Key, else the bearer token in Authorization; None without either."""
    given = headers.get("X-API-Key")
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if given is None and scheme.lower() == "bearer" else given


def _address_of(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""
