"""The list of guards matches the code: the lines of each guard and all of its tests exist."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.guards.catalogue import ROOT, Guard, StaleGuardError, load, mutate
from tests.guards.lane import Lane, Verdict


@pytest.fixture(scope="module")
def guards() -> list[Guard]:
    return load()


def test_each_guard_has_an_id_of_its_own(guards: list[Guard]) -> None:
    assert len({guard.id for guard in guards}) == len(guards)


def test_each_guard_is_where_its_entry_says_and_can_be_taken_out(guards: list[Guard]) -> None:
    for guard in guards:
        text = read(guard.file)
        assert mutate(text, guard) != text, guard.id


def test_each_mutation_is_python_and_names_nothing_that_is_not_there(
    guards: list[Guard], tmp_path: Path
) -> None:
    # Its tests would fail on the unknown name and prove nothing. Wrong syntax is found whatever is selected.
    for guard in guards:
        if guard.file.endswith(".py"):
            (tmp_path / f"{guard.id}.py").write_text(mutate(read(guard.file), guard))
    found = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--isolated",
            "--select=F821",
            "--output-format=concise",
            tmp_path,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


def test_the_tests_and_the_pair_of_each_guard_exist(guards: list[Guard]) -> None:
    ids = {guard.id for guard in guards}
    for guard in guards:
        for test in guard.tests:
            file, _, function = test.partition("::")
            assert not function or function.partition("[")[0] in functions(file), f"{guard.id}: {test}"
        assert guard.pair is None or guard.pair in ids - {guard.id}, guard.id


@cache
def read(file: str) -> str:
    return (ROOT / file).read_text()


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse(read(file))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_a_guard_whose_lines_changed_is_an_error(guards: list[Guard]) -> None:
    guard = guards[0].model_copy(update={"original": "nowhere"})
    with pytest.raises(StaleGuardError, match=guard.id):
        mutate("elsewhere", guard)


OCCASION = """
from datetime import date
from worker.rules.dates.birthdays import birthday_occasion

def test_the_occasion_is_the_year() -> None:
    assert birthday_occasion(date(2026, 5, 1)) == "birthday:2026"
"""


@pytest.mark.soak
def test_a_guard_survives_where_no_test_fails_and_is_killed_where_one_does(tmp_path: Path) -> None:
    lane = Lane(tmp_path, None)
    # Not below tests/, whose fixtures take long to import.
    (tmp_path / "tree" / "test_occasion.py").write_text(OCCASION)
    values = {
        "file": "worker/rules/dates/birthdays.py",
        "why": "a guard of this test only",
        "tests": ("test_occasion.py",),
    }
    line = 'return f"birthday:{on.year}"'
    kept = Guard(id="example.kept", original=line, mutated=f"{line}  # the same", **values)
    assert lane.try_without([kept]).verdict is Verdict.SURVIVED
    lost = Guard(id="example.lost", original=line, mutated='return "birthday"', **values)
    assert lane.try_without([lost]).verdict is Verdict.KILLED
    nonsense = Guard(id="example.nonsense", original=line, mutated="return (", **values)
    assert lane.try_without([nonsense]).verdict is Verdict.BROKEN
    assert lane.passes(values["tests"]) is None
