"""Idempotency-Key: a repeated change gets the first one's answer, and nothing is done twice.

The key belongs to the caller. Errors of ours (5xx) and refusals that pass by themselves (408, 429, and all
with Retry-After) are not kept: such a request may be repeated with the same key, and runs again.
"""

import asyncio
import base64
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

from anyio import to_thread
from cryptography.fernet import Fernet
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_stub.http.access.route_scopes import find_needed_scopes
from api_stub.http.faults import Fault, FaultType, FieldFault
from api_stub.http.problems import fault_response, problem_response, unavailable_response
from db.engine import Database
from db.store import idempotency
from db.store.idempotency import KeptAnswer
from worker import logs

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEY_FORM: Final = r"^[\x21-\x7e]{1,255}$"
_RETRY_AFTER_S: Final = "1"
_NOT_KEPT: Final = frozenset({408, 429})

Result = TypeVar("Result")

log = logs.get_logger(__name__)


def takes_key(method: str, path: str) -> bool:
    """Return whether a route takes an Idempotency-Key: all that change something.

    The kill switch doesn't: it must not wait for anything, and pulling it twice is pulling it once.
    """
    return method in METHODS and path.startswith("/v1/") and path != "/v1/kill-switch"


@dataclass(frozen=True, slots=True)
class _Answer:
    """A whole response."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    @property
    def is_final(self) -> bool:
        """Return whether the same request would get it again: it doesn't say to try later."""
        can_wait = any(name.lower() == b"retry-after" for name, _ in self.headers)
        return self.status < 500 and self.status not in _NOT_KEPT and not can_wait

    def seal(self, key: Fernet) -> bytes:
        """Return it encrypted."""
        headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in self.headers]
        body = base64.b64encode(self.body).decode()
        return key.encrypt(json.dumps([self.status, headers, body]).encode())

    @classmethod
    def unseal(cls, sealed: bytes, key: Fernet) -> "_Answer":
        """Return the answer of `seal`."""
        status, headers, body = json.loads(key.decrypt(sealed))
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return cls(status, raw, base64.b64decode(body))

    async def send_to(self, send: Send, *extra: tuple[bytes, bytes]) -> None:
        """Send it as the response."""
        headers = [*self.headers, *extra]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class _Body:
    """A `receive` that hashes the body as it passes; an uploaded file is never in memory as a whole."""

    def __init__(self, receive: Receive, scope: Scope) -> None:
        self._receive = receive
        head = [scope["method"], scope["path"], scope["query_string"].decode("latin-1")]
        headers = Headers(scope=scope)
        head += [headers.get("content-type", ""), headers.get("if-match", "")]
        self._hash = sha256(json.dumps(head).encode())
        self._is_whole = False

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._hash.update(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
        elif not self._is_whole:
            raise ClientDisconnect
        return message

    async def hash_rest(self) -> bytes:
        """Read what nobody has read, and return the hash of the request."""
        while not self._is_whole:
            await self()
        return self._hash.digest()


class Idempotency:
    """Middleware that answers a repeated change as the first was answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. One that no route takes is not claimed."""
        given = Headers(scope=scope).get(HEADER) if scope["type"] == "http" else None
        if given is None or not takes_key(scope["method"], scope["path"]) or not find_needed_scopes(scope):
            await self._app(scope, receive, send)
        elif not re.fullmatch(KEY_FORM, given):
            wrong = "must be 1 to 255 visible characters of ASCII"
            field = FieldFault(f"header.{HEADER}", wrong)
            fault = Fault(FaultType.FIELDS_WRONG, f"{field.field}: {wrong}", errors=[field])
            await fault_response(fault)(scope, receive, send)
        else:
            try:
                await self._answer(scope, _Body(receive, scope), send, given)
            except HTTPException as error:  # an uploaded file that is too large or too slow
                await problem_response(error.status_code, error.detail)(scope, receive, send)

    async def _answer(self, scope: Scope, body: _Body, send: Send, given: str) -> None:
        owner = f"{scope['state']['caller'].name}\n{given}".encode()
        key_hash = sha256(owner).digest()
        cipher = Fernet(base64.urlsafe_b64encode(sha256(b"answer\n" + owner).digest()))
        database: Database = scope["app"].state.database
        try:
            found = await _run(database, lambda session: idempotency.claim(session, key_hash))
        except (OperationalError, PoolTimeoutError) as error:
            await unavailable_response(error, "Postgres does not answer")(scope, body, send)
            return
        if isinstance(found, UUID):
            await self._run_first(scope, body, send, _Claim(database, key_hash, found, cipher))
        elif found is None:
            await _in_use()(scope, body, send)
        elif await body.hash_rest() != found.request_hash:
            await _reused()(scope, body, send)
        else:
            await _Answer.unseal(found.sealed, cipher).send_to(send, (REPLAYED.lower().encode(), b"true"))

    async def _run_first(self, scope: Scope, body: _Body, send: Send, claim: "_Claim") -> None:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        is_held = False
        try:
            await self._app(scope, body, collect)
            answer = _whole(messages)
            if answer.is_final:
                await claim.keep(await body.hash_rest(), answer)
                is_held = True
        except asyncio.CancelledError:
            is_held = True  # its thread may go on, so the key is free only when its lease has lapsed
            raise
        finally:
            if not is_held:
                await claim.release()
        await answer.send_to(send)


@dataclass(frozen=True, slots=True)
class _Claim:
    """The key of a request that runs."""

    database: Database
    key_hash: bytes
    attempt: UUID
    cipher: Fernet

    async def keep(self, request_hash: bytes, answer: _Answer) -> None:
        """Keep the answer. If Postgres doesn't answer, the key is free when its lease has lapsed."""
        kept = KeptAnswer(request_hash, answer.seal(self.cipher))
        try:
            await _run(self.database, lambda s: idempotency.keep_answer(s, self.key_hash, self.attempt, kept))
        except (OperationalError, PoolTimeoutError) as error:
            log.warning("idempotent_answer_not_kept", error=type(error).__name__)

    async def release(self) -> None:
        """Free the key."""
        try:
            await _run(self.database, lambda s: idempotency.release(s, self.key_hash, self.attempt))
        except (OperationalError, PoolTimeoutError) as error:
            log.warning("idempotency_key_not_released", error=type(error).__name__)


async def _run(database: Database, work: Callable[[Session], Result]) -> Result:
    def run() -> Result:
        with database.transaction() as session:
            return work(session)

    return await to_thread.run_sync(run)


def _whole(messages: Sequence[Message]) -> _Answer:
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return _Answer(messages[0]["status"], messages[0].get("headers", []), body)


def _in_use() -> Response:
    detail = "the first request with this Idempotency-Key is still running: send it again in a moment"
    return fault_response(
        Fault(FaultType.IDEMPOTENCY_KEY_IN_USE, detail, headers={"Retry-After": _RETRY_AFTER_S})
    )


def _reused() -> Response:
    detail = f"the {HEADER} was used for another request: use a new one"
    return fault_response(Fault(FaultType.IDEMPOTENCY_KEY_REUSED, detail))
