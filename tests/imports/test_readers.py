"""Readers: what each format says, what is refused and why, and that no bytes can upset one."""

import csv
import io
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.imports.dates import parse_birth_date, parse_date
from db.imports.entries import BirthDate, Entry, Person, RefusedEntry, UnreadableEntryError
from db.imports.formats import READERS, detect_format
from db.imports.icalendar import find_name
from db.imports.text_file import MAX_LINE_CHARS, detect_encoding
from tests.imports.files import LINKEDIN, TODAY, read_entries, read_people, write_file
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource

ANN = "https://www.linkedin.com/in/ann"


@pytest.mark.parametrize(
    ("text", "birthday"),
    [
        ("1980-03-05", BirthDate(3, 5, 1980)),
        ("19800305", BirthDate(3, 5, 1980)),
        ("1980-03-05T00:00:00Z", BirthDate(3, 5, 1980)),
        (" --03-05", BirthDate(3, 5)),
        ("--0305", BirthDate(3, 5)),
        ("03-05", BirthDate(3, 5)),
        ("3-5", BirthDate(3, 5)),
        ("--02-29", BirthDate(2, 29)),
        ("1604-02-29", BirthDate(2, 29)),
        ("0000-03-05", BirthDate(3, 5)),
        ("2024-02-29", BirthDate(2, 29, 2024)),
        ("2026-11-24", BirthDate(11, 24, 2026)),
        ("", None),
        ("1980", None),
        ("1980-03", None),
        ("---05", None),
    ],
)
def test_a_birthday_is_read(text: str, birthday: BirthDate | None) -> None:
    assert parse_birth_date(text, TODAY) == birthday


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("03/04/1980", "two ways"),
        ("25/12/1980", "two ways"),
        ("3.4.1980", "two ways"),
        ("03-04-1980", "two ways"),
        ("1981-02-29", "no calendar"),
        ("02-30", "no calendar"),
        ("13-01", "no calendar"),
        ("2026-11-25", "yet to come"),
        ("1899-12-31", "before 1900"),
        ("next Tuesday\0", "no date"),
    ],
)
def test_a_birthday_that_is_none_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UnreadableEntryError, match=why) as told:
        parse_birth_date(text, TODAY)
    assert str(told.value).isprintable()


