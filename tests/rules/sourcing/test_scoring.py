"""Points add up and have reasons, and nothing unknown costs points."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.languages import english_name, is_known_language, lists_language
from worker.rules.sourcing.criteria import Criteria, Criterion, given_criteria
from worker.rules.sourcing.experience import measure_experience
from worker.rules.sourcing.profile import Education, Position, Profile
from worker.rules.sourcing.scoring import DEFAULT_WEIGHTS, allocate_points, score

TODAY = date(2026, 11, 24)
MINUS = "\N{MINUS SIGN}"


def month(year: int, number: int) -> date:
    return date(year, number, 1)


LEAD = Position("Lead Data Engineer", "Acme SARL", month(2022, 3), None)
ANALYST = Position("Business Analyst", "Globex", month(2016, 1), month(2022, 2))
CARD = Profile("https://sandbox.test/in/ann/", "Ann R. Example", "Makes data flow", "Lyon, France", 2, False)
ANN = replace(
    CARD,
    about="I like R&D, and Rust.",
    positions=(LEAD, ANALYST),
    education=(Education("Université de Lyon", "MSc Statistics", 2011, 2015),),
    skills=("Python 3", "C++", "SQL", "R (Programming Language)"),
    languages=("Français", "Anglais"),
    certifications=("Scrum Master",),
)


def told(criteria: Criteria, profile: Profile = ANN) -> list[str]:
    return [str(reason) for reason in score(criteria, profile, TODAY).reasons]


def only(criterion: str, value: Any, **more: Any) -> Criteria:
    return Criteria.model_validate({criterion: value, **more})


CASES: list[tuple[Criteria, Profile, list[str]]] = [
    (only("skills", ["python"]), ANN, ["+100 skill python"]),
    (only("skills", ["R", "C++", "C"]), ANN,
     ["+33 skill R", "+33 skill C++", "0 skill C: not in the profile"]),
    (only("skills", ["Python 3.12"]), ANN, ["0 skill Python 3.12: not in the profile"]),
    (only("skills", ["SQL"]), CARD, ["0 skill SQL: not read"]),
    (only("skills", ["SQL"]), replace(ANN, skills=()), ["0 skill SQL: not in the profile"]),
    (only("skills", ["Go"], required=["skills"]), ANN, [f"{MINUS}100 skill Go: not in the profile"]),
    (only("skills", ["Go"], required=["skills"]), CARD, ["0 skill Go: not read"]),
    (only("title", "data engineer"), ANN, ["+100 title data engineer"]),
    (only("title", "data"), CARD, ["+100 title data"]),
    (only("title", "engineer"), CARD, ["0 title engineer: not read, and not in the headline"]),
    (only("title", "analyst"), ANN, ["+50 title analyst: formerly, counts half"]),
    (only("title", "analyst", required=["title"]), ANN, ["+50 title analyst: formerly, counts half"]),
    (only("title", "nurse"), ANN, ["0 title: neither the headline nor a job says nurse"]),
    (only("location", "lyon"), CARD, ["+100 location lyon"]),
    (only("location", "Paris", required=["location"]), CARD,
     [f"{MINUS}100 location: Lyon, France is not Paris"]),
    (only("location", "Paris"), replace(CARD, location=" "), ["0 location Paris: the profile doesn't say"]),
    (only("languages", ["fr"]), replace(ANN, languages=()), ["0 language French: the profile doesn't say"]),
    (only("company", "globex"), ANN, ["+100 company globex"]),
    (only("company", "ACME"), ANN, ["+100 company ACME"]),
    (only("company", "Initech"), ANN, ["0 company Initech: not in the profile"]),
    (only("company", "Acme"), CARD, ["0 company Acme: not read"]),
    (only("keywords", ["rust", "R&D", "scrum"]), ANN,
     ["+33 keyword rust", "+34 keyword R&D", "+33 keyword scrum"]),
    (only("keywords", ["statistics"]), ANN, ["+100 keyword statistics"]),
    (only("keywords", ["Ann"]), ANN, ["0 keyword Ann: nowhere in the profile"]),
    (only("keywords", ["Anglais"]), ANN, ["0 keyword Anglais: nowhere in the profile"]),
    (only("keywords", ["flow", "rust"]), CARD, ["+50 keyword flow", "0 keyword rust: not in what was read"]),
    (only("min_years", 10), ANN, ["+100 10 years"]),
    (only("min_years", 11), ANN, ["0 years: 10 years, at least 11 are asked for"]),
    (only("max_years", 9), ANN, ["0 years: 10 years, at most 9 are asked for"]),
    (only("min_years", 1), CARD, ["0 years: not read"]),
    (only("min_years", 1), replace(ANN, positions=()), ["0 years: the profile doesn't say"]),
    (only("languages", ["fr", "de"]), ANN, ["+50 language French", "0 language German: not in the profile"]),
    (only("languages", ["fr"]), CARD, ["0 language French: not read"]),
    (only("open_to_work", True), CARD, ["0 not open to work, as far as the profile says"]),
    (only("open_to_work", False), CARD, ["+100 not open to work, as far as the profile says"]),
    (only("open_to_work", True), replace(CARD, open_to_work=True), ["+100 open to work"]),
]  # fmt: skip


@pytest.mark.parametrize(("criteria", "profile", "expected"), CASES)
def test_what_a_criterion_gives_or_takes_and_why(
    criteria: Criteria, profile: Profile, expected: list[str]
) -> None:
    assert told(criteria, profile) == expected


def test_criteria_together_are_a_hundred_points_by_weight() -> None:
    some = Criteria(skills=("Python", "Go"), location="Paris", required=frozenset({Criterion.LOCATION}))
    assert allocate_points(some) == {Criterion.SKILLS: 67, Criterion.LOCATION: 33}
    assert told(some) == [
        f"{MINUS}33 location: Lyon, France is not Paris",
        "+33 skill Python",
        "0 skill Go: not in the profile",
    ]
    assert score(some, ANN, TODAY).points == 0
    weighted = some.model_copy(update={"weights": {Criterion.SKILLS: 90, Criterion.LOCATION: 10}})
    assert score(weighted, ANN, TODAY).points == 35  # 45 for one of two skills, 10 taken


def test_nothing_asked_for_is_nothing_to_score() -> None:
    assert score(Criteria(), ANN, TODAY).reasons == ()
    assert allocate_points(Criteria()) == {}


def test_a_job_without_dates_may_add_to_the_years() -> None:
    undated = replace(ANN, positions=(LEAD, replace(ANALYST, started_on=None)))
    assert told(Criteria(min_years=4), undated) == ["+100 4 years"]
    assert told(Criteria(min_years=5), undated) == ["0 years: 4 years or more, a job has no dates"]
    assert told(Criteria(max_years=5), undated) == ["0 years: 4 years or more, a job has no dates"]
    assert told(Criteria(max_years=3), undated) == ["0 years: 4 years, at most 3 are asked for"]
    one_year = replace(ANN, positions=(replace(LEAD, started_on=month(2025, 11)),))
    assert told(Criteria(min_years=1), one_year) == ["+100 1 year"]


@pytest.mark.parametrize(
    ("spans", "months"),
    [
        ([], 0),
        ([((2020, 1), (2020, 1))], 1),
        ([((2020, 1), (2020, 12))], 12),
        ([((2020, 1), (2020, 6)), ((2020, 4), (2020, 12))], 12),
        ([((2020, 1), (2020, 12)), ((2020, 4), (2020, 6))], 12),
        ([((2020, 1), (2020, 6)), ((2020, 10), (2020, 12))], 9),
        ([((2026, 11), None)], 1),
        ([((2025, 12), None), ((2026, 6), None)], 12),
        ([((2027, 1), None)], 0),
        ([((2026, 11), (2027, 12))], 1),
        ([((2020, 6), (2020, 1)), ((2020, 7), (2020, 8))], 2),
    ],
)
def test_months_are_counted_once_and_gaps_not(
    spans: list[tuple[tuple[int, int], tuple[int, int] | None]], months: int
) -> None:
    jobs = [Position("x", "y", month(*begin), month(*end) if end else None) for begin, end in spans]
    for order in (jobs, jobs[::-1]):
        assert measure_experience(order, TODAY).months == months


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("French", "fr"), ("Français", "fr"), ("francais", "fr"), ("Französisch", "fr"), ("FRANCÉS", "fr"),
        ("日本語", "ja"), ("Japanisch", "ja"), ("العربية", "ar"), ("Deutsch", "de"), ("中文", "zh"),
        ("Chinese (Simplified)", "zh"), ("Simplified Chinese", "zh"), ("Cantonese", "zh"),
        ("Brazilian Portuguese", "pt"), ("Português", "pt"), ("Norwegian Bokmål", "no"), ("norsk", "no"),
        ("Flemish", "nl"), ("Filipino", "tl"), ("English\uff08fluent\uff09", "en"),
    ],
)  # fmt: skip
def test_a_language_is_known_by_its_names(name: str, code: str) -> None:
    assert is_known_language(code)
    assert lists_language(["Klingon", name], code)
    assert not lists_language(["Klingon", name], "it")


@pytest.mark.parametrize("code", ["sh", "la", "aa"])
def test_a_language_that_has_no_data_of_its_own_has_its_name_all_the_same(code: str) -> None:
    assert is_known_language(code)
    assert lists_language([english_name(code)], code)
    assert not lists_language(["Klingon"], code)


WORDS = st.sampled_from(
    ["Python", "SQL", "R", "C++", "Paris", "Lyon, France", "engineer", "Acme", "李", "café"]
)
PHRASES = st.lists(WORDS, unique=True, max_size=5)
DATES = st.dates(date(1990, 1, 1), date(2027, 12, 31)).map(lambda day: day.replace(day=1))
POSITIONS = st.builds(Position, WORDS, WORDS, st.none() | DATES, st.none() | DATES)
LANGUAGES = ("en", "fr", "de", "ja")


def sections(items: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...] | None]:
    return st.none() | st.lists(items, max_size=4).map(tuple)


PROFILES = st.builds(
    Profile, st.just("x"), WORDS, WORDS, WORDS | st.just(""), st.none(), st.booleans(),
    about=st.none() | WORDS, positions=sections(POSITIONS),
    education=sections(st.builds(Education, WORDS, WORDS, st.none(), st.none())), skills=sections(WORDS),
    languages=sections(st.sampled_from(["English", "Français", "日本語"])), certifications=sections(WORDS),
)  # fmt: skip


@st.composite
def all_criteria(draw: st.DrawFn) -> Criteria:
    least = draw(st.none() | st.integers(0, 20))
    given: dict[str, Any] = {
        "keywords": draw(PHRASES),
        "title": draw(st.none() | WORDS),
        "location": draw(st.none() | WORDS),
        "company": draw(st.none() | WORDS),
        "skills": draw(PHRASES),
        "min_years": least,
        "max_years": draw(st.none() | st.integers(least or 0, 50)),
        "languages": draw(st.lists(st.sampled_from(LANGUAGES), unique=True)),
        "open_to_work": draw(st.none() | st.booleans()),
    }
    here = sorted(given_criteria(Criteria.model_construct(**given)))
    some = st.sampled_from(here) if here else st.nothing()
    return Criteria.model_validate(
        given | {"weights": draw(st.dictionaries(some, st.integers(1, 100))), "required": draw(st.sets(some))}
    )


@given(all_criteria(), PROFILES)
def test_points_are_what_the_reasons_say_within_bounds(criteria: Criteria, profile: Profile) -> None:
    found = score(criteria, profile, TODAY)
    assert 0 <= found.points <= 100
    assert found.points == min(100, max(0, sum(reason.points for reason in found.reasons)))
    assert {reason.criterion for reason in found.reasons} == given_criteria(criteria)
    for reason in found.reasons:
        assert reason.points >= 0 or reason.criterion in criteria.required
        assert str(reason).removeprefix("+").removeprefix(MINUS).startswith(f"{abs(reason.points)} ")


@given(all_criteria().filter(given_criteria))
def test_all_that_is_given_has_a_hundred_points(criteria: Criteria) -> None:
    points = allocate_points(criteria)
    assert sum(points.values()) == 100
    weights = {one: criteria.weights.get(one, DEFAULT_WEIGHTS[one]) for one in given_criteria(criteria)}
    for criterion, given_points in points.items():
        assert abs(given_points - 100 * weights[criterion] / sum(weights.values())) < 1


@given(all_criteria(), PROFILES, st.randoms())
def test_the_order_of_what_is_asked_for_changes_no_points(
    criteria: Criteria, profile: Profile, random: Any
) -> None:
    lists = ("keywords", "skills", "languages")
    mixed = {name: tuple(random.sample(list(getattr(criteria, name)), len(getattr(criteria, name))))
             for name in lists}  # fmt: skip
    shuffled = score(criteria.model_copy(update=mixed), profile, TODAY)
    straight = score(criteria, profile, TODAY)
    assert shuffled.points == straight.points
    assert set(shuffled.reasons) == set(straight.reasons)


@given(all_criteria(), PROFILES, PHRASES, WORDS)
def test_one_more_skill_in_a_profile_never_lowers(
    criteria: Criteria, profile: Profile, skills: list[str], skill: str
) -> None:
    few = replace(profile, skills=tuple(skills))
    more = replace(profile, skills=(*skills, skill))
    assert score(criteria, more, TODAY).points >= score(criteria, few, TODAY).points


@given(all_criteria(), PROFILES, st.sampled_from(["Aaa", "Go", "Zzz"]))
def test_asking_for_one_more_skill_that_is_there_never_lowers(
    criteria: Criteria, profile: Profile, skill: str
) -> None:
    has = replace(profile, skills=(*(profile.skills or ()), skill))
    few = criteria.model_copy(update={"skills": criteria.skills or ("Other",)})
    more = few.model_copy(update={"skills": (*few.skills, skill)})
    assert score(more, has, TODAY).points >= score(few, has, TODAY).points


@given(all_criteria(), PROFILES, st.integers(2, 10))
def test_only_proportions_of_weights_count(criteria: Criteria, profile: Profile, times: int) -> None:
    small: Mapping[Criterion, int] = {
        criterion: 1 + criteria.weights.get(criterion, 5) % 10 for criterion in given_criteria(criteria)
    }
    one = criteria.model_copy(update={"weights": small})
    other = criteria.model_copy(update={"weights": {name: times * weight for name, weight in small.items()}})
    assert score(one, profile, TODAY) == score(other, profile, TODAY)
