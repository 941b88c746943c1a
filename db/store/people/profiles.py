"""Profiles as they were read: one for each contact, the latest; a section that is missing was not read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Interval, case, cast, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from db.tables import Contact, StoredProfile
from worker.rules.model import ContactStatus, FoundPerson
from worker.rules.sourcing.profile import Profile, Section

_PROFILES = TypeAdapter(Profile)


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """A contact's profile, when it was read, and how old that is by now."""

    contact_id: int
    profile: Profile
    read_at: datetime
    age: timedelta


def save_profile(session: Session, contact_id: int, profile: Profile) -> None:
    """Keep what a profile showed in place of what was known of it, and bring its contact up to date."""
    values = {"read_at": func.now(), "profile": dump_profile(profile)}
    statement = insert(StoredProfile).values(contact_id=contact_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["contact_id"], set_=values))
    head = dump_head(profile)
    session.execute(
        update(Contact)
        .where(Contact.id == contact_id, Contact.forgotten_at.is_(None))
        .values(
            full_name=profile.full_name,
            profile=Contact.profile.op("||")(literal(head, JSONB)),
            status=_next_status(profile.degree),
        )
    )


def find_profile(session: Session, contact_id: int) -> ProfileRecord | None:
    """Return the contact's profile as it was read last, or None."""
    return next(iter(list_profiles(session, [contact_id])), None)


def list_profiles(session: Session, contact_ids: Sequence[int]) -> Sequence[ProfileRecord]:
    """Return the stored profiles of these contacts."""
    age = cast(func.now() - StoredProfile.read_at, Interval)
    rows = session.execute(
        select(StoredProfile.contact_id, StoredProfile.profile, StoredProfile.read_at, age)
        .where(StoredProfile.contact_id.in_(contact_ids))
        .order_by(StoredProfile.contact_id)
    )
    return [
        ProfileRecord(contact_id, load_profile(told), read_at, age) for contact_id, told, read_at, age in rows
    ]


def is_fresh(record: ProfileRecord, sections: frozenset[Section], *, days: int) -> bool:
    """Return whether these sections were all read within so many days."""
    return record.age < timedelta(days=days) and sections <= list_read_sections(record.profile)


def list_read_sections(profile: Profile) -> frozenset[Section]:
    """Return the sections that were read."""
    return frozenset(section for section in Section if getattr(profile, section) is not None)


def dump_head(profile: Profile | FoundPerson) -> dict[str, Any]:
    """Return the facts of a profile's head, or of an entry of a search, as contacts.profile has them."""
    return {
        "headline": profile.headline,
        "location": profile.location,
        "degree": profile.degree,
        "open_to_work": profile.open_to_work,
    }


def profile_from_entry(person: FoundPerson) -> Profile:
    """Return what an entry of a search tells, as a profile of which no section was read."""
    return Profile(
        person.profile_url,
        person.full_name,
        person.headline,
        person.location,
        person.degree,
        person.open_to_work,
    )


def dump_profile(profile: Profile) -> dict[str, Any]:
    """Return a profile as it is stored: without the sections that were not read."""
    told: dict[str, Any] = _PROFILES.dump_python(profile, mode="json")
    return {name: value for name, value in told.items() if value is not None or name not in set(Section)}


def load_profile(told: dict[str, Any]) -> Profile:
    """Return a stored profile. Raises pydantic.ValidationError for what never was one."""
    return _PROFILES.validate_python(told)


def _next_status(degree: int | None) -> Any:  # noqa: ANN401 -- a column's new value: a constant or an expression
    """Whoever was a connection and shows another degree is none any more; others stay what they are."""
    if degree is None:
        return Contact.status
    if degree == 1:
        return ContactStatus.CONNECTED
    was_one = Contact.status == ContactStatus.CONNECTED
    return case((was_one, ContactStatus.NOT_CONNECTED), else_=Contact.status)
