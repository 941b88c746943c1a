"""ZIP archives are read in place; what is dangerous or unclear in them is refused with what to do."""

import struct
import zipfile
from pathlib import Path

import pytest

from db.engine import Database
from db.imports import archive
from db.imports.merge import inspect_file
from tests.builders import SANDBOX, an_account
from tests.imports.files import LINKEDIN, import_path, write_file
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource

PEOPLE = f"name,url,birthday\nAnn,{SANDBOX}ann,1980-03-05\n"
CARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEND:VCARD\n"


def write_archive(folder: Path, members: dict[str, str | bytes], name: str = "export.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for member, content in members.items():
            file.writestr(member, content)
    return path


def test_the_only_known_file_is_imported(database: Database, tmp_path: Path) -> None:
    path = write_archive(
        tmp_path,
        {"Takeout/": "", "Takeout/people.csv": PEOPLE, "readme.txt": "hello", "photo.jpg": b"\xff\xd8\0",
         "odd.txt": b"\x81\x8d",
         "__MACOSX/._people.csv": PEOPLE, ".people.csv": PEOPLE},
    )  # fmt: skip
    with database.transaction() as session:
        report = import_path(session, an_account(session), path)
        assert (report.read, report.new) == (1, 1)


def test_linkedins_export_is_known_among_its_other_files(tmp_path: Path) -> None:
    path = write_archive(tmp_path, {"Connections.csv": LINKEDIN, "Profile.csv": PEOPLE, "Other.csv": PEOPLE})
    file = inspect_file(path)
    assert (file.source, file.name) == (ImportSource.LINKEDIN, "export.zip: Connections.csv")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"a.csv": PEOPLE, "b/c.vcf": CARD}, r"2 files that can be imported \(a.csv, b/c.vcf\): take out"),
        ({"readme.txt": "hello"}, "no file that Rapport reads"),
        ({}, "no file that Rapport reads"),
        ({"inner.zip": b"PK\3\4"}, "only other archives"),
        ({"/etc/people.csv": PEOPLE}, "outside itself"),
        ({"../people.csv": PEOPLE}, "outside itself"),
        ({"..\\people.csv": PEOPLE}, "outside itself"),
        ({"C:\\people.csv": PEOPLE}, "outside itself"),
        ({"people.csv": PEOPLE, "bomb.csv": b"\0" * (20 << 20)}, "far more than an export"),
        (
            {"xl/workbook.xml": "<x/>", "[Content_Types].xml": "<x/>"},
            "Excel workbook: open it and save it as CSV",
        ),
        ({"content.xml": "<x/>", "mimetype": "application/vnd.oasis"}, "OpenDocument"),
    ],
)
def test_an_archive_that_is_unclear_or_dangerous_is_refused(
    tmp_path: Path, members: dict[str, str | bytes], why: str
) -> None:
    with pytest.raises(RequestRefusedError, match=why):
        inspect_file(write_archive(tmp_path, members))


def test_an_encrypted_archive_says_so(tmp_path: Path) -> None:
    path = write_archive(tmp_path, {"people.csv": PEOPLE})
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    with pytest.raises(RequestRefusedError, match="encrypted: unpack it with its password"):
        inspect_file(write_file(tmp_path, bytes(content), "locked.zip"))


def test_a_link_in_an_archive_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "links.zip"
    with zipfile.ZipFile(path, "w") as file:
        link = zipfile.ZipInfo("people.csv")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    with pytest.raises(RequestRefusedError, match="a link in it"):
        inspect_file(path)


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path, {"people.csv": PEOPLE + "x,,\n" * 10_000})
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, directory + 24, 30)
    with pytest.raises(RequestRefusedError, match="damaged"):
        inspect_file(write_file(tmp_path, bytes(content), "liar.zip"))


@pytest.mark.parametrize("cut_to", [30, 60, -30])
def test_a_damaged_archive_is_refused(tmp_path: Path, cut_to: int) -> None:
    path = write_archive(tmp_path, {"people.csv": PEOPLE * 50})
    with pytest.raises(RequestRefusedError, match="damaged"):
        inspect_file(write_file(tmp_path, path.read_bytes()[:cut_to], "cut.zip"))


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_MAX_MEMBERS", 2)
    with pytest.raises(RequestRefusedError, match="more than 2 files"):
        inspect_file(write_archive(tmp_path, {"a.csv": PEOPLE, "b.csv": "", "c.csv": ""}))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x81\x8d", "older Office"),
        (b"!BDN\0\0", "Outlook data file"), (b"%PDF-1.7", "PDF"),
        (b"SQLite format 3\0", "SQLite"), (b"\x1f\x8b\x08", "gzip"), (b'{"contacts": []}', "JSON"),
        (b"dn: cn=Ann\ncn: Ann\n", "LDIF"), (b"<!DOCTYPE html><p>", "web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "XML"),
        (b"INSERT INTO contacts", "SQL"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_says_what_it_is_and_what_to_do(
    tmp_path: Path, content: bytes, what: str
) -> None:
    with pytest.raises(RequestRefusedError, match=what):
        inspect_file(write_file(tmp_path, content, "contacts.bin"))
