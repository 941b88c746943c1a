"""Dates that can be read in several ways: the column settles them, else a person does; nobody is lost."""

from pathlib import Path

import pytest

from db.engine import Database
from db.store.imports import birthday_doubts, runs
from db.store.people import hand_edits
from db.store.people.hand_edits import HandEdits
from tests.builders import SANDBOX, a_contact, an_account
from tests.imports.files import contacts_now, import_path, plain_table, reload_contact, write_file
from worker.errors import RequestRefusedError


def test_a_bad_date_does_not_cost_the_person(database: Database, tmp_path: Path) -> None:
    table = plain_table(
        f"Ann,{SANDBOX}ann,ann@x.org,1980-02-30,,",
        f"Bob,{SANDBOX}bob,,,,someday",
        f"Cid,{SANDBOX}cid,,0/0/00,,",
    )
    with database.transaction() as session:
        account = an_account(session)
        report = import_path(session, account, write_file(tmp_path, table))
        assert (report.read, report.new, report.refused, report.lost) == (3, 3, 0, 2)
        assert [(loss.line, loss.reason) for loss in report.losses] == [
            (2, "the birthday '1980-02-30' was left out: it isn't a day of the calendar"),
            (3, "connected on 'someday' was left out: it isn't a date from 1900 to 2200"),
        ]
        assert reload_contact(session, account, "ann").email == "ann@x.org"


def test_one_date_of_the_column_settles_all(database: Database, tmp_path: Path) -> None:
    rows = [f"P{day},{SANDBOX}p{day},,0{day}/04/1980,," for day in range(1, 8)]
    with database.transaction() as session:
        account = an_account(session)
        table = plain_table(*rows, f"Last,{SANDBOX}last,,31/12/1980,,")
        report = import_path(session, account, write_file(tmp_path, table))
        assert (report.new, report.asked) == (8, 0)
        seven = reload_contact(session, account, "p7")
        assert (seven.birth_month, seven.birth_day, seven.birth_year) == (4, 7, 1980)


@pytest.mark.parametrize(("pattern", "month"), [("dd/mm/yyyy", 4), ("MM-DD-YYYY", 3)])
def test_a_title_settles_its_column(database: Database, tmp_path: Path, pattern: str, month: int) -> None:
    with database.transaction() as session:
        account = an_account(session)
        table = f"name,url,Birthday ({pattern})\nAnn,{SANDBOX}ann,03/04/1980\n"
        import_path(session, account, write_file(tmp_path, table))
        assert reload_contact(session, account, "ann").birth_month == month


def test_a_column_that_says_both_settles_nothing(database: Database, tmp_path: Path) -> None:
    table = plain_table(
        f"Ann,{SANDBOX}ann,,03/04/1980,,",
        f"Bob,{SANDBOX}bob,,31/12/1980,,",
        f"Cid,{SANDBOX}cid,,12/31/1980,,",
    )
    with database.transaction() as session:
        account = an_account(session)
        report = import_path(session, account, write_file(tmp_path, table))
        assert (report.new, report.asked) == (3, 1)
        assert reload_contact(session, account, "ann").birth_month is None
        assert reload_contact(session, account, "cid").birth_day == 31


def test_a_person_chooses_the_day_once(database: Database, tmp_path: Path) -> None:
    path = write_file(tmp_path, plain_table(f"Ann,{SANDBOX}ann,,03/04/1980,,", "Bob,,,05/06/1981,,"))
    with database.transaction() as session:
        account = an_account(session)
        a_contact(session, account, "bob", name="Bob")
        report = import_path(session, account, path)
        assert (report.read, report.new, report.asked, report.doubts) == (2, 1, 1, 1)
        doubts = birthday_doubts.list_doubts(session)
        assert sorted((doubt.contact, doubt.month, doubt.day) for doubt in doubts) == [
            ("Ann", 3, 4), ("Ann", 4, 3), ("Bob", 5, 6), ("Bob", 6, 5)
        ]  # fmt: skip
        (april,) = (doubt for doubt in doubts if (doubt.contact, doubt.month) == ("Ann", 4))
        birthday_doubts.confirm_doubt(session, april.id)
        ann = reload_contact(session, account, "ann")
        assert (ann.birth_month, ann.birth_day, ann.birth_year) == (4, 3, 1980)
        assert {doubt.contact for doubt in birthday_doubts.list_doubts(session)} == {"Bob"}
        again = import_path(session, account, path)
        assert (again.asked, again.doubts, again.changed) == (0, 0, 0)
        for record in runs.list_imports(session):
            runs.undo_import(session, record.id)
        assert [row["full_name"] for row in contacts_now(session)] == ["Bob"]


def test_a_known_birthday_is_not_asked_about(database: Database, tmp_path: Path) -> None:
    path = write_file(tmp_path, plain_table(f"Ann,{SANDBOX}ann,,1980-03-04,,"), "first.csv")
    again = write_file(tmp_path, plain_table(f"Ann,{SANDBOX}ann,,03/04/1980,,", "Ann,,,03/04/1980,,"))
    with database.transaction() as session:
        account = an_account(session)
        import_path(session, account, path)
        report = import_path(session, account, again)
        assert (report.asked, report.doubts, report.same) == (0, 0, 2)


