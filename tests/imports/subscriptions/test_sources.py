"""What is fetched of a calendar and of an address book, and what is passed on."""

import socket
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event

import pytest
from pydantic import SecretStr

from tasks.subscriptions import Source, SourceFile
from tests.imports.subscriptions.hostile_server import HostileServer, always, hostile_server, http_answer
from tests.imports.subscriptions.test_hostile_servers import BOOK, RESPONSE, dav
from worker.remote import calendars, carddav
from worker.remote import fetcher as fetcher_module
from worker.remote.fetcher import Fetcher
from worker.remote.sources import KnownSource, SourceChanges
from worker.rules.subscriptions.readings import ReadFailure, SourceUnreadableError

HEAD = "BEGIN:VCALENDAR\r\nX-WR-TIMEZONE:Europe/Paris\r\n"


def event(title: str, *lines: str) -> str:
    return "".join(f"{line}\r\n" for line in ("BEGIN:VEVENT", f"SUMMARY:{title}", *lines, "END:VEVENT"))


def calendar(*events: str, encoding: str = "utf-8") -> bytes:
    return f"{HEAD}{''.join(events)}END:VCALENDAR\r\n".encode(encoding)


def fetcher_of(server: HostileServer, *, within_s: float = 5) -> AbstractContextManager[Fetcher]:
    return Source(url=SecretStr(f"http://127.0.0.1:{server.port}/")).open(within_s=within_s)


def read(body: bytes, known: KnownSource | None = None, headers: str = "") -> tuple[list[str], KnownSource]:
    """Return the texts that were passed on, and what is known then."""
    texts: list[str] = []
    versions: dict[bytes, bytes] = dict(known.versions) if known else {}

    def sink(key: bytes | None, version: bytes, text: str) -> None:
        texts.append(text)
        if key is not None:
            versions[key] = version

    with hostile_server(always(http_answer(body, headers=headers))) as server, fetcher_of(server) as fetcher:
        changes = calendars.read_events(fetcher, known or KnownSource(), sink)
    assert changes is not None
    left = {key: version for key, version in versions.items() if key not in changes.gone}
    return [text for text in texts if "VEVENT" in text], KnownSource(changes.tag, changes.modified, left)


def test_only_events_that_changed_are_passed_on() -> None:
    ann, bob = event("Ann", "UID:1", "DTSTAMP:20260101T000000Z"), event("Bob", "UID:2")
    given, known = read(calendar(ann, bob))
    assert len(given) == 2
    downloaded_later = event("Ann", "UID:1", "DTSTAMP:20270101T000000Z", "SEQUENCE:7")
    given, known = read(calendar(bob, downloaded_later), known)
    assert given == []
    given, known = read(calendar(event("Ann Lee", "UID:1")), known)
    assert [text.count("Ann Lee") for text in given] == [1]
    assert len(known.versions) == 1


def test_events_without_an_id_and_changes_of_series_are_told_apart() -> None:
    given, known = read(
        calendar(
            event("Ann"), event("Bob"), event("Cid", "UID:1"), event("Cid", "UID:1", "RECURRENCE-ID:2027")
        )
    )
    assert len(given) == len(known.versions) == 4
    assert read(calendar(event("Bob")), known)[0] == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "windows-1252"])
def test_calendars_in_other_encodings_and_line_ends_are_read(encoding: str) -> None:
    body = calendar(event("Zoé", "UID:1"), encoding=encoding).replace(b"\r\n", b"\r")
    assert "Zoé" in read(body)[0][0]


def test_an_event_that_never_ends_is_passed_on_to_be_refused() -> None:
    body = calendar(event("Ann", "UID:1")) + b"BEGIN:VEVENT\r\nUID:2\r\n"
    with hostile_server(always(http_answer(body))) as server, fetcher_of(server) as fetcher:
        texts: list[str] = []
        calendars.read_events(fetcher, KnownSource(), lambda _key, _version, text: texts.append(text))
    assert texts[-1].startswith("BEGIN:VEVENT\nUID:2")


