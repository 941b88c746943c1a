"""The five thousand people whom a search finds: invented by rule, the same on every machine.

Only `random.random()` is asked, the one draw that Python promises to keep from version to version.
"""

# ruff: noqa: RUF001 -- the dash and the dotless i are meant

import re
from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from typing import TypeVar

from api_stub.sandbox.population.crowd_names import CULTURES, Culture
from api_stub.sandbox.population.crowd_texts import (
    ABOUT,
    ABOUT_LIST,
    COMPANIES,
    DEGREES,
    ISSUERS,
    SCHOOLS,
    SPOKEN,
    TRADES,
    Trade,
)
from api_stub.sandbox.population.profiles import Certificate, Job, LanguageSkill, Profile, School, fold_text

CROWD_SIZE = 5000

_SEED = 20260101
_LAST_MONTH = 2024 * 12 + 10
"""The latest month that anybody tells of, counted from the year 0: before any day that tests pretend."""

_NO_JOBS, _NO_ABOUT, _LONG_ABOUT, _SEVERAL_PARAGRAPHS = 0.06, 0.15, 0.06, 0.3
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})

T = TypeVar("T")


class _Random:
    """Draws in one fixed order."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed).random  # noqa: S311 -- nothing here is a secret

    def pick(self, things: Sequence[T]) -> T:
        """One of them."""
        return things[int(self.draw() * len(things))]

    def below(self, bound: int) -> int:
        """A whole number from 0 on."""
        return int(self.draw() * bound)

    def some(self, things: Sequence[T], count: int) -> list[T]:
        """That many of them, each once, in any order."""
        left = list(things)
        return [left.pop(int(self.draw() * len(left))) for _ in range(min(count, len(left)))]


def generate_crowd(count: int = CROWD_SIZE) -> Iterator[Profile]:
    """The people in the order in which a search lists them. A larger `count` only adds some at the end."""
    dice = _Random(_SEED)
    for number in range(count):
        yield _person(dice, number)


def _person(dice: _Random, number: int) -> Profile:
    culture = dice.pick(CULTURES)
    language = culture.language
    trade = dice.pick(TRADES[language])
    slug, name = _name(dice, culture, number)
    jobs = _jobs(dice, trade)
    skills = _skills(dice, trade, language)
    return Profile(
        slug=slug,
        name=name,
        headline=_headline(dice, trade, jobs, skills, language),
        location="" if number % 97 == 13 else dice.pick(culture.cities),
        language=language,
        about=_about(dice, language),
        open_to_work=dice.draw() < 0.15,
        jobs=jobs,
        schools=_schools(dice, language),
        skills=skills,
        certificates=_certificates(dice, trade),
        spoken=tuple(
            LanguageSkill(named, 5 if not index else 1 + dice.below(5))
            for index, named in enumerate(dice.some(SPOKEN[language], dice.below(5)))
        ),
    )


def _name(dice: _Random, culture: Culture, number: int) -> tuple[str, str]:
    """Slug and name. One address in forty is not plain ASCII, as the older ones of real sites are."""
    given, latin_given = dice.pick(_names(culture.given))
    family, latin_family = dice.pick(_names(culture.family))
    native = number % 40 == 7
    slug = "-".join((given, family) if native else (latin_given, latin_family)).lower().replace("'", "")
    name = f"{family}{given}" if culture.family_first else f"{given} {family}"
    ornament = {3: " 🚀", 55: ", PhD", 89: " (she/her)", 144: ' "Ace"'}.get(number % 150, "")
    return f"{slug}-{number:04}", name + ornament


@cache
def _names(words: str) -> list[tuple[str, str]]:
    """Names in their own script, and in plain letters."""
    pairs = [word.partition(":") for word in words.split()]
    return [
        (native, re.sub("[^a-z-]", "", latin or fold_text(native).translate(_LETTERS)))
        for native, _, latin in pairs
    ]


def _headline(
    dice: _Random, trade: Trade, jobs: tuple[Job, ...], skills: tuple[str, ...], language: str
) -> str:
    title, company = (jobs[0].title, jobs[0].company) if jobs else (dice.pick(trade.titles), None)
    form = dice.below(8)
    if form == 0 and skills:
        return f"{title} | {' | '.join(skills[:3])}"
    if form == 1:
        return f'{title} – "{dice.pick(ABOUT[language])}"'
    if form == 2:
        # what the mark says in the head, without being one
        return {"en": "Open to work", "fr": "Ouvert aux opportunités"}[language]
    if form == 3:
        return f"{title} · 2nd career <3"
    if company and form < 7:
        return f"{title} {'at' if language == 'en' else 'chez'} {company}"
    return title


def _jobs(dice: _Random, trade: Trade) -> tuple[Job, ...]:
    """The latest first. Some go on, some overlap, some leave a gap; some have no months or no dates."""
    if dice.draw() < _NO_JOBS:
        return ()
    jobs: list[Job] = []
    count = 1 + dice.below(6)
    end = _LAST_MONTH - dice.below(30)
    rank = min(count, len(trade.titles)) - 1
    company = dice.pick(COMPANIES)
    for index in range(count):
        months = 1 + dice.below(60)
        start = end - months
        # without months on one side only, somebody could leave before they came
        months_told = dice.draw() > 0.1
        goes_on = (index == 0 and dice.draw() < 0.7) or (index == 1 and dice.draw() < 0.1)
        started, ended = _month(start, months_told), None if goes_on else _month(end, months_told)
        job = Job(trade.titles[rank], company, started, ended)
        jobs.append(job if dice.draw() > 0.03 else job._replace(started=None, ended=None))
        end = min(start + (0, 0, 0, 1, -3, -11, 7, 14)[dice.below(8)], _LAST_MONTH)
        # the same title twice, at one company or at two
        if dice.draw() > 0.15:
            rank = max(0, rank - 1)
        if dice.draw() > 0.2:
            company = dice.pick(COMPANIES)
    return tuple(jobs)


def _month(month: int, told: bool) -> str:
    year, index = divmod(month, 12)
    return f"{year}-{index + 1:02}" if told else str(year)


def _schools(dice: _Random, language: str) -> tuple[School, ...]:
    schools = []
    for _ in range((0, 1, 1, 1, 2, 2, 3, 4)[dice.below(8)]):
        end = 1985 + dice.below(38)
        years = dice.pick(
            ((end - 4, end), (end - 1, end), (end, end), (None, end), (end, None), (None, None))
        )
        schools.append(School(dice.pick(SCHOOLS), dice.pick(DEGREES[language]), *years))
    return tuple(schools)


def _skills(dice: _Random, trade: Trade, language: str) -> tuple[str, ...]:
    """Mostly of the trade; some people list those of every trade."""
    if dice.draw() < 0.08:
        every = {skill: None for one in TRADES[language] for skill in one.skills}
        return tuple(dice.some(list(every), 40))
    return tuple(dice.some(trade.skills, dice.below(len(trade.skills) + 1)))


def _certificates(dice: _Random, trade: Trade) -> tuple[Certificate, ...]:
    count = (0, 0, 0, 0, 1, 1, 2, 6)[dice.below(8)]
    names = [f"{name}{part}" for part in ("", ", refresher", " (2)") for name in trade.certificates]
    return tuple(
        Certificate(name, dice.pick(ISSUERS), f"{2005 + dice.below(19)}-{1 + dice.below(12):02}")
        for name in names[:count]
    )


def _about(dice: _Random, language: str) -> str:
    draw, sentences = dice.draw(), ABOUT[language]
    if draw < _NO_ABOUT:
        return ""
    if draw < _NO_ABOUT + _LONG_ABOUT:
        return "\n\n".join(
            " ".join(dice.pick(sentences) for _ in range(6)) for _ in range(8 + dice.below(12))
        )
    if draw < _NO_ABOUT + _LONG_ABOUT + _SEVERAL_PARAGRAPHS:
        paragraphs = [dice.pick(sentences) for _ in range(2 + dice.below(3))]
        return "\n\n".join([*paragraphs, *([ABOUT_LIST[language]] if dice.draw() < 0.3 else [])])
    return dice.pick(sentences)
