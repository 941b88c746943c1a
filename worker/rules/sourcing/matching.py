"""Match a profile against the criteria: met, missed or unknown, each with an explanation."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import Final

from worker.rules.languages import english_name, lists_language
from worker.rules.sourcing.criteria import Criteria, Criterion
from worker.rules.sourcing.experience import measure_experience
from worker.rules.sourcing.phrases import contains_phrase, fold_text
from worker.rules.sourcing.profile import Position, Profile

NOT_READ: Final = "not read"
SILENT: Final = "the profile doesn't say"

_SKILL_SUFFIX: Final = re.compile(r"(\s*\(.*\)|\s+v?\d+(\.\d+)*)$")
"""A suffix that doesn't change a skill: "Python (Programming Language)", "Python 3"."""


class Verdict(Enum):
    """What a profile says about one criterion item. MET_ONCE: it was met by a former job."""

    MET = auto()
    MET_ONCE = auto()
    MISSED = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Finding:
    """One criterion item, the verdict on it, and an explanation for a person."""

    item: str
    verdict: Verdict
    text: str


def match_criterion(
    criterion: Criterion, criteria: Criteria, profile: Profile, today: date
) -> Sequence[Finding]:
    """Return a finding for each item of `criterion`, in their order."""
    return tuple(_FINDERS[criterion](criteria, profile, today))


def _keywords(criteria: Criteria, profile: Profile, _today: date) -> Iterator[Finding]:
    texts = [fold_text(text) for text in _texts(profile)]
    sections = (profile.about, profile.positions, profile.education, profile.skills, profile.certifications)
    unread = any(section is None for section in sections)
    for keyword in criteria.keywords:
        if any(contains_phrase(text, fold_text(keyword)) for text in texts):
            yield Finding(keyword, Verdict.MET, f"keyword {keyword}")
        elif unread:
            yield Finding(keyword, Verdict.UNKNOWN, f"keyword {keyword}: not in what was read")
        else:
            yield Finding(keyword, Verdict.MISSED, f"keyword {keyword}: nowhere in the profile")


def _texts(profile: Profile) -> Iterator[str]:
    """Yield all texts that keywords are searched in: all but the name and the languages."""
    yield from (profile.headline, profile.location, profile.about or "")
    for job in profile.positions or ():
        yield from (job.title, job.company)
    for school in profile.education or ():
        yield from (school.school, school.degree)
    yield from profile.skills or ()
    yield from profile.certifications or ()


def _title(criteria: Criteria, profile: Profile, today: date) -> Iterator[Finding]:
    wanted = criteria.title or ""
    jobs = [
        job for job in profile.positions or () if contains_phrase(fold_text(job.title), fold_text(wanted))
    ]
    if contains_phrase(fold_text(profile.headline), fold_text(wanted)) or any(
        _is_current(job, today) for job in jobs
    ):
        yield Finding(wanted, Verdict.MET, f"title {wanted}")
    elif jobs:
        yield Finding(wanted, Verdict.MET_ONCE, f"title {wanted}: formerly, counts half")
    elif profile.positions is None:
        yield Finding(wanted, Verdict.UNKNOWN, f"title {wanted}: {NOT_READ}, and not in the headline")
    else:
        yield Finding(wanted, Verdict.MISSED, f"title: neither the headline nor a job says {wanted}")


def _is_current(job: Position, today: date) -> bool:
    return job.ended_on is None or job.ended_on >= today.replace(day=1)


def _location(criteria: Criteria, profile: Profile, _today: date) -> Iterator[Finding]:
    wanted = criteria.location or ""
    if not profile.location.strip():
        yield Finding(wanted, Verdict.UNKNOWN, f"location {wanted}: {SILENT}")
    elif contains_phrase(fold_text(profile.location), fold_text(wanted)):
        yield Finding(wanted, Verdict.MET, f"location {wanted}")
    else:
        yield Finding(wanted, Verdict.MISSED, f"location: {profile.location} is not {wanted}")


def _company(criteria: Criteria, profile: Profile, _today: date) -> Iterator[Finding]:
    wanted = criteria.company or ""
    if any(contains_phrase(fold_text(job.company), fold_text(wanted)) for job in profile.positions or ()):
        yield Finding(wanted, Verdict.MET, f"company {wanted}")
    else:
        yield _not_in_section(f"company {wanted}", wanted, profile.positions)


def _skills(criteria: Criteria, profile: Profile, _today: date) -> Iterator[Finding]:
    listed = [fold_text(skill) for skill in profile.skills or ()]
    has = frozenset(listed) | {_SKILL_SUFFIX.sub("", skill) for skill in listed}
    for skill in criteria.skills:
        if fold_text(skill) in has:
            yield Finding(skill, Verdict.MET, f"skill {skill}")
        elif profile.skills is None:
            yield Finding(skill, Verdict.UNKNOWN, f"skill {skill}: {NOT_READ}")
        else:  # also for an empty list: otherwise adding a first skill could cost points
            yield Finding(skill, Verdict.MISSED, f"skill {skill}: not in the profile")


def _years(criteria: Criteria, profile: Profile, today: date) -> Iterator[Finding]:
    least, most = criteria.min_years or 0, criteria.max_years
    if not profile.positions:
        yield _not_in_section("years", "years", profile.positions)
        return
    experience = measure_experience(profile.positions, today)
    found = f"{experience.years} year{'' if experience.years == 1 else 's'}"
    if most is not None and experience.years > most:
        yield Finding("years", Verdict.MISSED, f"years: {found}, at most {most} are asked for")
    elif experience.at_least and (most is not None or experience.years < least):
        yield Finding("years", Verdict.UNKNOWN, f"years: {found} or more, a job has no dates")
    elif experience.years < least:
        yield Finding("years", Verdict.MISSED, f"years: {found}, at least {least} are asked for")
    else:
        yield Finding("years", Verdict.MET, found)


def _languages(criteria: Criteria, profile: Profile, _today: date) -> Iterator[Finding]:
    for code in criteria.languages:
        name = f"language {english_name(code)}"
        if profile.languages and lists_language(profile.languages, code):
            yield Finding(code, Verdict.MET, name)
        else:
            yield _not_in_section(name, code, profile.languages)


def _open_to_work(criteria: Criteria, profile: Profile, _today: date) -> Iterator[Finding]:
    text = "open to work" if profile.open_to_work else "not open to work, as far as the profile says"
    verdict = Verdict.MET if profile.open_to_work == criteria.open_to_work else Verdict.MISSED
    yield Finding("open to work", verdict, text)


def _not_in_section(name: str, wanted: str, section: Collection[object] | None) -> Finding:
    """Return the finding for an item that is not in a section. Unread and empty sections say nothing."""
    if section is None:
        return Finding(wanted, Verdict.UNKNOWN, f"{name}: {NOT_READ}")
    if not section:
        return Finding(wanted, Verdict.UNKNOWN, f"{name}: {SILENT}")
    return Finding(wanted, Verdict.MISSED, f"{name}: not in the profile")


_Finder = Callable[[Criteria, Profile, date], Iterator[Finding]]

_FINDERS: Final[Mapping[Criterion, _Finder]] = {
    Criterion.KEYWORDS: _keywords,
    Criterion.TITLE: _title,
    Criterion.LOCATION: _location,
    Criterion.COMPANY: _company,
    Criterion.SKILLS: _skills,
    Criterion.YEARS: _years,
    Criterion.LANGUAGES: _languages,
    Criterion.OPEN_TO_WORK: _open_to_work,
}