def test_a_calendar_that_did_not_change_is_not_sent_again_but_each_week() -> None:
    def behave(head: bytes, connection: socket.socket, _ended: Event) -> None:
        is_same = b'if-none-match: "v1"' in head.lower() and b"if-modified-since: friday" in head.lower()
        connection.sendall(
            http_answer(status="304 Not Modified")
            if is_same
            else http_answer(calendar(event("Ann")), headers='ETag: "v1"\r\nLast-Modified: Friday\r\n')
        )

    first = read(calendar(event("Ann")), headers='ETag: "v1"\r\nLast-Modified: Friday\r\n')[1]
    assert (first.tag, first.modified) == ('"v1"', "Friday")
    old = KnownSource(first.tag, first.modified, first.versions, old=list(first.versions))
    given: list[bytes | None] = []
    with hostile_server(behave) as server, fetcher_of(server) as fetcher:
        assert calendars.read_events(fetcher, first, lambda *_: None) is None
        assert calendars.read_events(fetcher, old, lambda key, *_: given.append(key)) is not None
    assert set(given) - {None} == set(first.versions)


@pytest.mark.parametrize("value", ["x" * 1_001, "\u00e9", "a\tb"])
def test_a_tag_that_cannot_be_sent_back_is_not_kept(value: str) -> None:
    assert read(calendar(event("Ann")), headers=f"ETag: {value}\r\n")[1].tag is None


def test_a_calendar_with_too_many_events_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "MAX_RESOURCES", 2)
    with pytest.raises(SourceUnreadableError) as raised:
        read(calendar(*(event(name) for name in "abc")))
    assert raised.value.failure is ReadFailure.TOO_LARGE


def test_what_was_read_is_kept_and_the_rest_is_read_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carddav, "_BATCH", 1)
    monkeypatch.setattr(fetcher_module, "_MAX_ANSWER_BYTES", 50_000)
    etag = "<d:getetag>1</d:getetag>"
    asked: list[bytes] = []

    def behave(head: bytes, connection: socket.socket, _ended: Event) -> None:
        if not head.startswith(b"REPORT"):
            connection.sendall(dav(BOOK, *(RESPONSE.format(f"/{n}.vcf", etag) for n in range(4))))
            return
        asked.append(head)
        text = "a" * (60_000 if len(asked) == 3 else 1)
        card = f"{etag}<c:address-data>{text}</c:address-data>"
        connection.sendall(dav(*(RESPONSE.format(f"/{n}.vcf", card) for n in range(4))))

    found: dict[bytes, bytes] = {}

    def sink(key: bytes | None, version: bytes, _text: str) -> None:
        found[key or b""] = version

    with hostile_server(behave) as server:
        for known, unfinished, count in (({}, True, 2), (found, False, 4)):
            with fetcher_of(server) as fetcher:
                changes = carddav.read_cards(fetcher, KnownSource(versions=dict(known)), sink)
            assert isinstance(changes, SourceChanges)
            assert (changes.unfinished, changes.tag, len(found)) == (unfinished, None, count)


def test_photographs_are_not_written_and_still_counted(tmp_path: Path) -> None:
    photo = "PHOTO;ENCODING=b:" + "a" * 300 + "".join(f"\r\n {'b' * 70}" for _ in range(100))
    card = f"BEGIN:VCARD\r\nFN:Ann\r\n{photo}\r\nitem1.KEY:{'c' * 300}\r\nNOTE:x\r\n y\r\nEND:VCARD\r\n"
    with (tmp_path / "cards").open("w+", encoding="utf-8", newline="") as file:
        written = SourceFile(file)
        written.add(b"1", b"", card)
        written.add(b"2", b"", "BEGIN:VCARD")
        file.seek(0)
        text = file.read()
    assert len(text) < 400
    assert "PHOTO;ENCODING=b:aaa" in text
    assert "NOTE:x\n y\n" in text
    lines = text.splitlines()
    assert written.key_of(lines.index("END:VCARD") + 1) == b"1"
    assert written.key_of(len(lines)) == b"2"
