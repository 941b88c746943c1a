"""How many names of the corpus are read right, left out although a person could tell, or read wrong.

`./run bench names` prints these by convention, and the time of one name. The corpus is
tests/rules/data/names.tsv: invented names, with what each is called by, written down by hand. An empty call
means that nobody could tell, or that it is no person's name.
"""

import argparse
import csv
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

from rich.console import Console  # noqa: TID251 -- prints only its own figures

from bench.report import Row, print_rows
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


def main() -> None:
    """Judge, time and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundred names, no figures")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/performance.md")
    given = parser.parse_args()
    cases = list(islice(read_corpus(), 100 if given.quick else None))
    counts: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    seconds = 0.0
    for case in cases:
        before = time.perf_counter()
        verdict, found = judge(case)  # it remembers names, so that only the first time counts
        seconds += time.perf_counter() - before
        counts[case.convention][verdict] += 1
        if verdict is not Verdict.RIGHT and not given.markdown:
            print(f"{verdict:9} {case.convention:16} {case.name!r} is {case.called!r}, not {found!r}")
    total: Counter[Verdict] = sum(counts.values(), Counter())
    shares = [
        Row(
            f"names {verdict}",
            f"{total[verdict]:,} of {len(cases):,}",
            "",
            "",
            "0" if verdict is Verdict.WRONG else "",
        )
        for verdict in Verdict
    ]
    rows = [*shares, Row("one name", f"{seconds / len(cases) * 1e6:.0f} µs", "", "", "")]
    if not given.markdown:
        print(f"\n{'convention':20}" + "".join(f"{verdict:>10}" for verdict in Verdict))
        for convention, each in counts.items():
            print(f"{convention:20}" + "".join(f"{each[verdict]:10}" for verdict in Verdict))
    print_rows(Console(), rows, title="python -m bench.data.names", markdown=given.markdown)


if __name__ == "__main__":
    main()
