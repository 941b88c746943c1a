"""What the notifier asks its sending child, and what that answers: one JSON text each way."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, SecretStr, field_serializer

from worker.rules.notices.deliveries import SendFailure


class TargetAddress(BaseModel, frozen=True):
    """Where a target is: its URL, and for a webhook the secret that signs. This is what is encrypted."""

    url: SecretStr
    secret: SecretStr | None = None

    @field_serializer("url", "secret", when_used="json")
    def _reveal(self, value: SecretStr | None) -> str | None:
        return value.get_secret_value() if value is not None else None


class Message(BaseModel, frozen=True):
    """One message. A webhook is sent `payload`, a JSON text; mails have `html` too, others title and text."""

    id: str
    title: str
    text: str
    html: str = ""
    payload: str = ""
    screenshots: Sequence[Path] = ()


class ChildRequest(BaseModel, frozen=True):
    """A message to send; None: only check the URL."""

    address: TargetAddress
    message: Message | None = None


class SendResult(BaseModel, frozen=True):
    """How sending ended; no failure: the server took it.

    `may_have_arrived` says that the message may have reached somebody all the same.
    """

    failure: SendFailure | None = None
    may_have_arrived: bool = False


class CheckedUrl(BaseModel, frozen=True):
    """What a URL means, or the `problem` for which it is refused; never the URL itself.

    `host` is None if the URL has none, or if it stands where other URLs of this service have a secret.
    """

    problem: str | None = None
    scheme: str = ""
    service: str = ""
    host: str | None = None
    is_encrypted: bool = True


class ChildAnswer(BaseModel, frozen=True):
    """The answer to a request: one of them is set."""

    sent: SendResult | None = None
    checked: CheckedUrl | None = None
