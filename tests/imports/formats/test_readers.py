"""CSV readers: what each format contains, what is refused and why; no bytes crash any reader."""

import csv
import io
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.imports.entries import BirthDate, Entry, Person, RefusedEntry
from db.imports.formats import FORMATS, detect_format
from db.imports.text_file import MAX_LINE_CHARS, detect_encoding
from tests.imports.files import LINKEDIN, TODAY, read_entries, read_people, write_file
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource

ANN = "https://www.linkedin.com/in/ann"


def test_linkedins_export_is_found_below_its_notes(tmp_path: Path) -> None:
    path = write_file(
        tmp_path,
        LINKEDIN
        + f'Ann,"O\'Neil, MBA",{ANN},ann@x.org,"ACME ""Inc""\nParis",Boss,21 Nov 2026\r\n'
        + "\r\n,,,,,,01 Jan 2020\r\nBob\r\nCid,Doe,,,,,21 Nov 2026\r\n",
    )
    assert detect_format(path, "utf-8") is ImportSource.LINKEDIN
    ann, nobody, ragged, cid = read_entries(path, ImportSource.LINKEDIN)
    assert ann == Entry(
        6,
        Person(
            "Ann O'Neil, MBA",
            (ANN,),
            ("ann@x.org",),
            None,
            date(2026, 11, 21),
            True,
            'ACME "Inc"\nParis',
            "Boss",
        ),
    )
    assert isinstance(nobody, Entry)
    assert nobody.line == 9
    assert ragged == RefusedEntry(10, "it has 1 fields where the header has 7")
    assert isinstance(cid, Entry)
    assert cid.line == 11


GOOGLE_OLD = (
    "Name,Given Name,Family Name,Birthday,Group Membership,E-mail 1 - Type,E-mail 1 - Value,"
    "Website 1 - Value\n"
)
GOOGLE_NEW = (
    "First Name,Middle Name,Last Name,Organization Name,Organization Title,Birthday,Labels,E-mail 1 - Value\n"
)


def test_google_contacts_are_read_with_either_header(tmp_path: Path) -> None:
    old = write_file(tmp_path, f"{GOOGLE_OLD}Ann O,Ann,O, --03-05,* x,*,a@x.org ::: b@x.org,{ANN}\n")
    assert detect_format(old, "utf-8") is ImportSource.GOOGLE
    assert read_people(old, ImportSource.GOOGLE) == [
        Person("Ann O", (ANN,), ("a@x.org", "b@x.org"), BirthDate(3, 5))
    ]
    new = write_file(tmp_path, f"{GOOGLE_NEW}Ann,B.,O,ACME,Boss,1980-03-05,x,a@x.org\n")
    assert detect_format(new, "utf-8") is ImportSource.GOOGLE
    assert read_people(new, ImportSource.GOOGLE) == [
        Person("Ann B. O", (), ("a@x.org",), BirthDate(3, 5, 1980), company="ACME", position="Boss")
    ]


@pytest.mark.parametrize(("separator", "before"), [(",", ""), (";", "sep=;\r\n"), ("\t", "")])
def test_a_plain_table_is_read_whatever_separates_its_columns(
    tmp_path: Path, separator: str, before: str
) -> None:
    header = separator.join(["Full_Name", "Profile_URL", "E-Mail", "Date of birth", "connected_on", "lang"])
    row = separator.join(["Ann O", ANN, "a@x.org", "03-05", "2026-11-21", "fr"])
    path = write_file(tmp_path, f"{before}{header}\r\n{row}\r\n")
    assert detect_format(path, "utf-8") is ImportSource.CSV
    assert read_people(path, ImportSource.CSV) == [
        Person(
            "Ann O", (ANN,), ("a@x.org",), BirthDate(3, 5), date(2026, 11, 21), connected=True, language="fr"
        )
    ]


def test_a_bad_line_is_told_by_number_and_the_others_are_read(tmp_path: Path) -> None:
    path = write_file(
        tmp_path,
        "name,birthday\nAnn,03-05\nBob\nCid,\nDee,05-06,what,,\nEve,1981-02-29\nFay,--02-29,,\n",
    )
    told = read_entries(path, ImportSource.CSV)
    assert [(entry.line, isinstance(entry, RefusedEntry)) for entry in told] == [
        (2, False), (3, True), (4, False), (5, True), (6, False), (7, False)
    ]  # fmt: skip


