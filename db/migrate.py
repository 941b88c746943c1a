"""Schema migrations: upgrade to this code's revision, and check for it.

Alembic is imported inside a function, because it takes as long as all other imports of the database's
modules, and most schemas are current.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, text

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_203_118_442
"""Key of the advisory lock that serialises concurrent migrations; any constant."""


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 -- see above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def upgrade_schema(engine: Engine) -> None:
    """Upgrade the schema to the newest revision, in one transaction. Does nothing if it is current."""
    if is_schema_current(engine):
        return
    from alembic import command  # noqa: PLC0415 -- see above

    config = _config()
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_schema_current(engine: Engine) -> bool:
    """Return whether the schema is at the newest revision."""
    with engine.connect() as connection:
        if not connection.scalar(text("select to_regclass('alembic_version') is not null")):
            return False
        found = connection.scalars(text("select version_num from alembic_version")).all()
    return found == [_newest_revision()]


def _newest_revision() -> str:
    """Return the number of the newest migration, with which its file's name begins."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))
