"""A thousand invented names of many languages, with what each is called by (tests/rules/data/names.tsv).

The expected names are written down by hand from the conventions, never by the rule. An empty one means that
nobody could tell, or that it is no person's name. `python -m bench.data.names` prints the figures.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Literal

import pytest

from bench.data.names import Verdict, judge, read_corpus
from worker.rules.names.spoken_name import first_name
from worker.rules.names.tables import fold

CORPUS = tuple(read_corpus())


def test_the_corpus_is_large_and_covers_many_conventions() -> None:
    assert len(CORPUS) >= 600
    assert len({case.convention for case in CORPUS}) >= 25
    assert len({(case.name, case.language, case.location) for case in CORPUS}) == len(CORPUS)


def test_nobody_of_the_corpus_is_called_by_a_wrong_name() -> None:
    wrong = [(case, found) for case in CORPUS for verdict, found in [judge(case)] if verdict is Verdict.WRONG]
    assert wrong == []


def test_few_of_the_corpus_are_left_out_although_a_person_could_tell() -> None:
    verdicts = Counter(judge(case)[0] for case in CORPUS)
    assert verdicts[Verdict.RIGHT] >= 0.97 * len(CORPUS), verdicts


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_normal_form_changes_nothing(form: Literal["NFC", "NFD"]) -> None:
    for case in CORPUS:
        name = unicodedata.normalize(form, case.name)
        assert first_name(name, case.language, case.location) == judge(case)[1], case


@pytest.mark.parametrize("change", [str.upper, str.lower])
def test_the_case_never_makes_another_person(change: Callable[[str], str]) -> None:
    for case in CORPUS:
        if is_mixed(case.name):
            continue  # ACAR Yasemin: the capitals show the family name
        found = first_name(change(case.name), case.language, case.location)
        assert fold(found) in {fold(case.called), ""}, case


def is_mixed(name: str) -> bool:
    """Return whether only some of the words are in capitals."""
    capitals = {word.isupper() for word in name.split() if len(word) > 2}
    return len(capitals) > 1