def test_a_quotation_that_never_ends_costs_what_it_swallowed_and_no_more(tmp_path: Path) -> None:
    rows = "".join(f"P{number},03-05\n" for number in range(20_000))
    told = read_entries(write_file(tmp_path, f'name,birthday\nAnn,"03-05\n{rows}'), ImportSource.CSV)
    assert isinstance(told[0], RefusedEntry)
    assert told[0].line == 2
    last = told[-1]
    assert isinstance(last, Entry)
    assert last.line == 20_002
    assert last.person.name == "P19999"


def test_a_line_without_an_end_costs_itself(tmp_path: Path) -> None:
    long = 'Ann,"' + "x" * (3 * MAX_LINE_CHARS)
    refused, bob = read_entries(write_file(tmp_path, f"name,birthday\n{long}\nBob,03-05\n"), ImportSource.CSV)
    assert refused == RefusedEntry(2, f"line 2 is longer than {MAX_LINE_CHARS} characters")
    assert isinstance(bob, Entry)
    assert (bob.line, bob.person.birthday) == (3, BirthDate(3, 5))


@pytest.mark.parametrize(
    "cell",
    ["1" * 200_000, " 1" * 100_000, "a@" * 100_000, "a" * 200_000 + "<@", "a" + " " * 200_000 + "b",
     "a," * 100_000, "/" * 200_000, "x/in/" * 50_000, "(" * 200_000, "12:" * 60_000],
)  # fmt: skip
def test_a_long_cell_or_title_costs_no_more_than_its_length(tmp_path: Path, cell: str) -> None:
    table = f'name,email,url,birthday,custom\nAnn,"{cell}","{cell}","{cell}","{cell}"\n'
    assert len(read_entries(write_file(tmp_path, table), ImportSource.CSV)) == 1
    card = f"BEGIN:VCARD\nFN:Ann\nBDAY:{cell}\nEMAIL:{cell}\nURL:{cell}\nCATEGORIES:{cell}\nEND:VCARD\n"
    assert len(read_entries(write_file(tmp_path, card), ImportSource.VCARD)) == 1
    event = f"BEGIN:VEVENT\nDTSTART:20200612\nRRULE:FREQ=YEARLY\nSUMMARY:{cell[:100_000]}\n"
    event += f"DESCRIPTION:{cell[:100_000]}\nEND:VEVENT\n"
    assert len(read_entries(write_file(tmp_path, event), ImportSource.ICALENDAR)) == 1


MARKUP = st.sampled_from(
    [
        b"BEGIN:VCARD\n", b"END:VCARD\n", b"BEGIN:VEVENT\n", b"END:VEVENT\n", b"FN:", b"BDAY:", b"DTSTART:",
        b"RRULE:FREQ=YEARLY\n", b"SUMMARY:", b"name,birthday,url\n", b"First Name,Last Name,Connected On\n",
        b"Name,Birthday,Labels\n", b",", b'"', b";", b"=", b"\\", b"\r\n", b"\0", b"\xef\xbb\xbf",
        b"\xff\xfe", b"03-05", b"\xe9", b" ",
    ]
)  # fmt: skip


@given(st.lists(st.one_of(MARKUP, st.binary(max_size=8)), max_size=30).map(b"".join))
@example(b"\xff\xfe\0")
@example(b"BEGIN:VEVENT\nRRULE:FREQ=YEARLY\nDTSTART:20240101T\nEND:VEVENT\n")
@example(b"BEGIN:VEVENT\nDTSTART;TZID=a,b:20240101T000000\nEND:VEVENT\n")
def test_no_bytes_upset_a_reader(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_file(Path(folder), content)
        for source in FORMATS:
            with suppress(RequestRefusedError):  # of another format or no text: said so in one line
                told = read_entries(path, source)
                assert [entry.line for entry in told] == sorted(entry.line for entry in told)
                assert all("\0" not in entry.reason for entry in told if isinstance(entry, RefusedEntry))
        with suppress(RequestRefusedError):
            assert detect_format(path, detect_encoding(path)) in FORMATS


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).map(str.strip)
BIRTHDAYS = st.dates(date(1905, 1, 1), TODAY)
"""1900-01-01 and 1904-01-01 stand for an unknown day in what some programs write."""
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])


@given(
    st.lists(st.tuples(NAMES, BIRTHDAYS, NAMES), max_size=20),
    ENCODINGS,
    st.booleans(),
)
def test_what_is_written_is_read(rows: list[tuple[str, date, str]], encoding: str, unix: bool) -> None:
    rows = [row for row in rows if row[0]]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n" if unix else "\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("name", "birthday", "company"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        found = read_people(write_file(Path(folder), out.getvalue().encode(encoding)), ImportSource.CSV)
    assert found == [
        Person(name, birthday=BirthDate(born.month, born.day, born.year), company=company)
        for name, born, company in rows
    ]
