"""Birthdays whose contact is uncertain: a person is asked once, and the answer is kept."""

from datetime import date
from pathlib import Path

from db.engine import Database
from db.store.imports import birthday_doubts
from tests.builders import a_contact, an_account
from tests.imports.files import contacts_now, import_path, plain_table, reload_contact, write_file


def test_only_a_name_is_no_proof_so_a_person_is_asked(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        a_contact(session, account, "ann-1", name="Ann  O'NEIL")
        a_contact(session, account, "ann-2", name="ann o'neil")
        a_contact(session, account, "known", name="Cid", birthday=date(2028, 3, 5))
        a_contact(session, account, "eve", name="Eve").email = "family@x.org"
        before = contacts_now(session)
        path = write_file(
            tmp_path,
            plain_table(
                "Ann O'Neil,,,1980-03-05,,",
                "Cid,,,03-05,,",
                "Cid,,,03-06,,",
                "Nobody,,nobody@x.org,03-05,,",
                "Ann O'Neil,,,,,",
                "Adam,,family@x.org,04-05,,",
                "Ann O'Neil,,,1980-03-05,,",
            ),
        )
        report = import_path(session, account, path)
        assert contacts_now(session) == before
        assert (report.read, report.doubts, report.same, report.refused) == (7, 2, 2, 3)
        assert [(refused.line, refused.reason.split()[0]) for refused in report.refusals] == [
            (4, "every"), (5, "no"), (6, "only")
        ]  # fmt: skip
        asked = [(doubt.name, doubt.contact, doubt.year) for doubt in birthday_doubts.list_doubts(session)]
        assert asked == [
            ("Ann O'Neil", "Ann  O'NEIL", 1980), ("Ann O'Neil", "ann o'neil", 1980), ("Adam", "Eve", None)
        ]  # fmt: skip


def test_an_answer_holds_and_the_file_is_not_asked_again(database: Database, tmp_path: Path) -> None:
    path = write_file(tmp_path, plain_table("Ann,,,03-05,,", "Bob,,,03-06,,"))
    with database.transaction() as session:
        account = an_account(session)
        for slug, name in (("ann-1", "Ann"), ("ann-2", "Ann"), ("bob", "Bob")):
            a_contact(session, account, slug, name=name)
        import_path(session, account, path)
        first, _, bob = birthday_doubts.list_doubts(session)
        birthday_doubts.confirm_doubt(session, first.id)
        birthday_doubts.refuse_doubt(session, bob.id)
        assert not birthday_doubts.list_doubts(session)
        assert reload_contact(session, account, "ann-1").birth_day == 5
        assert reload_contact(session, account, "ann-2").birth_day is None
        assert reload_contact(session, account, "bob").birth_day is None
        again = import_path(session, account, path)
        assert (again.same, again.doubts) == (2, 0)
        assert not birthday_doubts.list_doubts(session)


def test_a_name_that_too_many_have_asks_nobody(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for number in range(21):
            a_contact(session, account, f"ann-{number}", name="Ann")
        report = import_path(session, account, write_file(tmp_path, plain_table("Ann,,,03-05,,")))
        assert (report.doubts, report.refused) == (0, 1)
        assert "more than 20" in report.refusals[0].reason
