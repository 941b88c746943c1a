"""The first entries of an import, as examples of what it does: for a person who looks before it is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.imports import runs


class Became(StrEnum):
    """What became of an entry."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DOUBTFUL = "doubtful"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Sample:
    """One entry. `born` is YYYY-MM-DD or --MM-DD, or empty."""

    became: Became
    line: int
    name: str
    born: str
    company: str


def list_samples(session: Session, account_id: int, *, most: int = 5) -> Sequence[Sample]:
    """Return the first entries of each outcome of the import that is running in this transaction, by line."""
    values = {
        "account_id": account_id,
        "import_id": runs.find_latest_import(session, account_id),
        "most": most,
    }
    return [
        Sample(Became(row.became), row.line, row.full_name, row.born or "", row.company)
        for row in session.execute(load_query("import_samples"), values)
    ]
