"""What a backup says about itself: at its beginning how it was made, at its end what must be in it."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Final = 1
ABOUT: Final = "about.json"
MANIFEST: Final = "manifest.json"
TABLES: Final = "tables"
EVIDENCE: Final = "evidence"

_Name = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class About(_Model):
    """The first member. `at` is the instant of the snapshot; `keys` are fingerprints, by variable."""

    format: Literal[1] = FORMAT
    rapport: str
    revision: Annotated[str, Field(pattern=r"^[0-9]{4}$")]
    at: datetime
    keys: dict[str, tuple[str, ...]]


class TableEntry(_Model):
    """One table: its columns in the order of the copy, and what its rows must be."""

    name: _Name
    columns: tuple[_Name, ...]
    rows: Annotated[int, Field(ge=0)]
    sha256: _Sha256


class FileEntry(_Model):
    """One file of evidence."""

    name: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}/[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$")]
    bytes: Annotated[int, Field(ge=0)]
    sha256: _Sha256


class Manifest(_Model):
    """The last member. The tables are in an order in which they can be filled.

    `left_out` are tables that the role which made the backup may not read.
    """

    tables: tuple[TableEntry, ...]
    left_out: tuple[_Name, ...] = ()
    evidence: tuple[FileEntry, ...] = ()

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(table.rows for table in self.tables)


def table_member(name: str, number: int) -> str:
    """Return the name of a part of a table: all parts in their order are one COPY in text format."""
    return f"{TABLES}/{name}/{number:06}.copy"
