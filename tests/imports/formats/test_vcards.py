"""vCard files: which properties are read, and which cards are no person."""

from pathlib import Path

import pytest

from db.imports.entries import BirthDate, Entry, Person, ReadContext, RefusedEntry, SkippedEntry
from db.imports.formats import detect_format
from db.imports.text_file import MAX_LINE_CHARS
from tests.imports.files import PARIS, TODAY, read_entries, read_people, write_file
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
        Person(
            "Cid",
            lost=("the birthday 'circa 1800' was left out: the card says that it is a text, not a date",),
        ),
        Person(" Jörg  Müller ", birthday=BirthDate(3, 5, 1980)),
    ]
    assert isinstance(dee, Entry)
    assert dee.person.possible_birthdays == (BirthDate(4, 3, 1980), BirthDate(3, 4, 1980))
    assert eve == RefusedEntry(33, "the VCARD that begins here never ends")


def test_a_photograph_is_not_held(tmp_path: Path) -> None:
    photo = "PHOTO;ENCODING=b:" + "\n ".join("A" * 75 for _ in range(5_000))
    endless = "PHOTO:" + "A" * (2 * MAX_LINE_CHARS)
    card = f"BEGIN:VCARD\nVERSION:3.0\n{photo}\nFN:Ann\n{endless}\nBDAY:03-05\nEND:VCARD\n"
    assert read_people(write_file(tmp_path, card), ImportSource.VCARD) == [
        Person("Ann", birthday=BirthDate(3, 5))
    ]


def card(*lines: str) -> str:
    return "\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""])


def read_card(folder: Path, *lines: str) -> Person:
    (person,) = read_people(write_file(folder, card(*lines)), ImportSource.VCARD)
    return person


@pytest.mark.parametrize(
    "line",
    [
        "DEATHDATE:20190304", "X-DEATHDATE:2019", "DEATHDATE;VALUE=text:in spring", "DEATHPLACE:Lyon",
        "X-DECEASED:true",
        "item1.X-ABDATE:2019-03-04\nitem1.X-ABLabel:Todestag", "CATEGORIES:Family,Deceased",
        "X-ANDROID-CUSTOM:vnd.android.cursor.item/contact_event;2019-03-04;0;décès;;;;;;;;;;;;",
    ],
)  # fmt: skip
def test_a_card_says_in_many_ways_that_somebody_has_died(tmp_path: Path, line: str) -> None:
    assert read_card(tmp_path, "FN:Gus Roe", "BDAY:1940-06-07", line).died


@pytest.mark.parametrize(
    "line",
    [
        "ANNIVERSARY:20100612", "X-ANNIVERSARY:2010-06-12", "X-EVOLUTION-ANNIVERSARY:2010-06-12",
        "X-KADDRESSBOOK-X-Anniversary:2010-06-12", "BDAY:",
        "item1.X-ABDATE:2010-06-12\nitem1.X-ABLabel:_$!<Anniversary>!$_",
        "X-ANDROID-CUSTOM:vnd.android.cursor.item/contact_event;2010-06-12;1;;;;;;;;;;;;;",
    ],
)  # fmt: skip
def test_a_wedding_is_no_birthday(tmp_path: Path, line: str) -> None:
    assert read_card(tmp_path, "FN:Gus Roe", line) == Person("Gus Roe")


@pytest.mark.parametrize(
    "line",
    [
        "item1.X-ABDATE;type=pref:2010-06-12\nitem1.X-ABLabel:Geburtstag",
        "X-ANDROID-CUSTOM:vnd.android.cursor.item/contact_event;2010-06-12;3;;;;;;;;;;;;;",
        "BDAY;X-APPLE-OMIT-YEAR=2004:2004-06-12",
        "bday;value=date:--0612",
    ],
)
def test_a_birthday_is_read_in_each_dialect(tmp_path: Path, line: str) -> None:
    born = read_card(tmp_path, "FN:Gus Roe", line).birthday
    assert born is not None
    assert (born.month, born.day) == (6, 12)


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (("KIND:group", "FN:Team Red"), "group"),
        (("X-ADDRESSBOOKSERVER-KIND:group", "FN:Team Red"), "group"),
        (("KIND:org", "FN:Roe Ltd"), "company"),
        (("X-ABShowAs:COMPANY", "FN:Roe Ltd", "ORG:Roe Ltd"), "company"),
        (("FN:Roe Ltd", "N:;;;;", "ORG:Roe Ltd;Sales"), "company"),
        (("ORG:Roe Ltd",), "company"),
    ],
)
def test_a_group_and_a_company_are_passed_over(tmp_path: Path, lines: tuple[str, ...], what: str) -> None:
    (found,) = read_entries(write_file(tmp_path, card(*lines)), ImportSource.VCARD)
    assert isinstance(found, SkippedEntry)
    assert what in found.reason


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (("FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Fran=C3=A7o=\n=C3=AFs", "BDAY:19800305"), "Françoïs"),
        (("N;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:Sj=F6;=C5sa;;;",), " Åsa  Sjö "),
        (("FN;LANGUAGE=en;:Ann",), "Ann"),
        (
            (
                "TEL;HOME;VOICE:1",
                'FN;X-A="b;c:d":Ann',
            ),
            "Ann",
        ),
        (("FN:Jo\n hn", " Doe"), "JohnDoe"),
        (("NOTE;ENCODING=QUOTED-PRINTABLE:a=\nFN:no=\nb", "FN:Ann"), "Ann"),
    ],
)
def test_names_survive_folding_quoting_and_old_parameters(
    tmp_path: Path, lines: tuple[str, ...], name: str
) -> None:
    assert read_card(tmp_path, *lines).name == name


def test_what_is_not_used_is_counted(tmp_path: Path) -> None:
    context = ReadContext(TODAY, PARIS)
    text = card(
        "FN:Ann", "UID:1", "NICKNAME:Annie", "TEL:1", "item1.TEL;TYPE=home:2", "NOTE:", "PHOTO:AAAA\n TEL:3"
    )
    read_entries(write_file(tmp_path, text), ImportSource.VCARD, context=context)
    assert context.unused == {"NICKNAME": 1, "TEL": 2, "PHOTO": 1}


def test_a_category_that_only_holds_such_a_word_says_nothing(tmp_path: Path) -> None:
    assert not read_card(tmp_path, "FN:Ann (Death Valley)", "CATEGORIES:Death metal fans").died


def test_a_linkedin_property_of_any_name_is_an_address(tmp_path: Path) -> None:
    assert read_card(tmp_path, "FN:Ann", f"X-KADDRESSBOOK-X-LinkedIn:{ANN}").urls == (ANN,)
