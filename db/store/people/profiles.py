"""Stored profiles: the latest reading for each contact. A missing section was not read."""

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
from worker.rules.texts.bounds import MAX_FACT, MAX_FACTS, MAX_NAME, MAX_TEXT, cut_text

_PROFILES = TypeAdapter(Profile)


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """A contact's profile, when it was read, and its age now."""

    contact_id: int
    profile: Profile
    read_at: datetime
    age: timedelta


def save_profile(session: Session, contact_id: int, profile: Profile) -> None:
    """Replace the stored profile, and update the contact's name, facts and status from it."""
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
    """Return the contact's stored profile, or None."""
    return next(iter(list_profiles(session, [contact_id])), None)


def list_profiles(session: Session, contact_ids: Sequence[int]) -> Sequence[ProfileRecord]:
    """Return the stored profiles of these contacts, ordered by contact id."""
    age = cast(func.now() - StoredProfile.read_at, Interval)
    rows = session.execute(
        select(StoredProfile.contact_id, StoredProfile.profile, StoredProfile.read_at, age)
        .where(StoredProfile.contact_id.in_(contact_ids))
        .order_by(StoredProfile.contact_id)
    )
    return [
        ProfileRecord(contact_id, load_profile(stored), read_at, age)
        for contact_id, stored, read_at, age in rows
    ]


def is_fresh(record: ProfileRecord, sections: frozenset[Section], *, days: int) -> bool:
    """Return whether all these sections were read within the last `days` days."""
    return record.age < timedelta(days=days) and sections <= list_read_sections(record.profile)


def list_read_sections(profile: Profile) -> frozenset[Section]:
    """Return the sections that were read."""
    return frozenset(section for section in Section if getattr(profile, section) is not None)


def dump_head(profile: Profile | FoundPerson) -> dict[str, Any]:
    """Return the head of a profile or a search entry as JSON for contacts.profile."""
    return {
        "headline": cut_text(profile.headline, MAX_FACT),
        "location": cut_text(profile.location, MAX_FACT),
        "degree": profile.degree,
        "open_to_work": profile.open_to_work,
    }


def profile_from_entry(person: FoundPerson) -> Profile:
    """Return a search entry as a profile without any section."""
    return Profile(
        person.profile_url,
        person.full_name,
        person.headline,
        person.location,
        person.degree,
        person.open_to_work,
    )


def dump_profile(profile: Profile) -> dict[str, Any]:
    """Return a profile as JSON for the table, cut to its bounds, without the sections that were not read."""
    dumped: dict[str, Any] = _PROFILES.dump_python(profile, mode="json")
    known = {name: value for name, value in dumped.items() if value is not None or name not in set(Section)}
    wider = {"profile_url": profile.profile_url, "full_name": cut_text(profile.full_name, MAX_NAME)}
    if profile.about is not None:
        wider["about"] = cut_text(profile.about, MAX_TEXT)
    return {name: _cut_facts(value) for name, value in known.items()} | wider


def _cut_facts(value: Any) -> Any:  # noqa: ANN401 -- a value of JSON
    """Return a value of JSON with its texts and lists cut to the bounds of facts."""
    if isinstance(value, str):
        return cut_text(value, MAX_FACT)
    if isinstance(value, list):
        return [_cut_facts(each) for each in value[:MAX_FACTS]]
    if isinstance(value, dict):
        return {name: _cut_facts(each) for name, each in value.items()}
    return value


def load_profile(stored: dict[str, Any]) -> Profile:
    """Parse a stored profile. Raises pydantic.ValidationError for invalid JSON."""
    return _PROFILES.validate_python(stored)


def _next_status(degree: int | None) -> Any:  # noqa: ANN401 -- a column's new value: a constant or an expression
    """Return CONNECTED for degree 1, NOT_CONNECTED for a connection that has another degree now."""
    if degree is None:
        return Contact.status
    if degree == 1:
        return ContactStatus.CONNECTED
    was_one = Contact.status == ContactStatus.CONNECTED
    return case((was_one, ContactStatus.NOT_CONNECTED), else_=Contact.status)