@given(st.dates(date(1900, 1, 1), TODAY))
def test_every_day_is_read_as_it_is_written(born: date) -> None:
    known = BirthDate(born.month, born.day, born.year)
    assert parse_birth_date(born.isoformat(), TODAY) == parse_birth_date(f"{born:%Y%m%d}", TODAY) == known
    assert (
        parse_birth_date(f"--{born:%m%d}", TODAY)
        == parse_birth_date(f"{born:%m-%d}", TODAY)
        == BirthDate(born.month, born.day)
    )


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("21 Nov 2026", date(2026, 11, 21)),
        ("1 févr. 2026", date(2026, 2, 1)),
        ("1 juil. 2026", date(2026, 7, 1)),
        ("1 juin 2026", date(2026, 6, 1)),
        ("3. März 2025", date(2025, 3, 3)),
        ("3 de diciembre de 2025", date(2025, 12, 3)),
        ("11/21/17, 3:45 PM", date(2017, 11, 21)),
        ("2026-11-21", date(2026, 11, 21)),
        ("1900-01-01", date(1900, 1, 1)),
        ("2200-12-31", date(2200, 12, 31)),
        ("1899-12-31", None),
        ("0001-01-01", None),
        ("1 Jan 9999", None),
        ("1/1/2201, 3:45 PM", None),
        ("31 Feb 2026", None),
        ("sometime", None),
        ("", None),
    ],
)
def test_a_date_of_connection_is_read_or_left_out(text: str, on: date | None) -> None:
    assert parse_date(text) == on


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
        "name,birthday\nAnn,03-05\nBob,03/04/1980\nCid,\nDee,05-06,what,,\nEve,1981-02-29\nFay,--02-29,,\n",
    )
    told = read_entries(path, ImportSource.CSV)
    assert [(entry.line, isinstance(entry, RefusedEntry)) for entry in told] == [
        (2, False), (3, True), (4, False), (5, True), (6, True), (7, False)
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


VCARDS = """BEGIN:VCARD\r
VERSION:4.0\r
FN:Ann O'Neil\r
BDAY:--0305\r
EMAIL;TYPE=work;PREF=1:ann@x.org\r
item1.URL;TYPE=LinkedIn:https\\://www.linkedin.com/in/\r
 ann\r
ORG:ACME\\, Inc;Sales\r
PHOTO:data:image/jpeg;base64,AAAA\r
TITLE:Boss\r
END:VCARD\r
BEGIN:VCARD
VERSION:3.0
N:B;Bob;;Dr.;
BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-05
X-SOCIALPROFILE;TYPE=linkedin:http://www.linkedin.com/in/bob
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Cid
BDAY;VALUE=text:circa 1800
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=BC=
ller;J=C3=B6rg
BDAY:19800305
END:VCARD
BEGIN:VCARD
FN:Dee
BDAY:03/04/1980
END:VCARD
BEGIN:VCARD
FN:Eve
"""


def test_cards_of_every_version_are_read_one_by_one(tmp_path: Path) -> None:
    path = write_file(tmp_path, VCARDS, "people.vcf")
    assert detect_format(path, "utf-8") is ImportSource.VCARD
    *found, dee, eve = read_entries(path, ImportSource.VCARD)
    assert [entry.person for entry in found if isinstance(entry, Entry)] == [
        Person("Ann O'Neil", (ANN,), ("ann@x.org",), BirthDate(3, 5), company="ACME, Inc", position="Boss"),
        Person("Dr. Bob  B ", ("http://www.linkedin.com/in/bob",), birthday=BirthDate(3, 5)),
        Person("Cid"),
        Person(" Jörg  Müller ", birthday=BirthDate(3, 5, 1980)),
    ]
    assert isinstance(dee, RefusedEntry)
    assert "two ways" in dee.reason
    assert eve == RefusedEntry(33, "the VCARD that begins here never ends")


def test_a_photograph_is_not_held(tmp_path: Path) -> None:
    photo = "PHOTO;ENCODING=b:" + "\n ".join("A" * 75 for _ in range(5_000))
    endless = "PHOTO:" + "A" * (2 * MAX_LINE_CHARS)
    card = f"BEGIN:VCARD\nVERSION:3.0\n{photo}\nFN:Ann\n{endless}\nBDAY:03-05\nEND:VCARD\n"
    assert read_people(write_file(tmp_path, card), ImportSource.VCARD) == [
        Person("Ann", birthday=BirthDate(3, 5))
    ]


EVENTS = """BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;VALUE=DATE:20240305
RRULE:FREQ=YEARLY
SUMMARY:Ann O'Neil\\, Jr's birthday 🎂
URL:https://www.linkedin.com/in/ann
BEGIN:VALARM
DESCRIPTION:no
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART:19800229T080000Z
RRULE:FREQ=YEARLY;BYMONTH=2
SUMMARY:Anniversaire de Zoé
DESCRIPTION:see https://www.linkedin.com/in/zoe
END:VEVENT
BEGIN:VEVENT
DTSTART:20240305
RRULE:FREQ=WEEKLY
SUMMARY:Stand-up
END:VEVENT
BEGIN:VEVENT
RRULE:FREQ=YEARLY
DTSTART:20240230
END:VEVENT
END:VCALENDAR
"""


def test_yearly_events_are_birthdays(tmp_path: Path) -> None:
    path = write_file(tmp_path, EVENTS, "people.ics")
    assert detect_format(path, "utf-8") is ImportSource.ICALENDAR
    assert read_entries(path, ImportSource.ICALENDAR) == [
        Entry(2, Person("Ann O'Neil, Jr", (ANN,), birthday=BirthDate(3, 5))),
        Entry(11, Person("Zoé", ("https://www.linkedin.com/in/zoe",), birthday=BirthDate(2, 29))),
        RefusedEntry(17, "it does not come every year, so it is no birthday"),
        RefusedEntry(22, "it has no day on which it begins"),
    ]


@pytest.mark.parametrize(
    ("summary", "name"),
    [
        ("Ann O'Neil's birthday", "Ann O'Neil"),
        ("🎂 James\u2019 Birthday 🎉", "James"),
        ("Birthday: Ann", "Ann"),
        ("Anniversaire d'Ann", "Ann"),
        ("Anniversaire de Jean-Noël", "Jean-Noël"),
        ("Geburtstag von Jörg", "Jörg"),
        ("Jörg hat Geburtstag", "Jörg"),
        ("Cumpleaños de Ana María", "Ana María"),
        ("प्रिया शर्मा", "प्रिया शर्मा"),
        ("李小龙", "李小龙"),
        ("Dr. King Jr.", "Dr. King Jr."),
        ("🎂", ""),
    ],
)
def test_a_summary_says_whose_birthday_it_is(summary: str, name: str) -> None:
    assert find_name(summary) == name


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
        for source in READERS:
            with suppress(RequestRefusedError):  # of another format or no text: said so in one line
                told = read_entries(path, source)
                assert [entry.line for entry in told] == sorted(entry.line for entry in told)
                assert all("\0" not in entry.reason for entry in told if isinstance(entry, RefusedEntry))
        with suppress(RequestRefusedError):
            assert detect_format(path, detect_encoding(path)) in READERS


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).map(str.strip)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])


@given(
    st.lists(st.tuples(NAMES, st.dates(date(1900, 1, 1), TODAY), NAMES), max_size=20),
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
