"""The version of this installation."""

import subprocess
from importlib.metadata import version
from pathlib import Path

import api_stub

_ROOT = Path(api_stub.__file__).parents[1]


def describe_version() -> str:
    """Return the version, with the commit if this is a clone."""
    number = f"rapport {version('rapport')}"
    if not (_ROOT / ".git").exists():
        return number
    asks = ["git", "-C", str(_ROOT), "rev-parse", "--short", "HEAD"]
    try:
        answer = subprocess.run(asks, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git, or it refuses another user's folder
        return number
    return f"{number} (commit {answer})"
