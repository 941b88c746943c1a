"""The list of guards: read from the TOML files beside this module, and applied to a copy of the tree.

One table `[[guard]]` for each guard:

    id         unique; the subject and the rule, such as "gates.do-not-contact"
    file       the file that holds it, from the root of the repository
    original   lines that occur exactly once in the file and contain the guard
    mutated    the same lines with the guard removed or weakened
    why        what goes wrong without it
    tests      tests that fail then, the fastest first
    pair       the id of a second guard that catches the same case; both are removed together
"""

import tomllib
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = Path(__file__).parent


class Guard(BaseModel):
    """One guard, and how it is removed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]
    file: str
    original: Annotated[str, Field(min_length=1)]
    mutated: str
    why: Annotated[str, Field(min_length=20)]
    tests: Annotated[tuple[str, ...], Field(min_length=1)]
    pair: str | None = None


class StaleGuardError(Exception):
    """A guard's lines are not in its file any more, or more than once. The text says which and what to do."""


def load(folder: Path = FOLDER) -> list[Guard]:
    """Return every guard, in the order of the files' names."""
    return [
        Guard.model_validate(entry)
        for path in sorted(folder.glob("*.toml"))
        for entry in tomllib.loads(path.read_text())["guard"]
    ]


def mutate(text: str, guard: Guard) -> str:
    """Return `text` without the guard. Raises StaleGuardError unless its lines occur exactly once."""
    found = text.count(guard.original)
    if found != 1:
        raise StaleGuardError(
            f"{guard.id}: its original lines occur {found} times in {guard.file}, not once. "
            "Where did the guard go? Update its entry in tests/guards."
        )
    return text.replace(guard.original, guard.mutated)


def with_pair(guard: Guard, guards: list[Guard]) -> list[Guard]:
    """Return the guards that are removed together: this one and its pair, if it has one."""
    return [guard, *(other for other in guards if other.id == guard.pair)]
