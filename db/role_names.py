"""The names of the roles of Postgres: apart from roles.py, because the stack needs them before SQLAlchemy."""

from typing import Final

APP: Final = "rapport_app"
"""The role of all processes and commands but `rapport migrate`."""
READER: Final = "rapport_reader"
"""The role for reports: reads everything but sealed values and hashes."""
KEEPER: Final = "rapport_keeper"
"""The role of the HTTP API and of operators' commands, where workers may not read or change API keys."""
