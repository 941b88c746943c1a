"""Encodings: the byte order mark's, else UTF-8, else Windows-1252, or the given one."""

from pathlib import Path

import pytest

from db.imports.entries import Person
from db.imports.text_file import Lines, detect_encoding
from tests.imports.files import read_people, write_file
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource

TEXT = "name,email\r\nZoé €,zoe@x.org\r\n"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("windows-1252", "windows-1252"),
    ],
)
def test_an_encoding_is_found(tmp_path: Path, written: str, found: str) -> None:
    path = write_file(tmp_path, TEXT.encode(written))
    assert detect_encoding(path) == found
    assert read_people(path, ImportSource.CSV) == [Person("Zoé €", emails=("zoe@x.org",))]


def test_a_byte_late_in_the_file_decides_for_the_whole_file(tmp_path: Path) -> None:
    plain = "Ann,ann@x.org\n" * 200_000
    assert detect_encoding(write_file(tmp_path, f"name,email\n{plain}".encode())) == "utf-8"
    assert (
        detect_encoding(write_file(tmp_path, f"name,email\n{plain}".encode() + b"Zo\xe9,")) == "windows-1252"
    )


def test_what_a_person_says_wins(tmp_path: Path) -> None:
    path = write_file(tmp_path, TEXT.replace("€", "").encode("mac-roman"))
    assert detect_encoding(path, "mac-roman") == "mac-roman"


@pytest.mark.parametrize(
    ("content", "given", "why"),
    [
        (b"name\n\x81\x8d", None, "not text in utf-8 or windows-1252"),
        (b"name\n\xe9", "utf-8", "not text in utf-8"),
        (b"\xff\xfea", None, "not text in utf-16"),
        (b"", "klingon", "isn't a text encoding"),
        (b"", "base64", "isn't a text encoding"),
    ],
)
def test_what_is_not_text_is_refused(tmp_path: Path, content: bytes, given: str | None, why: str) -> None:
    with pytest.raises(RequestRefusedError, match=why):
        detect_encoding(write_file(tmp_path, content), given)


def test_a_mark_is_no_part_of_the_text_whatever_a_person_says(tmp_path: Path) -> None:
    path = write_file(tmp_path, TEXT.encode("utf-8-sig"))
    assert next(iter(Lines(path, "utf-8"))).text == "name,email\r\n"


def test_every_end_of_line_counts_as_one(tmp_path: Path) -> None:
    lines = Lines(write_file(tmp_path, "a\nb\rc\r\nd"), "utf-8")
    assert [(line.number, line.text.strip()) for line in lines] == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    assert lines.bytes_read == 8
