"""What servers of others may not do: reach other networks, take forever, fill memory, or get the password."""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from tasks.subscriptions import Source
from tests.imports.subscriptions.hostile_server import (
    Behaviour,
    HostileServer,
    always,
    drip,
    hold,
    hostile_server,
    http_answer,
    never_end,
    redirect,
)
from tests.tls import TlsProxy, certificate
from worker import clock
from worker.remote import fetcher as fetcher_module
from worker.remote.calendars import read_events
from worker.remote.carddav import read_cards
from worker.remote.connections import Deadline
from worker.remote.discovery import discover
from worker.remote.fetcher import Fetcher
from worker.remote.multistatus import parse_multistatus
from worker.remote.sources import KnownSource
from worker.rules.subscriptions.readings import ReadFailure, SourceUnreadableError

CALENDAR = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<d:multistatus xmlns:d="DAV:"><d:response><d:href>&b;</d:href></d:response></d:multistatus>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><d:multistatus xmlns:d="DAV:"/>"""


@contextmanager
def opened(
    behave: Behaviour, *, within_s: float = 10, user: str = "ann", path: str = "/"
) -> Iterator[tuple[Fetcher, HostileServer]]:
    with hostile_server(behave) as server:
        url = f"http://127.0.0.1:{server.port}{path}"
        source = Source(url=SecretStr(url), user=user, password=SecretStr("hush"))
        with source.open(within_s=within_s) as fetcher:
            yield fetcher, server


def failure_of(behave: Behaviour, *, within_s: float = 10, user: str = "ann") -> ReadFailure:
    with opened(behave, within_s=within_s, user=user) as (fetcher, _):
        with pytest.raises(SourceUnreadableError) as raised:
            read_events(fetcher, KnownSource(), lambda *_: None)
        assert "hush" not in str(raised.value)
        return raised.value.failure


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/", "http://10.0.0.1/",
        "https://10.0.0.1/", "http://[::1]/", "https://[::1]:1/", "http://127.0.0.1:1/", "https://192.168.1.1/",
        "https://other.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "https://ann:x@127.0.0.1/",
        "https://[", "//\\evil.example/", "http://2130706433/", "http://0x7f000001/", "http://127.1/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("user", ["", "ann"])
def test_a_redirect_elsewhere_is_not_followed(location: str, user: str) -> None:
    found = failure_of(redirect(location), user=user)
    assert found in {ReadFailure.ADDRESS_REFUSED, ReadFailure.MOVED}


def test_a_redirect_in_a_circle_ends() -> None:
    with opened(redirect("/again")) as (fetcher, server):
        with pytest.raises(SourceUnreadableError, match="too many redirects"):
            fetcher.request("GET")
        assert len(server.heads) == 6


def test_a_redirect_to_another_server_does_not_take_the_password_there() -> None:
    with hostile_server(always(http_answer(CALENDAR))) as thief:
        assert failure_of(redirect(f"http://127.0.0.1:{thief.port}/")) is ReadFailure.ADDRESS_REFUSED
        assert failure_of(redirect(f"https://127.0.0.1:{thief.port}/")) is ReadFailure.MOVED
        assert thief.heads == []


def public(url: str, addresses: Sequence[str], *, user: str = "") -> Fetcher:
    source = Source(url=SecretStr(url), user=user, password=SecretStr("hush"))
    return source.open(within_s=5, resolve=lambda _host, _port: addresses)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
    ],
)
def test_a_public_name_with_a_private_address_is_not_connected_to(addresses: list[str]) -> None:
    with hostile_server(always(http_answer(CALENDAR))) as server:
        with public(f"https://cloud.example.org:{server.port}/", addresses) as fetcher:
            with pytest.raises(SourceUnreadableError) as raised:
                fetcher.request("GET")
            assert raised.value.failure is ReadFailure.ADDRESS_REFUSED
        assert server.heads == []


def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to() -> None:
    asked = []

    def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with hostile_server(always(http_answer(CALENDAR))) as server:
        source = Source(url=SecretStr(f"http://localhost:{server.port}/"))
        with source.open(within_s=5, resolve=rebinding) as fetcher:
            assert fetcher.request("GET").status == 200
    assert asked == ["localhost"]


@pytest.mark.parametrize("behave", [drip, hold])
def test_a_slow_server_ends_with_the_deadline(behave: Behaviour) -> None:
    assert failure_of(behave, within_s=0.3) is ReadFailure.TIMEOUT


def test_every_wait_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(clock, "monotonic_seconds", lambda: now)
    deadline = Deadline(60)
    assert deadline.remaining_s(20) == 20
    now = 155.0
    assert deadline.remaining_s(20) == 5
    now = 160.0
    with pytest.raises(SourceUnreadableError):
        deadline.remaining_s(20)


def test_an_endless_answer_ends_at_the_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher_module, "_MAX_ANSWER_BYTES", 1_000_000)
    assert failure_of(never_end) is ReadFailure.TOO_LARGE


def test_all_answers_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher_module, "_MAX_BYTES", 100_000)
    with opened(always(http_answer(b"a" * 60_000))) as (fetcher, _):
        fetcher.request("GET")
        with pytest.raises(SourceUnreadableError) as raised:
            fetcher.request("GET")
        assert raised.value.failure is ReadFailure.TOO_LARGE


def test_a_compressed_answer_is_refused_before_it_is_read() -> None:
    bomb = http_answer(gzip.compress(b"\0" * 1_000_000), headers="Content-Encoding: gzip\r\n")
    with opened(always(bomb)) as (fetcher, server):
        with pytest.raises(SourceUnreadableError, match="compressed"):
            fetcher.request("GET")
        assert b"accept-encoding: identity" in server.heads[0].lower()


@pytest.mark.parametrize(
    "body",
    [
        BOMB, OUTSIDE, b"<a>", b"", b"\0\0", b"<a/><b/>", "<a/>".encode("utf-16") + b"\xff",
        b'<?xml version="1.0" encoding="nonsense"?><a/>', b"<a>" * 10_000, b"<html>sign in</html>x",
    ],
)  # fmt: skip
def test_xml_that_is_broken_or_has_entities_is_refused(body: bytes) -> None:
    with pytest.raises(SourceUnreadableError) as raised:
        parse_multistatus(body)
    assert raised.value.failure is ReadFailure.NOT_READABLE


def test_an_endless_list_of_cards_is_refused() -> None:
    body = b'<d:multistatus xmlns:d="DAV:">' + b"<d:response/>" * 20_002 + b"</d:multistatus>"
    with pytest.raises(SourceUnreadableError) as raised:
        parse_multistatus(body)
    assert raised.value.failure is ReadFailure.TOO_LARGE


DAV = '<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav">{}</d:multistatus>'
RESPONSE = (
    "<d:response><d:href>{}</d:href><d:propstat><d:prop>{}</d:prop><d:status>HTTP/1.1 200 OK</d:status>"
    "</d:propstat></d:response>"
)
BOOK = RESPONSE.format("/", "<d:resourcetype><d:collection/><c:addressbook/></d:resourcetype>")


def dav(*responses: str) -> bytes:
    body = DAV.format("".join(responses)).encode()
    return http_answer(body, status="207 Multi-Status", content_type="application/xml")


def test_cards_on_other_servers_are_asked_of_this_one_only_and_cards_not_asked_for_are_dropped() -> None:
    hrefs = ("http://10.0.0.1/a.vcf", "//evil.example/b.vcf", "/../../etc/passwd", "file:///c.vcf")
    etag, data = "<d:getetag>1</d:getetag>", "<c:address-data>BEGIN:VCARD</c:address-data>"

    def behave(head: bytes, connection: object, _ended: object) -> None:
        if head.startswith(b"REPORT"):
            answer = dav(*(RESPONSE.format(each, etag + data) for each in (*hrefs, "/uninvited.vcf")))
        else:
            answer = dav(BOOK, *(RESPONSE.format(each, etag) for each in hrefs))
        connection.sendall(answer)  # type: ignore[attr-defined]  # a socket

    taken: list[bytes | None] = []
    with opened(behave) as (fetcher, server):
        read_cards(fetcher, KnownSource(), lambda key, _version, _text: taken.append(key))
        assert len(taken) == len(set(taken)) == len(hrefs)
        assert {head.split()[0] for head in server.heads} == {b"PROPFIND", b"REPORT"}
        assert {head.split()[1] for head in server.heads} == {b"/"}


@pytest.mark.parametrize("name", ["current-user-principal", "addressbook-home-set"])
@pytest.mark.parametrize(
    "home", ["https://evil.example/", "https://10.0.0.1/", "http://[::1]:1/", "https://["]
)
def test_discovery_does_not_leave_the_server(name: str, home: str) -> None:
    space = "d" if name.startswith("current") else "c"
    link = RESPONSE.format("/", f"<{space}:{name}><d:href>{home}</d:href></{space}:{name}>")
    with opened(always(dav(link))) as (fetcher, server):
        with pytest.raises(SourceUnreadableError):
            discover(fetcher)
        assert all(b"127.0.0.1" in head for head in server.heads)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (http_answer(status="401 Unauthorized"), ReadFailure.WRONG_PASSWORD),
        (http_answer(status="403 Forbidden"), ReadFailure.FORBIDDEN),
        (http_answer(status="404 Not Found"), ReadFailure.NOT_FOUND),
        (http_answer(status="410 Gone"), ReadFailure.NOT_FOUND),
        (http_answer(status="500 Oops"), ReadFailure.SERVER_ERROR),
        (http_answer(status="429 Slow Down"), ReadFailure.SERVER_ERROR),
        (http_answer(status="304 Not Modified"), ReadFailure.SERVER_ERROR),
        (http_answer(b"<html>sign in</html>"), ReadFailure.NOT_READABLE),
        (http_answer(b"BEGIN:VCARD\r\nEND:VCARD\r\n"), ReadFailure.NOT_READABLE),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", ReadFailure.SERVER_ERROR),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nBEGIN", ReadFailure.SERVER_ERROR),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n", ReadFailure.SERVER_ERROR),
        (b"", ReadFailure.SERVER_ERROR),
    ],
)
def test_each_failure_has_its_name(answer: bytes, failure: ReadFailure) -> None:
    assert failure_of(always(answer)) is failure


def test_a_server_that_does_not_listen_or_has_no_name_is_unreachable() -> None:
    with hostile_server(hold) as server:
        port = server.port

    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    for resolve in (lambda _host, _port: ["127.0.0.1"], unknown):
        source = Source(url=SecretStr(f"http://localhost:{port}/"))
        with source.open(within_s=5, resolve=resolve) as fetcher:
            with pytest.raises(SourceUnreadableError) as raised:
                fetcher.request("GET")
            assert raised.value.failure is ReadFailure.UNREACHABLE


@pytest.mark.parametrize(
    ("trusted", "for_loopback", "failure"),
    [(False, True, ReadFailure.CERTIFICATE), (True, False, ReadFailure.CERTIFICATE), (True, True, None)],
)
def test_the_certificate_and_its_name_are_verified(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trusted: bool,
    for_loopback: bool,
    failure: ReadFailure | None,
) -> None:
    made = certificate(tmp_path, "server", for_loopback=for_loopback)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    with hostile_server(always(http_answer(CALENDAR))) as server:
        with TlsProxy(f"http://127.0.0.1:{server.port}", made) as proxy:
            url = f"https://127.0.0.1:{urlsplit(proxy.url).port}/"
            source = Source(url=SecretStr(url), user="ann", password=SecretStr("hush"))
            with source.open(within_s=5) as fetcher:
                if failure is None:
                    assert fetcher.request("GET").status == 200
                else:
                    with pytest.raises(SourceUnreadableError) as raised:
                        fetcher.request("GET")
                    assert raised.value.failure is failure
        assert len(server.heads) == (failure is None)
