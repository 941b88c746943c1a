"""`./run mutate`: remove one guard at a time, and expect a test to fail.

Ends with 1 if a guard survives its tests, if its lines are not found any more, or if its tests hang.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain, groupby
from pathlib import Path
from queue import SimpleQueue

from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from api_stub.cli.terminal import Console
from tests.guards.catalogue import Guard, StaleGuardError, load, with_pair
from tests.guards.lane import Lane, Result, Verdict
from tests.servers import own_servers
from worker.clock import monotonic_seconds

_STYLES = {Verdict.KILLED: "green", Verdict.SURVIVED: "bold red", Verdict.HUNG: "red", Verdict.BROKEN: "red"}


def main() -> int:
    """Run the command; return its exit code."""
    arguments = _parse()
    console = Console()
    guards = load()
    chosen = [guard for guard in guards if any(text in f"{guard.id} {guard.file}" for text in arguments.only)]
    if not chosen:
        console.print("No guard has such a name; --list shows them all.", style="red")
        return 2
    if arguments.list:
        console.print(_listed(chosen))
        return 0
    began = monotonic_seconds()
    with ExitStack() as stack:
        lanes = list(_open_lanes(stack, min(arguments.jobs, len(chosen))))
        tests = sorted({test for guard in chosen for test in guard.tests})
        console.print(f"guards to take out: {len(chosen)}; first their tests on the unchanged tree")
        failed = _failures(lanes, tests)
        if failed:
            console.print(Text("\n".join(result.output for result in failed)))
            console.print("These tests fail with every guard in place, so they prove nothing.", style="red")
            return 1
        try:
            results = _run_all(console, lanes, [with_pair(guard, guards) for guard in chosen])
        except StaleGuardError as error:
            console.print(Text(str(error), "red"))
            return 1
    alive = [result for result in results if result.verdict is not Verdict.KILLED]
    console.print(_table(results))
    for result in alive:
        console.print(Text(f"{result.guard.id}: {result.verdict}\n{result.output[-3000:]}"))
    minutes = (monotonic_seconds() - began) / 60
    killed = len(results) - len(alive)
    console.print(f"{killed} of {len(results)} killed, in {minutes:.1f} minutes")
    return 1 if alive else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run mutate", description=__doc__)
    parser.add_argument(
        "only", nargs="*", default=[""], metavar="TEXT",
        help="only guards with one of these texts in their id or file; all if none is given",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="list the guards and their tests; run nothing")
    parser.add_argument("--jobs", type=int, default=2, help="how many are tried at the same time (2)")
    return parser.parse_args()


def _open_lanes(stack: ExitStack, count: int) -> Iterator[Lane]:
    for _ in range(count):
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rapport-guards-")))
        folder.chmod(0o711)  # under root, Postgres runs as another user
        yield Lane(folder, stack.enter_context(own_servers(folder)))


def _failures(lanes: Sequence[Lane], tests: Sequence[str]) -> list[Result]:
    """Run the tests on the unchanged tree, split among the lanes by file; return the runs that failed."""
    files = [list(group) for _, group in groupby(tests, key=lambda test: test.partition("::")[0])]
    shares = [list(chain.from_iterable(files[number :: len(lanes)])) for number in range(len(lanes))]
    with ThreadPoolExecutor(len(lanes)) as pool:
        results = pool.map(lambda lane, share: lane.passes(share) if share else None, lanes, shares)
        return [result for result in results if result is not None]


def _run_all(console: Console, lanes: Sequence[Lane], all_guards: Sequence[Sequence[Guard]]) -> list[Result]:
    free: SimpleQueue[Lane] = SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def run(guards: Sequence[Guard]) -> Result:
        lane = free.get()
        try:
            return lane.try_without(guards)
        finally:
            free.put(lane)

    results = []
    with Progress(console=console) as progress, ThreadPoolExecutor(len(lanes)) as pool:
        task = progress.add_task("taking guards out", total=len(all_guards))
        for result in pool.map(run, all_guards):
            results.append(result)
            progress.advance(task)
            if result.verdict is not Verdict.KILLED:
                progress.console.print(Text(f"{result.guard.id}: {result.verdict}", _STYLES[result.verdict]))
    return results


def _listed(guards: Sequence[Guard]) -> Table:
    table = Table("guard", "file", "why", "tests")
    for guard in guards:
        pair = f" (with {guard.pair})" if guard.pair else ""
        table.add_row(Text(guard.id + pair), guard.file, Text(guard.why), Text("\n".join(guard.tests)))
    return table


def _table(results: Sequence[Result]) -> Table:
    table = Table("guard", "", "first test that failed", "s")
    for result in results:
        name = result.guard.id + (f"\nwith {result.guard.pair}" if result.guard.pair else "")
        verdict = Text(result.verdict, _STYLES[result.verdict])
        table.add_row(Text(name), verdict, Text(result.killer, overflow="fold"), f"{result.seconds:.0f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
