"""Writes what an import adds: interactions and exclusions, each once."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from db.imports.v1.people import HeldContact, is_any_of
from db.tables import Exclusion, Interaction
from worker.rules.model import Kind


class InteractionWriter:
    """Adds interactions to an account. `keys` are the source keys of the rows to import."""

    def __init__(self, session: Session, account_id: int, import_id: int, keys: Collection[str]) -> None:
        self._session = session
        self._account_id = account_id
        self._import_id = import_id
        known = select(Interaction.source_key).where(
            Interaction.account_id == account_id, is_any_of(Interaction.source_key, keys)
        )
        self._known = set(session.scalars(known))
        self._rows: list[dict[str, Any]] = []

    def add(
        self,
        held: HeldContact,
        kind: Kind,
        key: str,
        *,
        at: datetime,
        occasion: str,
        message: str = "",
        replied_at: datetime | None = None,
    ) -> bool:
        """Add an interaction; return whether it is new."""
        if key in self._known:
            return False
        self._rows.append(
            {
                "account_id": self._account_id,
                "contact_id": held.id,
                "source_key": key,
                "import_id": self._import_id,
                "type": kind,
                "status": "imported",
                "occasion": occasion,
                "message": message,
                "replied_at": replied_at,
                "correlation_id": f"import:{self._import_id}",
                "created_at": at,
            }
        )
        return True

    def write(self) -> int:
        """Insert the added interactions, oldest first; return how many."""
        if self._rows:
            self._session.execute(insert(Interaction), sorted(self._rows, key=lambda row: row["created_at"]))
        return len(self._rows)


class ExclusionWriter:
    """Adds exclusions to an account, for ever or for one occasion."""

    def __init__(self, session: Session, account_id: int, import_id: int) -> None:
        self._session = session
        self._account_id = account_id
        self._import_id = import_id
        known = select(Exclusion.profile_url, Exclusion.name_key, Exclusion.occasion).where(
            Exclusion.account_id == account_id
        )
        self._known = {(row[0], row[1], row[2]) for row in session.execute(known)}
        self._rows: dict[tuple[str | None, str | None, str | None], str] = {}

    def add(self, address: str | None, name_key: str | None, occasion: str | None, note: str) -> bool:
        """Exclude a person by address, else by name; return whether the database did not have it."""
        person = (address, None if address else name_key, occasion)
        if person in self._known:
            return False
        self._rows.setdefault(person, note)
        return True

    def write(self) -> None:
        """Insert the added exclusions. A trigger marks later contacts; the caller marks the present ones."""
        if self._rows:
            rows = [
                {
                    "account_id": self._account_id,
                    "import_id": self._import_id,
                    "profile_url": address,
                    "name_key": name_key,
                    "occasion": occasion,
                    "note": note,
                }
                for (address, name_key, occasion), note in self._rows.items()
            ]
            self._session.execute(upsert(Exclusion).on_conflict_do_nothing(), rows)
