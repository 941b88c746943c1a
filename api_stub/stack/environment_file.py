"""The file with a running stack's settings, which lets commands in another terminal find the stack."""

import json
from collections.abc import Mapping
from pathlib import Path

from api_stub.stack.lock import Purpose, read_holder
from api_stub.stack.secrets import write_private_file

_FILE_NAME = "environment.json"


def write_environment(data_dir: Path, environment: Mapping[str, str]) -> None:
    """Write the stack's settings to `<data>/environment.json`, readable by the owner only."""
    ours = {
        k: v for k, v in environment.items() if k.startswith("RAPPORT_") or k in {"DATABASE_URL", "REDIS_URL"}
    }
    write_private_file(data_dir / _FILE_NAME, json.dumps(ours, indent=2) + "\n")


def remove_environment(data_dir: Path) -> None:
    """Remove the file, because the stack has stopped or has not started yet."""
    (data_dir / _FILE_NAME).unlink(missing_ok=True)


def read_environment(data_dir: Path) -> dict[str, str]:
    """Return the settings of the stack that runs on `data_dir`; empty if none runs.

    A stack that was killed leaves its file behind, so the file counts only while a stack holds the lock.
    """
    holder = read_holder(data_dir)
    if holder is None or holder.purpose is not Purpose.STACK:
        return {}
    try:
        return {
            str(name): str(value) for name, value in json.loads((data_dir / _FILE_NAME).read_text()).items()
        }
    except FileNotFoundError:
        return {}