def event(summary: str, url: str = "") -> str:
    line = f"URL:{url}\n" if url else ""
    return (
        f"BEGIN:VEVENT\nDTSTART;VALUE=DATE:20200612\nRRULE:FREQ=YEARLY\nSUMMARY:{summary}\n{line}END:VEVENT\n"
    )


def test_a_vague_name_matches_the_known_and_makes_nobody_new(database: Database, tmp_path: Path) -> None:
    content = "".join(
        ["BEGIN:VCALENDAR\n", event("Anns Geburtstag"), event("День рождения Анны", f"{SANDBOX}anna"),
         event("День рождения Инны", f"{SANDBOX}inna"), event("День рождения Яны"), "END:VCALENDAR\n"]
    )  # fmt: skip
    with database.transaction() as session:
        account = an_account(session)
        a_contact(session, account, "ann", name="Ann")
        a_contact(session, account, "anna", name="Анна")
        report = import_path(session, account, write_file(tmp_path, content))
        assert (report.read, report.changed, report.doubts, report.refused) == (4, 1, 1, 2)
        assert {"no certain name" in refused.reason for refused in report.refusals} == {True}
        assert reload_contact(session, account, "anna").birth_day == 12
        assert [doubt.contact for doubt in birthday_doubts.list_doubts(session)] == ["Ann"]
        assert len(contacts_now(session)) == 2


def test_a_name_before_a_comma_is_a_family_name(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        a_contact(session, account, "gus", name="Gus Roe")
        report = import_path(session, account, write_file(tmp_path, 'name,birthday\n"Roe, Gus",1980-03-05\n'))
        assert report.doubts == 1
        assert [doubt.contact for doubt in birthday_doubts.list_doubts(session)] == ["Gus Roe"]


def test_columns_and_properties_that_are_not_used_are_named(database: Database, tmp_path: Path) -> None:
    path = write_file(
        tmp_path, f"Name,URL,Shoe Size,Pet,Empty\nAnn,{SANDBOX}ann,38,cat,\nBob,{SANDBOX}bob,,dog,\n"
    )
    with database.transaction() as session:
        report = import_path(session, an_account(session), path)
        assert report.unused == {"Shoe Size": 1, "Pet": 2}
        assert runs.list_imports(session)[0].report["unused"] == {"Shoe Size": 1, "Pet": 2}


def test_a_column_whose_title_cannot_be_stored_as_it_is_refuses_no_file(
    database: Database, tmp_path: Path
) -> None:
    path = write_file(tmp_path, f"Name,URL,Shoe\0Size\nAnn,{SANDBOX}ann,38\n")
    with database.transaction() as session:
        report = import_path(session, an_account(session), path)
        assert (report.new, report.unused) == (1, {"Shoe?Size": 1})


def test_a_birthday_set_by_hand_is_neither_changed_nor_asked_about(
    database: Database, tmp_path: Path
) -> None:
    path = write_file(
        tmp_path,
        plain_table(
            f"Ann,{SANDBOX}ann,,1980-03-05,,", f"Bob,{SANDBOX}bob,,03/04/1980,,", "Cid,,,1980-02-29,,",
            f"Dan,{SANDBOX}dan,,1980-02-29,,",
        ),
    )  # fmt: skip
    days = {"ann": (3, 5, None), "bob": (7, 8, None), "cid": (2, 28, None), "dan": (2, 28, None)}
    with database.transaction() as session:
        account = an_account(session)
        for slug, day in days.items():
            known = a_contact(session, account, slug, name=slug.title())
            hand_edits.save_hand_edits(session, known.id, HandEdits(birthday=day), by="tests")
        before = contacts_now(session)
        report = import_path(session, account, path)
        assert (report.changed, report.asked, report.doubts) == (0, 0, 0)
        assert contacts_now(session) == before


def test_a_doubt_never_replaces_a_birthday_set_by_hand(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        cid = a_contact(session, account, "cid", name="Cid")
        import_path(session, account, write_file(tmp_path, plain_table("Cid,,,1980-02-29,,")))
        (doubt,) = birthday_doubts.list_doubts(session)
        hand_edits.save_hand_edits(session, cid.id, HandEdits(birthday=(2, 28, None)), by="tests")
        with pytest.raises(RequestRefusedError, match="already has the birthday 02-28"):
            birthday_doubts.confirm_doubt(session, doubt.id)


def test_a_day_that_becomes_known_is_no_longer_asked_about(database: Database, tmp_path: Path) -> None:
    uncertain = write_file(tmp_path, plain_table(f"Ann,{SANDBOX}ann,,03/04/1980,,"), "first.csv")
    certain = write_file(tmp_path, plain_table(f"Ann,{SANDBOX}ann,,1980-04-03,,"))
    with database.transaction() as session:
        account = an_account(session)
        import_path(session, account, uncertain)
        import_path(session, account, certain)
        assert not birthday_doubts.list_doubts(session)
        runs.undo_import(session, runs.list_imports(session)[0].id)
        assert len(birthday_doubts.list_doubts(session)) == 2
