"""Requests to a source's server: bounded in size, time and number of redirects, and never one that writes.

httpcore is used without httpx, because it takes a network of our own and decides nothing by itself: no
redirects, no proxies of the environment, no decompression.
"""

import base64
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

import httpcore
from pydantic import SecretStr

from worker.errors import RequestRefusedError
from worker.remote.connections import CheckedNetwork, Deadline, Resolver, resolve_host
from worker.rules.subscriptions.readings import ReadFailure, SourceUnreadableError
from worker.rules.subscriptions.source_address import Reach, SourceAddress

Method = Literal["GET", "PROPFIND", "REPORT"]
"""The methods that read. REPORT is a query (RFC 3253 §3.6)."""

_MAX_ANSWER_BYTES: Final = 32 << 20
_MAX_BYTES: Final = 512 << 20
"""Of all answers of one reading: 2 000 cards with photographs."""
_MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_FAILURES: Final = {
    401: ReadFailure.WRONG_PASSWORD, 403: ReadFailure.FORBIDDEN,
    404: ReadFailure.NOT_FOUND, 410: ReadFailure.NOT_FOUND,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a person entered for a server."""

    user: str
    password: SecretStr

    @property
    def header(self) -> str:
        """The value of the Authorization header (RFC 7617, in UTF-8)."""
        pair = f"{self.user}:{self.password.get_secret_value()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, after redirects. Names of headers are in lower case; `address` is where it came from."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    address: SourceAddress

    def require(self, *statuses: int) -> None:
        """Raise SourceUnreadableError unless the answer has one of these statuses."""
        if self.status not in statuses:
            failure = _FAILURES.get(self.status, ReadFailure.SERVER_ERROR)
            raise SourceUnreadableError(failure, f"status {self.status}")


class Fetcher:
    """Sends requests to the server of one source. Credentials are sent to the origin of `address` only."""

    def __init__(
        self,
        address: SourceAddress,
        credentials: Credentials | None,
        *,
        within_s: float,
        resolve: Resolver = resolve_host,
    ) -> None:
        self.address, self._credentials = address, credentials
        self.deadline = Deadline(within_s)
        self._resolve = resolve
        self._bytes_left = _MAX_BYTES
        self._pools: dict[bool, httpcore.ConnectionPool] = {}

    def __enter__(self) -> "Fetcher":
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools.values():
            pool.close()

    def request(
        self,
        method: Method,
        address: SourceAddress | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: str = "",
    ) -> Answer:
        """Send a request, follow its redirects, and return the answer, whatever its status.

        Raises SourceUnreadableError.
        """
        at = address or self.address
        for _ in range(_MAX_REDIRECTS + 1):
            self._check_target(at)
            answer = self._send(method, at, headers or {}, body)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return answer
            try:
                at = at.resolve(answer.headers["location"])
            except RequestRefusedError as error:
                raise SourceUnreadableError(ReadFailure.ADDRESS_REFUSED, str(error)) from None
        raise SourceUnreadableError(ReadFailure.MOVED, "too many redirects")

    def _check_target(self, at: SourceAddress) -> None:
        """Refuse to follow to another server with a password, or from one's own network."""
        if at.origin == self.address.origin:
            return
        if self._credentials is not None:
            raise SourceUnreadableError(ReadFailure.MOVED, f"subscribe to {at.url.partition('?')[0]}")
        if self.address.reach is not Reach.PUBLIC:
            raise SourceUnreadableError(ReadFailure.ADDRESS_REFUSED)

    def _send(self, method: Method, at: SourceAddress, extra: Mapping[str, str], body: str) -> Answer:
        headers = {
            "Host": at.origin.partition("://")[2],
            "User-Agent": "Rapport",
            "Accept-Encoding": "identity",  # so that no answer is larger than what was received
            **extra,
        }
        if body:
            headers |= {"Content-Type": "application/xml; charset=utf-8"}
        if self._credentials is not None:
            headers["Authorization"] = self._credentials.header
        url = httpcore.URL(
            scheme=at.scheme.encode(), host=at.host.encode(), port=at.port, target=at.target.encode()
        )
        with (
            _translate_errors(),
            self._pool(encrypted=at.scheme == "https").stream(
                method, url, headers=list(headers.items()), content=body.encode() or None
            ) as response,
        ):
            found = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
            }
            received = self._read_body(response, found)
        return Answer(response.status, found, received, at)

    def _pool(self, *, encrypted: bool) -> httpcore.ConnectionPool:
        if encrypted not in self._pools:
            network = CheckedNetwork(self.address.reach, self.deadline, self._resolve, encrypted=encrypted)
            self._pools[encrypted] = httpcore.ConnectionPool(
                ssl_context=ssl.create_default_context() if encrypted else None,
                network_backend=network,
                max_connections=1,
            )
        return self._pools[encrypted]

    def _read_body(self, response: httpcore.Response, headers: Mapping[str, str]) -> bytes:
        if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            raise SourceUnreadableError(ReadFailure.NOT_READABLE, "it is compressed, which was not asked for")
        most = min(_MAX_ANSWER_BYTES, self._bytes_left)
        body = bytearray()
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > most:
                raise SourceUnreadableError(ReadFailure.TOO_LARGE)
        self._bytes_left -= len(body)
        return bytes(body)


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Translate httpcore's errors, whose texts may quote an address."""
    try:
        yield
    except httpcore.TimeoutException:
        raise SourceUnreadableError(ReadFailure.TIMEOUT) from None
    except httpcore.ConnectError as error:
        is_certificate = isinstance(_root(error), ssl.SSLCertVerificationError)
        raise SourceUnreadableError(
            ReadFailure.CERTIFICATE if is_certificate else ReadFailure.UNREACHABLE
        ) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol):
        raise SourceUnreadableError(ReadFailure.SERVER_ERROR, "the connection broke off") from None


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return error
