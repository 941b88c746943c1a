# ruff: noqa: E501 -- the exports are lines of their programs
"""The exports of address books and CRMs, each as its program writes it."""

from datetime import date
from pathlib import Path

import pytest

from db.imports.entries import BirthDate, Person, ReadContext
from db.imports.merge import inspect_file
from tests.imports.files import PARIS, TODAY, read_entries, read_people, write_file
from worker.rules.model import ImportSource

GUS = "https://www.linkedin.com/in/gus-roe"
BORN = BirthDate(6, 12, 1980)

EXPORTS = {
    "outlook": (
        "Title,First Name,Middle Name,Last Name,Company,Job Title,Web Page,Birthday,E-mail Address,E-mail 2 Address,Anniversary\r\n"
        f"Mr.,Gus,,Roe,ACME,Boss,{GUS},6/12/1980,gus@x.org,gus@y.org,0/0/00\r\n"
        "Ms.,Eve,,Roe,,,,0/0/00,,,0/0/00\r\n,Max,,Roe,,,,12/31/1979,,,0/0/00\r\n"
    ),
    "outlook in German": (
        "Vorname;Weitere Vornamen;Nachname;Firma;Position;Webseite;Geburtstag;E-Mail-Adresse;E-Mail 2: Adresse\r\n"
        f"Gus;;Roe;ACME;Boss;{GUS};12.06.1980;gus@x.org;\r\nMax;;Roe;;;;31.12.1979;;\r\n"
    ),
    "outlook in French": (
        "Prénom,Nom,Société,Titre,Page Web,Anniversaire,Adresse de messagerie\r\n"
        f"Gus,Roe,ACME,Boss,{GUS},12/06/1980,gus@x.org\r\nMax,Roe,,,,31/12/1979,\r\n"
    ),
    "thunderbird": (
        "First Name,Last Name,Display Name,Nickname,Primary Email,Secondary Email,Web Page 1,Web Page 2,Birth Year,"
        f"Birth Month,Birth Day,Organization,Job Title\nGus,Roe,Gus Roe,,gus@x.org,gus@y.org,,{GUS},1980,6,12,ACME,Boss\n"
    ),
    "thunderbird in German": (
        "Vorname,Nachname,Anzeigename,Primäre E-Mail-Adresse,Webseite 1,Geburtsjahr,Geburtsmonat,Geburtstag,Organisation,Position\n"
        f"Gus,Roe,Gus Roe,gus@x.org,{GUS},1980,6,12,ACME,Boss\n"
    ),
    "hubspot": (
        '"Record ID - Contact","First Name","Last Name","Email","Additional email addresses","Linkedin Profile URL",'
        '"Date of birth","Company name","Job Title"\n'
        f'"1","Gus","Roe","gus@x.org","gus@y.org;gus@z.org","{GUS}","1980-06-12 00:00:00","ACME","Boss"\n'
    ),
    "google": (
        "First Name,Middle Name,Last Name,Organization Name,Organization Title,Birthday,Labels,E-mail 1 - Label,"
        "E-mail 1 - Value,Website 1 - Label,Website 1 - Value,Custom Field 1 - Label,Custom Field 1 - Value\n"
        "Gus,,Roe,ACME,Boss,1980-06-12,* myContacts,* Work,gus@x.org ::: gus@y.org,Blog,https://blog.example,LinkedIn,"
        f"{GUS}\n"
    ),
    "google with an event": (
        "Name,Given Name,Family Name,Birthday,Group Membership,E-mail 1 - Value,Website 1 - Value,Event 1 - Type,"
        "Event 1 - Value,Organization 1 - Name,Organization 1 - Title\n"
        f"Gus Roe,Gus,Roe,,* x,gus@x.org,{GUS},Birthday,1980-06-12,ACME,Boss\n"
    ),
    "three columns": f"Full Name,Birth_Day,Birth_Month,Birth_Year,Mail,LinkedIn,Company,Position\nGus Roe,12,June,1980,gus@x.org,{GUS},ACME,Boss\n",
    "proton": (
        "BEGIN:VCARD\r\nVERSION:4.0\r\nPRODID:-//ProtonMail//ProtonMail vCard 1.0.0//EN\r\nFN;PREF=1:Gus Roe\r\n"
        f"UID:proton-1\r\nITEM1.EMAIL;PREF=1:gus@x.org\r\nBDAY:19800612\r\nORG:ACME\r\nTITLE:Boss\r\nURL:{GUS}\r\nEND:VCARD\r\n"
    ),
    "apple": (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//macOS 15.1//EN\r\nN:Roe;Gus;;;\r\nFN:Gus Roe\r\nORG:ACME;\r\n"
        "TITLE:Boss\r\nEMAIL;type=INTERNET;type=HOME;type=pref:gus@x.org\r\n"
        f"item1.X-SOCIALPROFILE;type=linkedin;x-user=gus-roe:{GUS}\r\nBDAY;value=date:1980-06-12\r\n"
        "item2.X-ABDATE;type=pref:2010-06-12\r\nitem2.X-ABLabel:_$!<Anniversary>!$_\r\nEND:VCARD\r\n"
    ),
    "nextcloud": (
        "BEGIN:VCARD\nVERSION:3.0\nPRODID:-//Sabre//Sabre VObject 4.5.4//EN\nUID:1\nFN:Gus Roe\nEMAIL;TYPE=HOME:gus@x.org\n"
        f"BDAY;VALUE=DATE:19800612\nORG:ACME\nTITLE:Boss\nX-SOCIALPROFILE;TYPE=linkedin:{GUS}\nCATEGORIES:Work\nEND:VCARD\n"
    ),
    "fossify": (
        "BEGIN:VCARD\r\nVERSION:4.0\r\nPRODID:ez-vcard 0.11.3\r\nN:Roe;Gus;;;\r\nFN:Gus Roe\r\nEMAIL;TYPE=HOME:gus@x.org\r\n"
        f"BDAY:19800612\r\nANNIVERSARY:20100612\r\nTITLE:Boss\r\nORG:ACME\r\nURL:{GUS}\r\nPHOTO;ENCODING=b:AAAA\r\nEND:VCARD\r\n"
    ),
    "davx5": (
        "BEGIN:VCARD\nVERSION:4.0\nPRODID:DAVx5/4.4-ose vcard4android ez-vcard/0.12.1\nFN:Gus Roe\nN:Roe;Gus;;;\n"
        f"BDAY:19800612T000000Z\nEMAIL:gus@x.org\nORG:ACME\nTITLE:Boss\ndavdroid1.URL:{GUS}\ndavdroid1.X-ABLABEL:Work\n"
        "END:VCARD\n"
    ),
    "monica": (
        "BEGIN:VCARD\nVERSION:4.0\nPRODID:-//Sabre//Sabre VObject 4.5.4//EN\nSOURCE:https://monica.example/1\nFN:Gus Roe\n"
        f"N:Roe;Gus;;;\nGENDER:O;\nORG:ACME\nTITLE:Boss\nBDAY:19800612\nEMAIL:gus@x.org\nsocialProfile:{GUS}\nEND:VCARD\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("program", EXPORTS)
def test_each_programs_export_is_read(tmp_path: Path, program: str) -> None:
    path = write_file(tmp_path, EXPORTS[program])
    gus = read_people(path, inspect_file(path).source)[0]
    assert (gus.name, gus.birthday, gus.company, gus.position, gus.emails[0]) == (
        "Gus Roe", BORN, "ACME", "Boss", "gus@x.org"
    )  # fmt: skip
    assert GUS in gus.urls
    assert (gus.lost, gus.died, gus.possible_birthdays) == ((), False, ())


def test_further_addresses_in_cells_are_found(tmp_path: Path) -> None:
    path = write_file(
        tmp_path,
        "name,email,website,custom 1,Referred by profile\n"
        f'Gus,"Gus Roe <gus@x.org>; mailto:g@y.org, h@z.org",https://blog.example; {GUS},'
        f"{GUS}/fr,https://www.linkedin.com/in/other\n",
    )
    assert read_people(path, ImportSource.CSV) == [
        Person("Gus", ("https://blog.example", GUS, f"{GUS}/fr"), ("gus@x.org", "g@y.org", "h@z.org"))
    ]


def test_what_was_not_used_is_named_by_its_title(tmp_path: Path) -> None:
    context = ReadContext(TODAY, PARIS)
    text = (
        "First Name,Last Name,Labels,Notes,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Event 1 - Label,"
        "Event 1 - Value,Birthday\nGus,Roe,x,hi,Work,gus@x.org,Mobile,1,Anniversary,2010-06-12,\nEve,Roe,,,,,,,,,\n"
    )  # fmt: skip
    read_entries(write_file(tmp_path, text), ImportSource.GOOGLE, context=context)
    assert context.unused == {"Labels": 1, "Notes": 1, "Phone 1 - Value": 1, "Event 1 - Value": 1}


def test_the_site_is_the_person_and_their_reference_is_not(tmp_path: Path) -> None:
    text = (
        f"Name,Birthday,Labels,Custom Field 1 - Label,Custom Field 1 - Value\nGus,,x,Manager LinkedIn,{GUS}\n"
    )
    assert read_people(write_file(tmp_path, text), ImportSource.GOOGLE)[0].urls == ()


def test_connections_are_told_by_their_date(tmp_path: Path) -> None:
    text = f"name,url,connected on\nGus,{GUS},12 Juni 2020\n"
    (gus,) = read_people(write_file(tmp_path, text), ImportSource.CSV)
    assert (gus.connected, gus.connected_on) == (True, date(2020, 6, 12))
