"""Who is excluded is marked when they come in, though an account is asked only once for each statement."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.engine import Database
from tests.builders import SANDBOX, an_account

ADD = text(
    "insert into contacts (account_id, profile_url, full_name) "
    "select account, 'https://sandbox.test/in/' || slug || '/', slug "
    "from unnest(cast(:accounts as bigint[]), cast(:slugs as text[])) as n (account, slug)"
)
EXCLUDE = text("insert into exclusions (account_id, profile_url) values (:account, :address)")


def list_marked(session: Session) -> list[str]:
    marked = text("select full_name from contacts where do_not_contact order by full_name")
    return list(session.scalars(marked))


def test_an_exclusion_counts_for_the_next_statement(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session).id
        session.execute(ADD, {"accounts": [account], "slugs": ["ann"]})
        session.execute(EXCLUDE, {"account": account, "address": f"{SANDBOX}bob/"})
        session.execute(ADD, {"accounts": [account, account], "slugs": ["cid", "bob"]})
        assert list_marked(session) == ["bob"]


def test_one_statement_for_accounts_with_and_without_exclusions(database: Database) -> None:
    with database.transaction() as session:
        free, careful = an_account(session, "free").id, an_account(session, "careful").id
        session.execute(EXCLUDE, {"account": careful, "address": f"{SANDBOX}bob/"})
        session.execute(
            ADD, {"accounts": [free, careful, free, careful], "slugs": ["ann", "ann", "bob", "bob"]}
        )
        assert list_marked(session) == ["bob"]
        of = text("select account_id from contacts where do_not_contact")
        assert session.scalars(of).all() == [careful]


def test_who_is_renamed_to_somebody_excluded_is_marked(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session).id
        session.execute(ADD, {"accounts": [account], "slugs": ["ann"]})
        session.execute(EXCLUDE, {"account": account, "address": f"{SANDBOX}bob/"})
        session.execute(text("update contacts set profile_url = :bob"), {"bob": f"{SANDBOX}bob/"})
        assert list_marked(session) == ["ann"]
