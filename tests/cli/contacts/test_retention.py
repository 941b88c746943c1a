"""`rapport account keep` and `rapport data purge`."""

from datetime import timedelta

from sqlalchemy import func, select, update

from db.engine import Database
from db.tables import Contact
from tests.builders import a_contact, an_account
from tests.cli.conftest import Rapport
from worker.rules.model import ContactStatus


def test_what_is_older_than_said_is_counted_and_then_erased(rapport: Rapport, database: Database) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        for owner in (account, other):
            a_contact(session, owner, "ann")
        session.execute(
            update(Contact).values(status=ContactStatus.PROSPECT, created_at=func.now() - timedelta(days=31))
        )
    assert "for ever" in rapport("account", "list")
    assert "set how long first" in rapport.refused("data", "purge", "demo")
    assert "set how long first" in rapport.refused("data", "purge")
    assert "30 days" in rapport("account", "keep", "demo", "--days", "30")
    assert "30 days" in rapport("account", "list")
    assert "demo: 1 person; nothing was erased: a dry run" in rapport("data", "purge", "--dry-run")
    assert "demo: erased 1 person" in rapport("data", "purge")
    assert "demo: nothing was too old" in rapport("data", "purge", "demo")
    with database.transaction() as session:
        assert session.scalars(select(Contact.account_id)).all() == [other.id]


def test_keeping_takes_days_or_for_ever(rapport: Rapport, database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
    for given in ((), ("--days", "30", "--for-ever")):
        assert "give --days N or --for-ever" in rapport.refused("account", "keep", "demo", *given)
    code, _, error = rapport.code("account", "keep", "demo", "--days", "7")
    assert (code, "8" in error) == (2, True)
    rapport("account", "keep", "demo", "--days", "8")
    assert "until you erase them" in rapport("account", "keep", "demo", "--for-ever")
    assert "for ever" in rapport("account", "list")
