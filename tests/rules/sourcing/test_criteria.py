"""Criteria that hold together, and errors that say what to change."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from worker.rules.sourcing.criteria import Criteria, Criterion, given_criteria, needed_sections
from worker.rules.sourcing.profile import Section

REFUSED: list[tuple[Mapping[str, Any], str, str]] = [
    ({"min_years": 9, "max_years": 3}, "", "min_years (9) is above max_years (3)"),
    ({"skills": ["Python", "SQL", "PYTHON"]}, "skills", "PYTHON is given twice"),
    ({"keywords": ["café", "Cafe\u0301"]}, "keywords", "Cafe\u0301 is given twice"),
    ({"skills": ["{x}", "{x} "]}, "skills", "{x} is given twice"),
    ({"languages": ["fr", "fr"]}, "languages", "fr is given twice"),
    (
        {"title": "x", "weights": {"skills": 3}},
        "",
        "weights names skills, which nothing asks for: give it a value, or leave it out",
    ),
    (
        {"required": ["skills", "years"], "title": "x"},
        "",
        "required names skills and years, which nothing asks for: give it a value, or leave it out",
    ),
    ({"title": "two\nlines"}, "title", "a phrase is one line, without control characters"),
    ({"title": "a\x85b"}, "title", "a phrase is one line, without control characters"),
    ({"keywords": ["ok", "+++"]}, "keywords.1", "there is no letter and no digit to search for"),
    ({"title": "  "}, "title", "String should have at least 1 character"),
    ({"title": "x" * 101}, "title", "String should have at most 100 characters"),
    ({"languages": ["klingon"]}, "languages.0", "two letters of ISO 639-1, such as en or fr"),
    ({"languages": ["zz"]}, "languages.0", "two letters of ISO 639-1, such as en or fr"),
    ({"languages": ["../"]}, "languages.0", "two letters of ISO 639-1, such as en or fr"),
    ({"skills": [f"s{n}" for n in range(21)]}, "skills", "at most 20 items"),
    ({"min_years": -1}, "min_years", "greater than or equal to 0"),
    ({"title": "x", "weights": {"title": 0}}, "weights.title", "greater than or equal to 1"),
    ({"title": "x", "weights": {"looks": 1}}, "weights.looks.[key]", "Input should be 'keywords'"),
    ({"age": 30}, "age", "Extra inputs are not permitted"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "where", "says"), REFUSED)
def test_what_does_not_hold_together_is_refused_and_said(
    given: Mapping[str, Any], where: str, says: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Criteria.model_validate(given)
    faults = {".".join(map(str, fault["loc"])): fault["msg"] for fault in refused.value.errors()}
    assert says in faults[where]
    assert "Value error" not in faults[where]


def test_what_is_given_is_asked_and_no_more_is_read_than_that_needs() -> None:
    assert given_criteria(Criteria()) == set()
    assert needed_sections(Criteria()) == set()
    assert needed_sections(Criteria(location="Paris", open_to_work=False)) == set()
    some = Criteria(min_years=0, languages=("fr",), skills=("Python",))
    assert given_criteria(some) == {Criterion.YEARS, Criterion.LANGUAGES, Criterion.SKILLS}
    assert needed_sections(some) == {Section.POSITIONS, Section.LANGUAGES, Section.SKILLS}
    assert needed_sections(Criteria(keywords=("x",))) == set(Section) - {Section.LANGUAGES}


def test_years_are_whole_numbers_however_json_writes_them_and_no_text() -> None:
    for field in ("min_years", "max_years"):
        assert Criteria.model_validate({field: 3.0}) == Criteria.model_validate({field: 3})
        for given in ("3", True, 3.5):
            with pytest.raises(ValidationError):
                Criteria.model_validate({field: given})


def test_criteria_come_back_from_json_as_they_were() -> None:
    whole = Criteria(
        keywords=("R&D", "C++"), title="Ingénieur", location="Paris", company="Acme", skills=("C#", ".NET"),
        min_years=3, max_years=3, languages=("fr", "ja"), open_to_work=True,
        weights={Criterion.SKILLS: 100}, required=frozenset({Criterion.SKILLS, Criterion.YEARS}),
    )  # fmt: skip
    assert Criteria.model_validate_json(whole.model_dump_json()) == whole
