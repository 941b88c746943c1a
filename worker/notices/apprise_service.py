"""Mail, chat and push services by Apprise. Only the sending child imports this module.

Apprise's messages quote URLs and answers, so they are read here to find out why sending failed, and go no
further.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import unquote

from apprise import Apprise, AppriseAsset, AppriseAttachment, NotifyFormat, OverflowMode
from apprise.exception import AppriseException
from apprise.manager_plugins import NotificationManager
from apprise.plugins import NotifyBase
from apprise.plugins.email import NotifyEmail
from apprise.plugins.email import base as mail_parts
from pydantic import SecretStr

from worker.notices.protocol import CheckedUrl, Message, SendResult
from worker.rules.notices.deliveries import SendFailure
from worker.rules.texts.suggestions import did_you_mean, suggest_names

_SERVICES: Final[Any] = NotificationManager()  # type: ignore[no-untyped-call]  # untyped there
_WITHIN_S: Final = 30.0
_MOST_LINES: Final = 200
_LEAST_SECRET: Final = 3
"""Characters. Shorter parts of a URL also appear in any sentence."""
_LONGEST: Final = 200
_STATUS: Final = re.compile(r"(?:error=|code=|\()\s*([1-5]\d\d)\b")
_UNREACHED: Final = "|".join(
    (
        "connection refused", "name or service not known", "name resolution", "getaddrinfo",
        "no route to host", "network is unreachable", "connect timeout", "connecttimeout",
        "failed to establish",
    )
)  # fmt: skip
_BROKEN: Final = "connection aborted|remotedisconnected|connection reset|unexpectedly closed|broken pipe"
_SIGNS: Final = (
    (SendFailure.CERTIFICATE, "certificate.?verify.?failed|certificateerror|hostname mismatch"),
    (SendFailure.UNREACHABLE, _UNREACHED),
    (SendFailure.TIMEOUT, "timed out|timeout"),
    (SendFailure.INTERRUPTED, _BROKEN),
)
"""What the errors of requests, urllib3, smtplib and sockets say, in lower case."""
_BY_STATUS: Final = {
    401: SendFailure.SIGN_IN_REFUSED, 403: SendFailure.SIGN_IN_REFUSED, 404: SendFailure.NOT_FOUND,
    410: SendFailure.NOT_FOUND, 429: SendFailure.RATE_LIMITED,
    530: SendFailure.SIGN_IN_REFUSED, 534: SendFailure.SIGN_IN_REFUSED, 535: SendFailure.SIGN_IN_REFUSED,
    538: SendFailure.SIGN_IN_REFUSED,
}  # fmt: skip
"""Status codes of HTTP, and of SMTP's authentication (RFC 4954)."""
_UNSENT: Final = frozenset(
    {SendFailure.UNREACHABLE, SendFailure.CERTIFICATE, SendFailure.SIGN_IN_REFUSED, SendFailure.REDIRECTED}
)


def check_url(url: str) -> CheckedUrl:
    """Return what the URL means to Apprise, or which part of it is wrong."""
    scheme = url.partition("://")[0].lower()
    if "://" not in url or not scheme:
        return CheckedUrl(problem="it doesn't begin with a scheme such as mailtos:// or ntfys://")
    with _silence():
        service = _instantiate(SecretStr(url))
    if service is None:
        return CheckedUrl(problem=_find_problem(url, scheme))
    if not service.verify_certificate:
        return CheckedUrl(
            problem="verify=no would turn off the check of the server's certificate: leave it out. For a "
            "certificate of your own, name its file in SSL_CERT_FILE"
        )
    declared: Any = service  # two class attributes that Apprise annotates as None
    host = _shown_host(service, url)
    is_plain = host and declared.protocol and declared.secure_protocol and not declared.secure
    return CheckedUrl(
        scheme=scheme,
        service=str(service.service_name),
        host=host,
        is_encrypted=not is_plain,
    )


def send(url: SecretStr, message: Message) -> SendResult:
    """Send a message. A mail has text and HTML; in the plain text for others nothing is interpreted."""
    lines: list[str] = []
    with _capture(lines), _plain_part(message.text):
        service = _instantiate(url)
        if service is None:
            return SendResult(failure=SendFailure.NOT_SENT)
        service.redirects = False
        if "overflow=" not in url.get_secret_value():
            service.overflow_mode = OverflowMode.SPLIT
        files = AppriseAttachment()
        for path in message.screenshots:
            if path.is_file():
                files.add(str(path))
        apprise = Apprise(asset=service.asset)
        apprise.add(service)
        in_html = isinstance(service, NotifyEmail) and bool(message.html)
        in_html = in_html and service.resolve_format(NotifyFormat.HTML) is NotifyFormat.HTML
        sent = apprise.notify(
            title=message.title,
            body=message.html if in_html else message.text,
            body_format=NotifyFormat.HTML if in_html else NotifyFormat.TEXT,
            attach=files if len(files) else None,
        )
    if sent:
        return SendResult()
    failure = explain(lines)
    several = len(service) > 1 and failure not in _UNSENT
    unanswered = failure in {SendFailure.TIMEOUT, SendFailure.INTERRUPTED, SendFailure.NOT_SENT}
    return SendResult(failure=failure, may_have_arrived=several or unanswered)


