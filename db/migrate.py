"""Schema migrations: upgrade to this code's revision, and check for it.

Alembic is imported inside the functions: it is a tenth of a command's imports, and few commands migrate.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 7_203_118_442
"""Key of the advisory lock that serialises concurrent migrations; any constant."""


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 -- see above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def upgrade_schema(engine: Engine) -> None:
    """Upgrade the schema to the newest revision, in one transaction. Does nothing if it is current."""
    from alembic import command  # noqa: PLC0415 -- see above

    config = _config()
    with engine.begin() as connection:
        lock_for_migration(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def lock_for_migration(connection: Connection) -> None:
    """Wait until no other process migrates. The lock lasts until the transaction ends."""
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def is_schema_current(engine: Engine) -> bool:
    """Return whether the schema is at the newest revision."""
    from alembic.migration import MigrationContext  # noqa: PLC0415 -- see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 -- see above

    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(_config()).get_current_head()
