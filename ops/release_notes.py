"""Print the notes of a release: `python ops/release_notes.py v1.2.0`. Needs no installation.

Exit code 1 if the tag isn't the version of pyproject.toml, or CHANGELOG.md has no section for it.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def read_notes(tag: str, root: Path = ROOT) -> str:
    """Return the section of the tag's version. Raises ValueError that says what is missing."""
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    if tag != f"v{version}":
        raise ValueError(f"the tag is {tag}, and pyproject.toml has version {version}: make them the same")
    pattern = rf"^## {re.escape(version)}\b[^\n]*\n(.*?)(?=^## |\Z)"
    found = re.search(pattern, (root / "CHANGELOG.md").read_text(), re.DOTALL | re.MULTILINE)
    if found is None or not found[1].strip():
        raise ValueError(f"CHANGELOG.md has no section '## {version}': rename 'Unreleased', or write one")
    return found[1].strip() + "\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(read_notes(sys.argv[1]))
    except (IndexError, ValueError) as error:
        sys.exit(f"release_notes: {error}")