@contextmanager
def _plain_part(text: str) -> Iterator[None]:
    """Make `text` the plain part of mails in HTML. Apprise would derive it from the HTML, without links."""
    parts: Any = mail_parts
    derive = parts.convert_between
    parts.convert_between = lambda *_args, **_options: text
    try:
        yield
    finally:
        parts.convert_between = derive


def explain(lines: Sequence[str]) -> SendFailure:
    """Return why sending failed, by what Apprise logged."""
    said = "\n".join(lines).lower()
    for status in map(int, _STATUS.findall(said)):
        if 300 <= status < 400:
            return SendFailure.REDIRECTED
        if status >= 400:
            return _BY_STATUS.get(
                status, SendFailure.SERVER_ERROR if 500 <= status < 530 else SendFailure.REFUSED
            )
    return next((failure for failure, sign in _SIGNS if re.search(sign, said)), SendFailure.NOT_SENT)


def _instantiate(url: SecretStr) -> NotifyBase | None:
    asset = AppriseAsset(
        app_id="Rapport",
        app_desc="Rapport",
        app_url="",
        async_mode=False,
        http_redirects=False,
        allow_templates=False,
        interpret_escapes=False,
        interpret_emojis=False,
        pgp_autogen=False,
        pem_autogen=False,
        image_url_mask="",
        image_path_mask="",
        service_timeout=_WITHIN_S,
    )
    service = Apprise.instantiate(url.get_secret_value(), asset=asset)
    return service if isinstance(service, NotifyBase) else None


def _find_problem(url: str, scheme: str) -> str:
    """Return which part of a URL that Apprise refuses is wrong, without quoting it."""
    if scheme not in _SERVICES:
        if scheme in {"http", "https"}:
            return f"no service is known by this address; for a webhook of your own: webhook+{scheme}://…"
        near = did_you_mean(f"{each}://" for each in suggest_names(scheme, sorted(_SERVICES.schemas())))
        return f"there is no service with this scheme; {near or 'github.com/caronc/apprise lists them'}"
    plugin: Any = _SERVICES[scheme]
    if not plugin.enabled:
        needed = plugin.requirements.get("packages_required") or "another package"
        listed = needed if isinstance(needed, str) else ", ".join(needed)
        return f"{plugin.service_name} needs what isn't installed here: {listed}"
    forms = " or ".join(
        form.replace("{schema}", scheme).replace("{", "").replace("}", "")
        for form in dict.fromkeys((min(plugin.templates, key=len), max(plugin.templates, key=len)))
    )
    with _silence():
        try:
            Apprise.instantiate(url, suppress_exceptions=False)
            said = "a part is wrong or missing"
        except (AppriseException, TypeError, ValueError) as error:
            said = _without_values(str(error), url) or "a part is wrong or missing"
    if not url.partition("://")[2].strip("/"):
        said = f"nothing follows {scheme}://"
    return f"{plugin.service_name} can't use it: {said}. It looks like {forms}"


def _without_values(text: str, url: str) -> str:
    """Return an error of Apprise without the values that it quotes, or parts of the URL."""
    text = re.sub(r"""\s*(\(.*?\)|\[.*?\]|<.*?>|".*?"|'.*?')""", "", text)
    for part in filter(None, re.split(r"[^\w.-]+", f"{url} {unquote(url)}")):
        if len(part) > _LEAST_SECRET:
            text = text.replace(part, "…")
    return text.strip().rstrip(".")[:_LONGEST]


def _shown_host(service: NotifyBase, url: str) -> str | None:
    """Return the host if it certainly is one: in URLs of many services, a token stands in its place."""
    forms: Sequence[str] = service.templates
    with_host = ["{host}" in form for form in forms]
    has_path = bool(url.partition("://")[2].partition("?")[0].partition("/")[2].strip("/"))
    if all(with_host) or (any(with_host) and has_path):
        return service.host or None
    return None


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._lines) < _MOST_LINES:
            self._lines.append(record.getMessage()[:1_000])


@contextmanager
def _capture(lines: list[str]) -> Iterator[None]:
    """Collect what Apprise logs, and let none of it out."""
    logger, handler = logging.getLogger("apprise"), _Lines(lines)
    before = (logger.level, logger.propagate, logger.handlers[:])
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.setLevel(before[0])
        logger.propagate = before[1]
        logger.handlers[:] = before[2]


@contextmanager
def _silence() -> Iterator[None]:
    with _capture([]):
        yield
