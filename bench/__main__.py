"""Runs the benches one after the other, and keeps what they print: as JSON, as a picture, and in the docs."""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from rich.console import Console  # noqa: TID251 -- prints only its own figures

from bench.compare import compare_results
from bench.page import PAGE, fill_page
from bench.picture import PICTURE, draw_distances
from bench.report import print_rows
from bench.results import Results, Table, read_markdown, read_results
from bench.suite import SUITE, Bench, find_benches
from worker import clock

KEPT = PAGE.with_suffix(".json")


def main() -> int:
    """Run or compare; return the exit code: 1 if a bench failed, 2 if the arguments are wrong."""
    names = ", ".join(bench.name for bench in SUITE)
    parser = argparse.ArgumentParser(
        prog="./run bench",
        description=__doc__,
        epilog=f"Benches: {names}. "
        "./run bench compare OLD.json [NEW.json] shows what got slower between two runs.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="the benches to run; all without a name")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--quick", action="store_true", help="only show that they work; keeps nothing")
    form.add_argument(
        "--long", action="store_true", help="the long form of those that have one, minutes each"
    )
    given = parser.parse_args()
    try:
        if given.names[:1] == ["compare"]:
            return _compare(*given.names[1:])
        return _run(find_benches(given.names, long=given.long), quick=given.quick, long=given.long)
    except ValueError as error:
        parser.error(str(error))


def _run(benches: Sequence[Bench], *, quick: bool, long: bool) -> int:
    failed = []
    for number, bench in enumerate(benches, 1):
        print(f"[{number}/{len(benches)}] {bench.name}", file=sys.stderr, flush=True)
        table = run_bench(bench, quick=quick, long=long)
        if table is None:
            failed.append(bench.name)
            continue
        print_rows(Console(), table.all_rows, title=f"{table.name}, {table.seconds:.0f} s", markdown=False)
        if not quick:
            _keep(Results(tables=(table,)))  # at once: the bench of capacity reads the others' results
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def run_bench(bench: Bench, *, quick: bool = False, long: bool = False) -> Table | None:
    """Run one bench in a process of its own; return its table, None if it failed (it has said why)."""
    sized = ["--quick"] if quick else ["--long"] if long else bench.sized
    at, machine, began = clock.now(), name_machine(), time.perf_counter()
    command = [sys.executable, "-m", bench.module, "--markdown", *sized]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode:
        print(f"{bench.name} ended with {ran.returncode}", file=sys.stderr)
        return None
    rows = tuple(astuple(row) for row in read_markdown(ran.stdout))
    seconds = round(time.perf_counter() - began, 1)
    name = bench.table_name(long=long)
    return Table(name=name, at=at.isoformat(timespec="seconds"), machine=machine, seconds=seconds, rows=rows)


def name_machine() -> str:
    """Describe the machine: its processors, Python, and how busy it was before."""
    cores = f"{os.cpu_count()} cores ({platform.machine()})"
    return f"{cores}, Python {platform.python_version()}, a load of {os.getloadavg()[0]:.1f} before"


def _keep(results: Results) -> None:
    """Write the results into the docs; tables of benches that did not run stay as they are."""
    PAGE.write_text(fill_page(PAGE.read_text(), results))
    ran = {table.name for table in results.tables}
    before = read_results(KEPT).tables if KEPT.exists() else ()
    whole = Results(tables=(*(table for table in before if table.name not in ran), *results.tables))
    KEPT.write_text(whole.model_dump_json(indent=1) + "\n")
    draw_distances(whole, PICTURE)
    print(f"kept in {PAGE.name}, {KEPT.name} and {PICTURE.name}", file=sys.stderr)


def _compare(*files: str) -> int:
    if len(files) not in {1, 2}:
        raise ValueError("compare needs the JSON of an older run, and optionally that of a newer one")
    old, new = read_results(Path(files[0])), read_results(Path(files[1]) if files[1:] else KEPT)
    if rows := list(compare_results(old, new)):
        print_rows(Console(), rows, title="changed by more than a tenth", markdown=False)
    else:
        print("nothing changed by more than a tenth")
    return 0


if __name__ == "__main__":
    sys.exit(main())
