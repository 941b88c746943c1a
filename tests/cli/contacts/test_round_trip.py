"""Exported contacts can be imported unchanged into another account, also values like formulas."""

from datetime import date
from pathlib import Path

from sqlalchemy import select

from db.engine import Database
from db.tables import Contact
from tests.builders import a_contact, an_account
from tests.cli.conftest import Rapport

KEPT = (
    Contact.profile_url, Contact.full_name, Contact.email, Contact.language, Contact.birth_month,
    Contact.birth_day, Contact.birth_year, Contact.connected_on,
)  # fmt: skip


def test_exported_contacts_come_in_again_as_they_were(
    database: Database, rapport: Rapport, tmp_path: Path
) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        plain = a_contact(session, account, "ann", name="Ann O'Neil", birthday=date(2028, 2, 29))
        plain.email, plain.language, plain.connected_on = "ann@example.org", "fr", date(2020, 1, 31)
        a_contact(
            session, account, "bob", name="=cmd|' /C calc'!A0", birthday=date(2027, 3, 5)
        ).birth_year = 1980
        a_contact(session, account, "eve", name='\'-- "Eve", 李小龙')
        session.flush()
    file = tmp_path / "contacts.csv"
    rapport("export", "contacts", "--account", "demo", "--format", "csv", "--output", str(file))
    rapport("import", "contacts", str(file), "--account", "other", "--format", "csv")
    with database.transaction() as session:
        before, after = (
            session.execute(select(*KEPT).where(Contact.account_id == of).order_by(Contact.profile_url)).all()
            for of in (account.id, other.id)
        )
    assert len(after) == 3
    assert after == before
