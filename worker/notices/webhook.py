"""Rapport's own webhooks: signed JSON by POST, in the manner of Standard Webhooks (standardwebhooks.com)."""

import base64
import hashlib
import hmac
import secrets
import ssl
from typing import Final
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from worker.notices.protocol import CheckedUrl, Message, SendResult, TargetAddress
from worker.rules.notices.deliveries import SendFailure

SCHEMES: Final = {"webhook+https": "https", "webhook+http": "http"}
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 -- of every secret, by the specification
_SECRET_BYTES: Final = 32
_CONNECT_S: Final = 10.0
_SILENT_S: Final = 20.0
_FAILURES: Final = {
    401: SendFailure.SIGN_IN_REFUSED, 403: SendFailure.SIGN_IN_REFUSED, 404: SendFailure.NOT_FOUND,
    410: SendFailure.NOT_FOUND, 429: SendFailure.RATE_LIMITED,
}  # fmt: skip


def is_webhook(url: str) -> bool:
    """Return whether this is the URL of one of our webhooks."""
    return url.partition("://")[0].lower() in SCHEMES


def make_secret() -> SecretStr:
    """Return a new signing secret, which the receiver needs too."""
    return SecretStr(_SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode())


def check_url(url: str) -> CheckedUrl:
    """Check a webhook's URL."""
    prefix, _, rest = url.partition("://")
    scheme = SCHEMES[prefix.lower()]
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, _port = parts.hostname, parts.port
    except ValueError:
        return CheckedUrl(problem="its host or port is invalid")
    if not host:
        return CheckedUrl(problem=f"the host is missing: {prefix}://HOST/PATH")
    if "@" in parts.netloc:
        return CheckedUrl(
            problem="it has a user or a password in it: a webhook's messages are signed instead"
        )
    if parts.fragment:
        return CheckedUrl(problem="it has a fragment (#), which no server receives")
    return CheckedUrl(
        scheme=prefix.lower(), service="webhook", host=parts.netloc, is_encrypted=scheme == "https"
    )


def sign(secret: SecretStr, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of webhook-signature: HMAC-SHA256 of id, timestamp (Unix seconds) and body."""
    key = base64.b64decode(secret.get_secret_value().removeprefix(_SECRET_PREFIX))
    content = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def post(address: TargetAddress, message: Message, *, timestamp: int) -> SendResult:
    """Post a message. No redirect is followed, and nothing of the answer is read but its status."""
    if address.secret is None:
        raise ValueError("a webhook needs a secret")
    prefix, _, rest = address.url.get_secret_value().partition("://")
    body = message.payload.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Rapport",
        "webhook-id": message.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(address.secret, message.id, timestamp, body),
    }
    limits = httpx.Timeout(_SILENT_S, connect=_CONNECT_S)
    try:
        with (
            httpx.Client(timeout=limits, follow_redirects=False) as client,
            client.stream(
                "POST", f"{SCHEMES[prefix.lower()]}://{rest}", content=body, headers=headers
            ) as answer,
        ):
            return _judge(answer.status_code)
    except (httpx.ConnectTimeout, httpx.PoolTimeout):
        return SendResult(failure=SendFailure.UNREACHABLE)
    except httpx.ConnectError as error:
        is_certificate = isinstance(_root(error), ssl.SSLCertVerificationError)
        return SendResult(failure=SendFailure.CERTIFICATE if is_certificate else SendFailure.UNREACHABLE)
    except httpx.TimeoutException:
        return SendResult(failure=SendFailure.TIMEOUT, may_have_arrived=True)
    except httpx.TransportError:
        return SendResult(failure=SendFailure.INTERRUPTED, may_have_arrived=True)


def _judge(status: int) -> SendResult:
    if 200 <= status < 300:
        return SendResult()
    if 300 <= status < 400:
        return SendResult(failure=SendFailure.REDIRECTED)
    if status >= 500:
        return SendResult(failure=SendFailure.SERVER_ERROR)
    return SendResult(failure=_FAILURES.get(status, SendFailure.REFUSED))


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return error
