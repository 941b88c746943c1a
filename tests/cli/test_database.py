"""`rapport db verify`."""

import json

from sqlalchemy import text

from db.engine import Database
from tests.cli.conftest import Rapport


def test_a_database_as_it_should_be_and_one_that_somebody_changed(
    rapport: Rapport, database: Database
) -> None:
    assert "as this version made it" in rapport("db", "verify")
    assert json.loads(rapport("db", "verify", "--json")) == {"schema": [], "history": []}
    with database.transaction() as session:
        session.execute(text("drop index ix_contacts_birthday"))
        session.execute(text("alter table actions disable trigger action_moved"))
    code, out, err = rapport.code("db", "verify")
    assert (code, err) == (4, "")
    assert "the index contacts.ix_contacts_birthday is missing" in out
    code, out, _ = rapport.code("db", "verify", "--json")
    assert code == 4
    assert "is disabled" in json.loads(out)["schema"][1]
