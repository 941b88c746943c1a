"""What commands share: the data folder, and settings that find a stack running in another terminal."""

from pathlib import Path
from typing import Annotated

import typer

import api_stub
from api_stub.stack import running
from api_stub.stack.environment import set_environment
from db.engine import Database
from worker.settings import Settings, get_settings

_ROOT = Path(api_stub.__file__).parents[1]
DEFAULT_DATA = (_ROOT if (_ROOT / "pyproject.toml").exists() else Path.cwd()) / ".rapport"

DataDir = Annotated[
    Path,
    typer.Option(
        "--data", envvar="RAPPORT_DATA", help="Folder of the embedded Postgres, Redis and evidence."
    ),
]


def settings_of(data_dir: Path) -> Settings:
    """Return the environment's settings, completed by those of the stack that runs on `data_dir`."""
    set_environment(running.find(data_dir), override=False)
    return get_settings()


def database_of(data_dir: Path) -> Database:
    """Return the database of the environment or of the running stack."""
    return Database(settings_of(data_dir).database_url.get_secret_value(), application_name="rapport cli")
