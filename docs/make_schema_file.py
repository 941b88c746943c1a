"""Writes db/schema.txt, by which `rapport db verify` judges: every object that the migrations make.

`.venv/bin/python docs/make_schema_file.py` starts a Postgres of its own for it.
"""

import tempfile
from contextlib import closing
from pathlib import Path

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.servers.postgres import Postgres
from db.engine import Database
from db.schema_check import EXPECTED, list_objects


def main() -> None:
    """Migrate an empty database and list what is there."""
    with tempfile.TemporaryDirectory(prefix="rapport-schema-") as folder:
        postgres = Postgres(Path(folder), durable=False)
        with postgres:
            migrate_and_seed(postgres.url)
            with (
                closing(Database(postgres.url, application_name="schema")) as database,
                database.engine.connect() as connection,
            ):
                EXPECTED.write_text("\n".join(list_objects(connection)) + "\n")
        postgres.remove_data()


if __name__ == "__main__":
    main()
