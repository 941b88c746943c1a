"""How many names of the corpus are read right, left out although a person could tell, or read wrong.

`./run bench names` prints these by convention, and the time of one name. The corpus is
tests/rules/data/names.tsv: invented names, with what each is called by, written down by hand. An empty call
means that nobody could tell, or that it is no person's name.
"""

import csv
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

from bench.command import Given, run_bench
from bench.report import Row
from worker.rules.names.spoken_name import first_name

CORPUS = Path(__file__).parents[2] / "tests" / "rules" / "data" / "names.tsv"


class Verdict(StrEnum):
    """How the rule reads a name of the corpus."""

    RIGHT = "right"
    LEFT_OUT = "left out"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Case:
    """One name of the corpus, and what the person is called by; '' if nobody could tell."""

    convention: str
    name: str
    language: str | None
    location: str | None
    called: str


def read_corpus() -> Iterator[Case]:
    with CORPUS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield Case(
                row["convention"],
                row["name"],
                row["language"] or None,
                row["location"] or None,
                row["called"],
            )


def judge(case: Case) -> tuple[Verdict, str]:
    """Return the verdict on one name, and the name that the rule finds."""
    found = first_name(case.name, case.language, case.location)
    if found == case.called:
        return Verdict.RIGHT, found
    return (Verdict.LEFT_OUT, "") if not found else (Verdict.WRONG, found)


def measure(given: Given) -> Iterator[Row]:
    """Judge and time; without --markdown, print each name that isn't read right, and the counts."""
    cases = list(islice(read_corpus(), given.pick(quick=100, usual=None)))
    began = time.perf_counter()
    judged = [(case, *judge(case)) for case in cases]
    seconds = time.perf_counter() - began
    if not given.options.markdown:
        print_details(judged)
    total = Counter(verdict for _, verdict, _ in judged)
    for verdict in Verdict:
        target = "0" if verdict is Verdict.WRONG else ""
        yield Row(f"names {verdict}", f"{total[verdict]:,} of {len(cases):,}", "", "", target)
    yield Row("one name", f"{seconds / len(cases) * 1e6:.0f} µs", "", "", "")


def print_details(judged: Sequence[tuple[Case, Verdict, str]]) -> None:
    """Print the names that aren't read right, and how many are, by convention."""
    counts: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    for case, verdict, found in judged:
        counts[case.convention][verdict] += 1
        if verdict is not Verdict.RIGHT:
            print(f"{verdict:9} {case.convention:16} {case.name!r} is {case.called!r}, not {found!r}")
    print(f"\n{'convention':20}" + "".join(f"{verdict:>10}" for verdict in Verdict))
    for convention, each in counts.items():
        print(f"{convention:20}" + "".join(f"{each[verdict]:10}" for verdict in Verdict))


if __name__ == "__main__":
    run_bench(__doc__, measure)
