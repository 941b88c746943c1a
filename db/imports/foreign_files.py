"""Files that Rapport does not read: what they are, and how to get one that it reads."""

from typing import Final

_CSV: Final = "open it and save it as CSV UTF-8"
_VCARD: Final = "export the contacts as vCard (.vcf) or CSV instead"
_BEGINNINGS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xd0\xcf\x11\xe0", f"a file of an older Office program (.xls, .msg): {_CSV}, or {_VCARD}"),
    (b"!BDN", f"an Outlook data file (.pst, .ost): in Outlook, {_VCARD}"),
    (b"SQLite format 3\0", "an SQLite database; V1's is imported with `rapport import v1`"),
    (b"%PDF", f"a PDF: {_VCARD}"),
    (b"\x1f\x8b", "a gzip archive: unpack it, and import the file in it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it, and import the file in it"),
    (b"Rar!", "a RAR archive: unpack it, and import the file in it"),
    (b"bplist00", f"a property list of Apple's: in Contacts, {_VCARD}"),
    (b"{", f"JSON, as Monica and others export it: {_VCARD}"),
    (b"[", f"JSON: {_VCARD}"),
    (b"dn:", f"LDIF: in Thunderbird, {_VCARD}"),
    (b"version: 1", f"LDIF: in Thunderbird, {_VCARD}"),
    (b"<!doctype html", f"a web page: {_VCARD}"),
    (b"<html", f"a web page: {_VCARD}"),
    (b"<?xml", f"XML: {_VCARD}"),
    (b"insert into", f"SQL, as Monica exports it: {_VCARD}"),
    (b"-- ", f"SQL, as Monica exports it: {_VCARD}"),
)
_OFFICE_PARTS: Final = (
    ("xl/workbook.xml", f"an Excel workbook: {_CSV}"),
    ("word/document.xml", f"a Word document: {_VCARD}"),
    ("content.xml", f"an OpenDocument file: {_CSV}"),
    ("Index/Document.iwa", "a Numbers or Pages file: export it as CSV"),
)


def describe_foreign(head: bytes) -> str:
    """Return what a file that begins with `head` is, and what to do, or an empty text if that is unknown."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((text for mark, text in _BEGINNINGS if start.startswith(mark.lower())), "")


def describe_office(members: frozenset[str]) -> str:
    """Return which office document a ZIP archive with these files is, or an empty text."""
    return next((text for part, text in _OFFICE_PARTS if part in members), "")
