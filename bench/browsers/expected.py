"""Compare what the adapter read with what the practice network knows, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date

from api_stub.sandbox.client import KnownProfile
from worker.rules.model import FoundPerson
from worker.rules.people.addresses import normalise_profile_url
from worker.rules.sourcing.profile import Education, Position, Profile


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many fields were compared, and each miss: its path, what was read, what is expected."""

    count: int
    misses: tuple[tuple[str, object, object], ...]


def expected_address(known: KnownProfile) -> str:
    """Return the normalised address of a profile."""
    address = normalise_profile_url(f"https://sandbox.test/in/{known.profile.slug}/", "sandbox")
    if address is None:
        raise ValueError(f"{known.profile.slug} makes no address")
    return address


def expected_result(known: KnownProfile, member: str) -> FoundPerson:
    """Return what a search should show of a person."""
    true = known.profile
    return FoundPerson(
        expected_address(known),
        true.name,
        true.headline,
        true.location,
        known.degrees[member],
        true.open_to_work,
    )


def expected_profile(known: KnownProfile, member: str) -> Profile:
    """Return what reading every section of a profile should give."""
    true = known.profile
    return Profile(
        expected_address(known),
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


def compare_fields(read: Profile | FoundPerson, true: Profile | FoundPerson) -> Comparison:
    """Compare field by field; each date of a position is one field, and so is the length of each list."""
    actual, expected = dict(_leaves(read, "")), dict(_leaves(true, ""))
    every = actual.keys() | expected.keys()
    misses = [
        (where, actual.get(where, "nothing"), expected.get(where, "nothing"))
        for where in sorted(every)
        if actual.get(where, "nothing") != expected.get(where, "nothing")
    ]
    return Comparison(len(every), tuple(misses))


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


def _first_day(text: str | None) -> date | None:
    """Return the first day of a month; a year without a month counts as its January."""
    if text is None:
        return None
    year, _, month = text.partition("-")
    return date(int(year), int(month or 1), 1)
