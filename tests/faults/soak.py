"""Run every fault many times, and kill at random moments: `python -m tests.faults.soak --help`.

Prints a table of faults, runs, doubles and losses; `--write` also puts it into docs/reliability.md. Exits
with 1 if anything was doubled, lost or left in flight.
"""

import argparse
import random
import shlex
import signal
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console  # noqa: TID251 -- prints only its own figures
from rich.table import Table

from tests.faults import scenarios
from tests.faults.census import Quota
from tests.faults.harness import EVERYBODY, Harness
from tests.faults.scenarios import FAULTS, Report, Scenario, Strike, run
from worker import clock

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- soak: begin -->", "<!-- soak: end -->"


@dataclass
class Row:
    """The totals of one fault over all its runs."""

    runs: int = 0
    strikes: int = 0
    planned: int = 0
    doubles: int = 0
    losses: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, report: Report) -> None:
        self.runs += 1
        self.strikes += report.strikes
        self.planned += report.census.planned
        self.doubles += report.census.doubles
        self.losses += report.census.losses
        self.problems += report.census.problems

    def cells(self) -> list[str]:
        numbers = (self.runs, self.strikes, self.planned, self.doubles, self.losses, len(self.problems))
        return [str(number) for number in numbers]


HEADINGS = ("fault", "campaigns", "strikes", "greetings", "doubled", "lost", "other problems")


class Soak:
    """Runs scenarios until the time is up, and counts."""

    def __init__(self, harness: Harness, console: Console, until: float) -> None:
        self.rows: dict[str, Row] = {}
        self._harness = harness
        self._console = console
        self._until = until

    def time_left(self) -> bool:
        return time.perf_counter() < self._until

    def once(self, name: str, scenario: Scenario) -> int:
        """Run one campaign. If it doesn't come to rest, that is a problem, with a description."""
        row = self.rows.setdefault(name, Row())
        try:
            report = run(self._harness, scenario)
        except AssertionError as error:
            row.runs += 1
            row.problems.append(f"did not come to rest: {error}")
            self._console.print(f"{name}: {error}", style="red")
            return 0
        row.add(report)
        said = "; ".join(report.census.problems) or "ok"
        self._console.print(
            f"{clock.now():%H:%M:%S} {name}: {report.strikes} strikes, {report.seconds:.0f} s, {said}"
        )
        return report.strikes

    def random_kills(self, draw: random.Random, wanted: int) -> None:
        """Kill at random moments, campaign after campaign, until `wanted` kills are done."""
        killed = 0
        while killed < wanted and self.time_left():
            strike = _random_kills(draw, min(wanted - killed, 12))
            killed += self.once("SIGKILL at random moments", Scenario(strike, EVERYBODY, Quota.AT_LEAST))


def _random_kills(draw: random.Random, wanted: int) -> Strike:
    return lambda harness: scenarios.random_kills(harness, draw, wanted)


def table(rows: dict[str, Row]) -> Table:
    shown = Table(*HEADINGS)
    for name, row in rows.items():
        shown.add_row(name, *row.cells(), style="red" if row.problems else "")
    return shown


def markdown(rows: dict[str, Row], command: str, minutes: float) -> str:
    lines = [f"| {' | '.join(HEADINGS)} |", f"|---|{'--:|' * (len(HEADINGS) - 1)}"]
    lines += [f"| {name} | {' | '.join(row.cells())} |" for name, row in rows.items()]
    total = Row()
    for row in rows.values():
        for name in ("runs", "strikes", "planned", "doubles", "losses"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
        total.problems += row.problems
    lines.append(f"| **all** | {' | '.join(f'**{cell}**' for cell in total.cells())} |")
    made = f"Measured on {clock.now():%d %B %Y} by `{command}`, in {minutes:.0f} minutes"
    return f"{made}:\n\n" + "\n".join(lines)


def write(page: Path, text: str) -> None:
    """Put `text` between the two markers of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--runs", type=int, default=5, help="campaigns for each fault")
    parser.add_argument("--kills", type=int, default=200, help="kills at random moments")
    parser.add_argument("--storms", type=int, default=5, help="storms of 25 s")
    parser.add_argument("--minutes", type=float, default=120, help="begin nothing new after so long")
    parser.add_argument("--only", default="", help="only faults with this in their name")
    parser.add_argument("--keep", type=Path, help="a new folder for data and logs, which stays")
    parser.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    given = parser.parse_args()
    console = Console()
    command = (
        f"python -m tests.faults.soak --seed {given.seed} --runs {given.runs} --kills {given.kills} "
        f"--storms {given.storms} --minutes {given.minutes:g}"
    )
    if given.only:
        command += f" --only {shlex.quote(given.only)}"
    console.print(command)
    draw = random.Random(given.seed)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave no process behind
    kept = nullcontext(given.keep) if given.keep else tempfile.TemporaryDirectory(prefix="rapport-soak-")
    with kept as folder, Harness(Path(folder)) as harness:
        began = time.perf_counter()
        soak = Soak(harness, console, began + given.minutes * 60)
        for number in range(max(given.runs, given.storms)):
            if number < given.runs:
                for name, scenario in FAULTS.items():
                    if given.only in name and soak.time_left():
                        soak.once(name, scenario)
            if number < given.storms and soak.time_left():
                seed = draw.randrange(1_000_000)
                storm = Scenario(scenarios.storm(seed, 25), EVERYBODY, Quota.AT_LEAST)
                soak.once("a storm of all of it", storm)
            soak.random_kills(draw, -(-given.kills // max(given.runs, given.storms)))
    minutes = (time.perf_counter() - began) / 60
    console.print(table(soak.rows))
    console.print(f"{minutes:.0f} minutes")
    if given.write:
        write(PAGE, markdown(soak.rows, command, minutes))
    return int(any(row.problems for row in soak.rows.values()))


if __name__ == "__main__":
    sys.exit(main())
