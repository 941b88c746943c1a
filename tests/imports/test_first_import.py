"""The first import into fresh tables, about which Postgres has no statistics yet."""

from pathlib import Path
from typing import Any

from sqlalchemy import text

from db.engine import Database
from db.imports.merge import import_file, inspect_file
from db.queries import load_query
from tests.builders import an_account
from tests.imports.files import TODAY, import_path, plain_table, write_file


def indexes_of(plan: dict[str, Any]) -> set[str]:
    own = {plan["Index Name"]} if "Index Name" in plan else set()
    return own.union(*(indexes_of(each) for each in plan.get("Plans", [])))


def test_people_are_compared_by_their_names_and_not_each_with_each(database: Database) -> None:
    people = text(
        "insert into contacts (account_id, profile_url, full_name, birth_month, birth_day, import_id) "
        "select :account, 'https://sandbox.test/in/p' || n || '/', 'Person ' || n, 1 + n % 12, 1 + n % 28, "
        ":id from generate_series(1, 3000) n"
    )
    with database.transaction() as session:
        account = an_account(session)
        an_import = text(
            "insert into imports (account_id, source, file_name, started_by) "
            "values (:account, 'csv', 'f', 't') returning id"
        )
        import_id = session.scalar(an_import, {"account": account.id})
        session.execute(text("delete from pg_statistic where starelid = 'contacts'::regclass"))
        session.execute(people, {"account": account.id, "id": import_id})
        query = f"explain (format json) {load_query('import_maybe_same').text}"
        (plan,) = session.execute(text(query), {"import_id": import_id}).scalar_one()
        session.rollback()
    assert "ix_contacts_name_key" in indexes_of(plan["Plan"])


def test_the_contacts_are_not_read_whole_for_each_entry(database: Database, tmp_path: Path) -> None:
    rows = (f"Person {n},https://sandbox.test/in/person-{n},,,," for n in range(500))
    path = write_file(tmp_path, plain_table(*rows))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("truncate contacts cascade"))
        connection.execute(text("vacuum analyze contacts"))
    scans = text("select seq_scan from pg_stat_xact_user_tables where relname = 'contacts'")
    with database.transaction() as session:
        before = session.scalars(scans).one()  # the connection's earlier ones that it has not reported yet
        report = import_path(session, an_account(session), path)
        read_whole = session.scalars(scans).one() - before
    assert (report.new, read_whole < 100) == (500, True)


def test_the_statements_of_a_large_file_are_waited_for(database: Database, tmp_path: Path) -> None:
    path = write_file(tmp_path, plain_table("Ann,https://sandbox.test/in/ann,,,,"))
    limits = set()
    with database.transaction() as session:
        driver = session.connection().connection.dbapi_connection
        account = an_account(session)

        def note_limit(_: int) -> None:
            limits.add(getattr(driver, "answer_within_s", "missing"))

        import_file(session, account, inspect_file(path), by="t", today=TODAY, progress=note_limit)
    assert limits == {None}
