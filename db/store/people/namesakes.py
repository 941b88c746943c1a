"""Tell people of the same name apart."""

from collections.abc import Collection, Mapping

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from db.tables import Contact


def find_namesakes(session: Session, contact_ids: Collection[int]) -> Mapping[int, str]:
    """Return the last part of the profile address of those whose name another contact of the account has."""
    other = aliased(Contact)
    namesake = exists().where(
        other.account_id == Contact.account_id,
        other.name_key == Contact.name_key,
        other.id != Contact.id,
        other.forgotten_at.is_(None),
    )
    rows = session.execute(
        select(Contact.id, Contact.profile_url).where(Contact.id.in_(contact_ids), namesake)
    )
    return {contact_id: url.rstrip("/").rpartition("/")[2] for contact_id, url in rows}
