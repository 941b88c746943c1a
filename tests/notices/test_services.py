"""Mail and other services by Apprise, in a real child: URLs, failures, time limits, no secrets."""

import socket
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Event

import pytest
from pydantic import SecretStr

from db.engine import Database
from tasks.notices.sending import Sender
from tests.notices.conftest import AddTarget
from tests.notices.receivers import Mailbox
from tests.notices.test_deliveries import STOPPED, claimed, dispatch, happen
from worker.errors import RequestRefusedError
from worker.notices import child
from worker.notices.protocol import Message, SendResult, TargetAddress
from worker.rules.notices.deliveries import SendFailure
from worker.settings import sender_environment

MESSAGE = Message(id="m", title="A title", text="A text")


def send(url: str, *, stopping: Event | None = None, within_s: float = 45) -> SendResult:
    address = TargetAddress(url=SecretStr(url))
    return child.send(address, MESSAGE, stopping=stopping or Event(), within_s=within_s)


def test_a_mail_has_the_notice_as_text_and_as_html(
    database: Database, add: AddTarget, notice_sender: Sender, mailbox: Mailbox
) -> None:
    add(mailbox.url, name="mail")
    happen(database, STOPPED)
    dispatch(database)
    assert notice_sender.send(claimed(database, "mail")).result == SendResult()
    (mail,) = mailbox.mails
    assert mail["to"] == "ann@example.org"
    assert "demo" in mail["subject"]
    for form in ("plain", "html"):
        part = mail.get_body((form,))
        assert part is not None
        assert "rapport account sign-in demo" in part.get_content()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mailtoss://ann:pa55word@example.org", "did you mean mailtos://"),
        ("tgram://bad-t0ken/1", "tgram://bot_token"),
        ("discord://s3cret-id", "It looks like discord://webhook_id/webhook_token"),
        ("https://example.org/s3cret", "webhook+https://"),
        ("mailtos://ann:pa55word@example.org?verify=no", "SSL_CERT_FILE"),
        ("mailtos://ann:pa55word@example.org?%76erify=0", "SSL_CERT_FILE"),
        ("ann@example.org", "a scheme"),
    ],
)
def test_a_wrong_url_is_refused_with_what_is_wrong_and_never_quoted(
    add: AddTarget, url: str, says: str
) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        add(url)
    assert says in str(refused.value)
    for secret in ("pa55word", "bad-t0ken", "s3cret"):
        assert secret not in str(refused.value)


def test_a_server_that_answers_without_an_end_is_cut_off_at_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wait for its next byte is short, so only the time limit of the whole message helps."""
    monkeypatch.setattr(child, "_STOPPING_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        begun, ended = threading.Event(), threading.Event()
        thread = threading.Thread(target=_answer_slowly, args=(server, begun, ended))
        thread.start()
        address = TargetAddress(
            url=SecretStr(f"webhook+http://127.0.0.1:{server.getsockname()[1]}/"),
            secret=SecretStr("whsec_AAAA"),
        )
        late = child.send(address, MESSAGE, stopping=begun)
        ended.set()
        thread.join()
    assert late == SendResult(failure=SendFailure.TIMEOUT, may_have_arrived=True)


def _answer_slowly(server: socket.socket, begun: threading.Event, ended: threading.Event) -> None:
    with suppress(OSError):
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
            begun.set()
            while not ended.wait(0.05):
                connection.sendall(b"x")


def test_an_unreachable_server_got_nothing_for_certain(mailbox: Mailbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    closed = mailbox.url.replace(str(mailbox.port), str(port))
    assert send(closed) == SendResult(failure=SendFailure.UNREACHABLE)


@pytest.mark.usefixtures("in_this_process")
def test_what_apprise_says_is_shown_without_what_it_quotes() -> None:
    clean = import_module("worker.notices.apprise_service")._without_values
    url = "x://ann:pa55%20word@s3cret-host/t0ken"
    said = "Invalid user <ann@s3cret-host>, 'pa55 word' and t0ken at s3cret-host (t0ken)."
    assert clean(said, url) == "Invalid user, and … at …"


@pytest.mark.soak
def test_a_huge_answer_fills_no_memory() -> None:
    """It is a service of Apprise, whose library reads answers whole."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_at_length, args=(server,))
        thread.start()
        result = send(f"json://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
    assert result == SendResult(failure=SendFailure.NOT_SENT, may_have_arrived=True)


def _answer_at_length(server: socket.socket) -> None:
    connection, _ = server.accept()
    with suppress(OSError), connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(550):
            connection.sendall(bytes(1 << 20))


def test_a_child_has_none_of_our_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:pa55word@host/rapport")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    given = sender_environment()
    assert not [name for name in given if name.startswith("RAPPORT_") or name == "DATABASE_URL"]
    assert given["REQUESTS_CA_BUNDLE"] == str(tmp_path / "ca.pem")
