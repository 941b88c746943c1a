"""Holding what the adapter read against what the practice network knows, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date

from api_stub.sandbox.client import KnownProfile
from worker.rules.addresses import normalise_profile_url
from worker.rules.model import FoundPerson
from worker.rules.sourcing.profile import Education, Position, Profile


@dataclass(frozen=True, slots=True)
class Compared:
    """How many fields were compared, and those that differ: where, what was read, what is true."""

    count: int
    misses: tuple[tuple[str, object, object], ...]


def address_of(known: KnownProfile) -> str:
    """The normalised address of somebody's profile."""
    address = normalise_profile_url(f"https://sandbox.test/in/{known.profile.slug}/", "sandbox")
    if address is None:
        raise ValueError(f"{known.profile.slug} makes no address")
    return address


def result_of(known: KnownProfile, member: str) -> FoundPerson:
    """What a search should give of somebody."""
    true = known.profile
    return FoundPerson(
        address_of(known), true.name, true.headline, true.location, known.degrees[member], true.open_to_work
    )


def profile_of(known: KnownProfile, member: str) -> Profile:
    """What reading every section of somebody's profile should give."""
    true = known.profile
    return Profile(
        address_of(known),
        true.name,
        true.headline,
        true.location,
        known.degrees[member],
        true.open_to_work,
        about=true.about,
        positions=tuple(
            Position(job.title, job.company, _first_day(job.started), _first_day(job.ended))
            for job in true.jobs
        ),
        education=tuple(Education(*school) for school in true.schools),
        skills=true.skills,
        languages=tuple(spoken.language for spoken in true.spoken),
        certifications=tuple(certificate.name for certificate in true.certificates),
    )


def compared(read: Profile | FoundPerson, true: Profile | FoundPerson) -> Compared:
    """Compare field by field: each date of each position is one, and so is how many there are of anything."""
    had, wanted = dict(_leaves(read, "")), dict(_leaves(true, ""))
    every = had.keys() | wanted.keys()
    misses = [
        (where, had.get(where, "nothing"), wanted.get(where, "nothing"))
        for where in sorted(every)
        if had.get(where, "nothing") != wanted.get(where, "nothing")
    ]
    return Compared(len(every), tuple(misses))


def _leaves(value: object, where: str) -> Iterator[tuple[str, object]]:
    if is_dataclass(value):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name), f"{where}.{field.name}")
    elif isinstance(value, tuple):
        yield f"{where}.count", len(value)
        for index, one in enumerate(value):
            yield from _leaves(one, f"{where}[{index}]")
    else:
        yield where, value


def _first_day(told: str | None) -> date | None:
    """A month's first day; a year without a month counts as its January."""
    if told is None:
        return None
    year, _, month = told.partition("-")
    return date(int(year), int(month or 1), 1)
