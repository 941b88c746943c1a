"""What a profile says beside name and headline, made from the member id so that it is always the same."""

import hashlib
from dataclasses import dataclass

from tests.replica.linkedin.people import Person

_CITIES = ("Lyon, France", "Berlin, Germany", "Warszawa, Polska", "Madrid, Spain", "Leeds, England")
_COMPANIES = ("Sample Works", "Beispiel GmbH", "Exemple SA", "Muestra SL", "Wzór Sp. z o.o.")
_SCHOOLS = ("Example University", "Sample College", "École Modèle")
_SKILLS = ("Patience", "Carpentry", "Python (Programming Language)", "Bread", "C++", "Négociation", "Excel")
_LANGUAGES = (("English", "Native"), ("Français", "Limited working"), ("Deutsch", "Elementary"))


@dataclass(frozen=True, slots=True)
class Role:
    """A role in a company. `dates` and `place` are lines as they are shown."""

    title: str
    years: int
    dates: str
    place: str


@dataclass(frozen=True, slots=True)
class Job:
    """A company with one or more roles, the newest first."""

    company: str
    number: int
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """The sections of a profile; an empty one means that the person has none."""

    city: str
    school: str
    about: str
    jobs: tuple[Job, ...]
    skills: tuple[str, ...]
    languages: tuple[tuple[str, str], ...]
    certifications: tuple[str, ...]
    pronouns: str
    verified: bool
    connections: int


def facts_of(person: Person) -> Facts:
    """Return the facts of a person."""
    seed = hashlib.sha256(person.member_id.encode()).digest()
    company = _COMPANIES[seed[0] % len(_COMPANIES)]
    other = _COMPANIES[(seed[0] + 1) % len(_COMPANIES)]
    place = _CITIES[seed[1] % len(_CITIES)]
    job = person.headline.split(" at ")[0]
    several = (
        Role(job, 2, "2024 \u2013 {present}", place),
        Role(f"Junior {job}", 3, "2021 \u2013 2024", place),
    )
    one = (Role(f"Trainee {job}", 1, "2019 \u2013 2020", place),)
    jobs = (Job(company, 1000 + seed[2], several), Job(other, 2000 + seed[3], one))
    about = (
        f"I have been a {job.lower()} for years. I like long walks,\nshort meetings, and good bread. "
        "Write to me when you need a hand; I answer within a week, unless the weather is fine."
    )
    return Facts(
        city=place,
        school=_SCHOOLS[seed[4] % len(_SCHOOLS)],
        about="" if seed[5] % 5 == 0 else about,
        jobs=jobs if seed[6] % 4 else jobs[:1],
        skills=tuple(_SKILLS[(seed[7] + n) % len(_SKILLS)] for n in range(5)),
        languages=_LANGUAGES[: seed[8] % 4],
        certifications=("Certified Sampler",) if seed[9] % 2 else (),
        pronouns="She/Her" if seed[10] % 3 == 0 else "",
        verified=seed[11] % 2 == 0,
        connections=40 + seed[12],
    )
