"""Brings a database to this code's schema, and says whether it is there.

Alembic is imported where it is used: it brings a tenth of what a command loads, and few commands migrate.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, text

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 7_203_118_442
"""Any constant of ours: two processes that migrate at once take turns."""


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 -- see above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def upgrade_schema(engine: Engine) -> None:
    """Bring the schema to the newest revision, in one transaction. Does nothing when it is there."""
    from alembic import command  # noqa: PLC0415 -- see above

    config = _config()
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_schema_current(engine: Engine) -> bool:
    """Return whether the schema is at the newest revision."""
    from alembic.migration import MigrationContext  # noqa: PLC0415 -- see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 -- see above

    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(_config()).get_current_head()
