"""`rapport migrate`: migrate the database and add the default templates."""

from api_stub.cli.context import DEFAULT_DATA, DataDir, translate_database_errors
from api_stub.cli.local_servers import find_database, has_database
from api_stub.cli.terminal import Console
from db import defaults
from db import migrate as migrations
from db.engine import Database
from worker.processes import Process
from worker.processes import load_settings as load_process_settings


def migrate(data: DataDir = DEFAULT_DATA) -> None:
    """Migrate the database to this version's schema, and add the default templates.

    `rapport up` does this by itself.
    """
    if not has_database(data):
        load_process_settings(Process.MIGRATE)  # names the variable that is missing
    with find_database(data) as url, translate_database_errors():
        migrate_and_seed(url)
    Console().print("the database is up to date")


def migrate_and_seed(database_url: str) -> None:
    """Migrate and seed. Idempotent, and safe for two processes at once."""
    database = Database(database_url, application_name="rapport migrate", statement_timeout_ms=0)
    migrations.upgrade_schema(database.engine)
    with database.transaction() as session:
        defaults.seed_templates(session)
    database.close()
