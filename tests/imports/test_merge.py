"""How entries are matched to contacts, and which value wins."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.engine import Database
from db.imports.entries import RefusedEntry
from db.store.imports import runs
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Contact
from tests.builders import SANDBOX, a_contact, an_account
from tests.imports.files import LINKEDIN, contacts_now, import_path, plain_table, reload_contact, write_file
from worker.rules.model import ContactStatus

MARCH_5 = date(2028, 3, 5)


def on_linkedin(session: Session) -> AccountRecord:
    return accounts.add_account(session, name="mine", site="linkedin", zone=ZoneInfo("UTC"))


def test_linkedins_export_brings_connections(database: Database, tmp_path: Path) -> None:
    path = write_file(
        tmp_path,
        LINKEDIN
        + "Ann,O'Neil,https://www.linkedin.com/in/Ann-ONeil?x=1,Ann@X.org,ACME,Boss,21 Nov 2026\n"
        + "Zoé,M.,https://fr.linkedin.com/in/zo%C3%A9/,,,,02 Jan 2020\n",
    )
    with database.transaction() as session:
        report = import_path(session, on_linkedin(session), path)
        ann, zoe = contacts_now(session)
    assert (report.read, report.new, report.refused) == (2, 2, 0)
    assert (ann["profile_url"], ann["full_name"], ann["email"], ann["status"], ann["connected_on"]) == (
        "https://www.linkedin.com/in/ann-oneil/", "Ann O'Neil", "ann@x.org", "connected", "2026-11-21"
    )  # fmt: skip
    assert ann["profile"] == {"company": "ACME", "position": "Boss"}
    assert (zoe["profile_url"], zoe["profile"]) == ("https://www.linkedin.com/in/zo%C3%A9/", {})


def test_whoever_no_file_calls_a_connection_is_a_prospect_until_one_does(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        import_path(session, account, write_file(tmp_path, plain_table(f"Ann,{SANDBOX}ann,,03-05,,")))
        assert reload_contact(session, account, "ann").status == ContactStatus.PROSPECT
        import_path(session, account, write_file(tmp_path, plain_table(f"Ann,{SANDBOX}ann,,,,2026-11-21")))
        assert reload_contact(session, account, "ann").status == ContactStatus.CONNECTED
        reload_contact(session, account, "ann").status = ContactStatus.NOT_CONNECTED
        report = import_path(
            session, account, write_file(tmp_path, plain_table(f"Ann,{SANDBOX}ann,,,,2026-11-21"))
        )
        assert reload_contact(session, account, "ann").status == ContactStatus.NOT_CONNECTED
        assert report.same == 1


def test_people_are_found_by_address_then_by_email(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        for owner in (account, other):
            a_contact(session, owner, "ann", name="Ann O").email = "ann@x.org"
            a_contact(session, owner, "bob", name="Bob P").email = "Bob@X.org"
        path = write_file(
            tmp_path,
            plain_table(
                "Ann,http://sandbox.test/in/ANN?y,other@x.org,03-05,,",
                "Robert P,,BOB@x.org,--02-29,,",
                f"Bob P,{SANDBOX}bob-moved,bob@x.org,,ACME,",
                f"Ann,{SANDBOX}ann-two,ann@x.org,,,",
            ),
        )
        report = import_path(session, account, path)
        ann, bob, two = (reload_contact(session, account, slug) for slug in ("ann", "bob", "ann-two"))
        assert (ann.birth_month, ann.birth_day, ann.email) == (3, 5, "ann@x.org")
        assert (bob.birth_month, bob.birth_day, bob.profile) == (2, 29, {"company": "ACME"})
        assert two.email is None, "an e-mail address that two people had would tell nobody apart"
        assert (report.read, report.new, report.changed, report.repeated) == (4, 1, 2, 1)
        assert reload_contact(session, other, "ann").birth_month is None


def test_what_is_known_stays(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann = a_contact(session, account, "ann", name="Ann O", birthday=MARCH_5)
        ann.email, ann.profile, ann.connected_on = "ann@x.org", {"company": "ACME", "x": 1}, date(2020, 1, 1)
        a_contact(session, account, "leap", birthday=date(2027, 2, 28))
        a_contact(session, account, "year", birthday=MARCH_5)
        path = write_file(
            tmp_path,
            plain_table(
                f"Annie,{SANDBOX}ann,new@x.org,03-06,Other,2026-11-21",
                f"Leap,{SANDBOX}leap,,02-29,,",
                f"Year,{SANDBOX}year,,1980-03-05,,",
                f"Year,{SANDBOX}year,,,,",
            ),
        )
        before = contacts_now(session)[0]
        report = import_path(session, account, path)
        assert contacts_now(session)[0] == before
        assert (report.same, report.changed, report.repeated) == (1, 2, 1)
        assert (report.differing, report.differing_lines) == (1, (2,))
        assert reload_contact(session, account, "leap").birth_day == 29
        assert reload_contact(session, account, "year").birth_year == 1980


def test_the_sites_own_export_knows_better_where_somebody_works(database: Database, tmp_path: Path) -> None:
    url = "https://www.linkedin.com/in/ann/"
    with database.transaction() as session:
        account = on_linkedin(session)
        session.add(
            Contact(
                account_id=account.id, profile_url=url, full_name="Ann", profile={"company": "Old", "x": 1}
            )
        )
        session.flush()
        import_path(session, account, write_file(tmp_path, f"{LINKEDIN}A,O,{url},,New,,21 Nov 2026\n"))
        (ann,) = contacts_now(session)
    assert (ann["profile"], ann["full_name"]) == ({"company": "New", "x": 1}, "Ann")


def test_entries_of_one_person_are_one(database: Database, tmp_path: Path) -> None:
    path = write_file(
        tmp_path,
        plain_table(
            f"Ann,{SANDBOX}ann,,--03-05,,",
            "Ann,,ann@x.org,,ACME,",
            f"Annie,{SANDBOX}ann/,ann@x.org,1980-03-05,,2026-11-21",
        ),
    )
    with database.transaction() as session:
        report = import_path(session, an_account(session), path)
        (ann,) = contacts_now(session)
    assert (report.read, report.new, report.repeated) == (3, 1, 2)
    assert (ann["full_name"], ann["email"], ann["birth_year"], ann["status"], ann["profile"]) == (
        "Ann", "ann@x.org", 1980, "connected", {"company": "ACME"}
    )  # fmt: skip


def test_who_is_excluded_comes_in_as_not_to_be_contacted(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        session.execute(
            text("insert into exclusions (account_id, name_key) values (:account, 'ann o')"),
            {"account": account.id},
        )
        import_path(session, account, write_file(tmp_path, plain_table(f"Ann O,{SANDBOX}ann,,03-05,,")))
        assert reload_contact(session, account, "ann").do_not_contact


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("🎂,x,,03-05,,", "no name"),
        ("A\0nn,x,,03-05,,", "NUL"),
        (f"{'A' * 501},x,,03-05,,", "longer than 500"),
        ("Ann,https://elsewhere.example/in/ann,,03-05,,", "no profile address of sandbox"),
    ],
)
def test_what_cannot_be_a_contact_is_refused(database: Database, tmp_path: Path, row: str, why: str) -> None:
    path = write_file(tmp_path, plain_table(row, f"Bob,{SANDBOX}bob,,,,"))
    with database.transaction() as session:
        report = import_path(session, an_account(session), path)
        kept = runs.list_imports(session)[0].report
    assert (report.read, report.new, report.refused) == (2, 1, 1)
    assert report.refusals[0].line == 2
    assert why in report.refusals[0].reason
    assert kept["refusals"] == [{"line": 2, "reason": report.refusals[0].reason}]


def test_many_refused_lines_are_counted_and_the_first_are_kept(database: Database, tmp_path: Path) -> None:
    rows = [f"N{number},,,0{number % 5}-05,," for number in range(300)]  # every fifth has month 0
    with database.transaction() as session:
        report = import_path(session, an_account(session), write_file(tmp_path, plain_table(*rows)))
    assert (report.read, report.refused, len(report.refusals)) == (300, 300, 100)
    assert [refused.line for refused in report.refusals] == list(range(2, 102))
    assert {type(refused) for refused in report.refusals} == {RefusedEntry}
