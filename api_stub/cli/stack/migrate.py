"""`rapport migrate`: migrate the database and add the default templates."""

from api_stub.cli.context import translate_database_errors
from api_stub.cli.terminal import Console
from db import defaults
from db import migrate as migrations
from db.engine import Database
from worker.processes import Process, load_settings


def migrate() -> None:
    """Migrate the database to this version's schema, and add the default templates."""
    url = load_settings(Process.MIGRATE).required("database_url").get_secret_value()
    with translate_database_errors():
        migrate_and_seed(url)
    Console().print("the database is up to date")


def migrate_and_seed(database_url: str) -> None:
    """Migrate and seed. Idempotent, and safe for two processes at once."""
    database = Database(database_url, application_name="rapport migrate", statement_timeout_ms=0)
    migrations.upgrade_schema(database.engine)
    with database.transaction() as session:
        defaults.seed_templates(session)
    database.close()
