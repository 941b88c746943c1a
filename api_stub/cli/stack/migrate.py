"""`rapport migrate`: the database's schema and what a new one starts with."""

from api_stub.cli.context import reached
from api_stub.cli.terminal import Console
from db import defaults
from db import migrate as migrations
from db.engine import Database
from worker.processes import Process, settings_for


def migrate() -> None:
    """Bring the database to this version's schema, and add the default templates."""
    url = settings_for(Process.MIGRATE).required("database_url").get_secret_value()
    with reached():
        bring_up_to_date(url)
    Console().print("the database is up to date")


def bring_up_to_date(database_url: str) -> None:
    """Migrate and seed. Safe to run twice, and by two processes at once."""
    database = Database(database_url, application_name="rapport migrate", statement_timeout_ms=0)
    migrations.upgrade(database.engine)
    with database.transaction() as session:
        defaults.seed(session)
    database.close()
