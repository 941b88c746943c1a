"""The option that names the data folder. Imports nothing that a process needs longer for."""

from pathlib import Path
from typing import Annotated

import typer

import api_stub

_ROOT = Path(api_stub.__file__).parents[1]
DEFAULT_DATA = (_ROOT if (_ROOT / "pyproject.toml").exists() else Path.cwd()) / ".rapport"

DataDir = Annotated[
    Path,
    typer.Option(
        "--data", envvar="RAPPORT_DATA", help="Folder of the embedded Postgres, Redis and evidence."
    ),
]
