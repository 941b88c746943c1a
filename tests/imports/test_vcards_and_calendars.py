"""vCard and iCalendar files: which properties are read, and which entries are refused."""

from pathlib import Path

import pytest

from db.imports.calendars.icalendar import find_name
from db.imports.entries import BirthDate, Entry, Person, RefusedEntry
from db.imports.formats import detect_format
from db.imports.text_file import MAX_LINE_CHARS
from tests.imports.files import read_entries, read_people, write_file
from worker.rules.model import ImportSource

ANN = "https://www.linkedin.com/in/ann"

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
