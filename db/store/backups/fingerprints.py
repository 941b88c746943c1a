"""The fingerprints of the keys that encrypt what is stored, so that a backup can say which ones it needs."""

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import KeyFingerprint


def record_key(session: Session, variable: str, fingerprint: str) -> None:
    """Record that this key of this setting encrypts from now on."""
    statement = insert(KeyFingerprint).values(variable=variable, fingerprint=fingerprint)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["variable", "fingerprint"], set_={"used_at": func.now()}
        )
    )
