"""Runs the benches one after the other, and keeps what they print: as JSON, as a picture, and in the docs."""

import argparse
import os
import platform
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

from rich.console import Console  # noqa: TID251 -- prints only its own figures

from bench.child_process import run_to_end
from bench.command import end_on_signals
from bench.compare import compare_results, describe_comparison
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
        end_on_signals()
        return _run(find_benches(given.names, long=given.long), quick=given.quick, long=given.long)
    except ValueError as error:
        parser.error(str(error))


def _run(benches: Sequence[Bench], *, quick: bool, long: bool) -> int:
    """Run them all, also if one fails; return 1 if one did. An exit ends the bench that runs, and this."""
    last_s = {} if quick else {table.name: table.seconds for table in _read_kept().tables}
    names = [bench.table_name(long=long) for bench in benches]
    failed, began = [], time.perf_counter()
    for number, (name, bench) in enumerate(zip(names, benches, strict=True), 1):
        _tell(f"[{number}/{len(benches)}] {bench.name}{describe_wait(names[number - 1 :], last_s)}")
        try:
            table = run_bench(bench, quick=quick, long=long)
        except SystemExit:
            _tell(f"stopped during {name}; {number - 1} of {len(benches)} benches have run")
            raise
        if table is None:
            failed.append(name)
            continue
        print_rows(Console(), table.all_rows, title=f"{name}, {table.seconds:.0f} s", markdown=False)
        if not quick:
            _keep(Results(tables=(table,)))  # at once: the bench of capacity reads the others' results
    minutes = (time.perf_counter() - began) / 60
    _tell(f"{len(benches) - len(failed)} of {len(benches)} benches have run, in {minutes:.0f} min")
    if failed:
        _tell(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def describe_wait(names: Sequence[str], last_s: Mapping[str, float]) -> str:
    """Return how long the first of these took last time, and how long all of them did, if that is known."""
    first, *others = names
    words = f", {last_s[first]:.0f} s last time" if first in last_s else ""
    if others and all(name in last_s for name in names):
        words += f"; some {sum(last_s[name] for name in names) / 60:.0f} min left"
    return words


def run_bench(bench: Bench, *, quick: bool = False, long: bool = False) -> Table | None:
    """Run one bench in a process of its own; return its table, None if it failed (it has said why)."""
    sized = ["--quick"] if quick else ["--long"] if long else []
    at, machine, began = clock.now(), name_machine(), time.perf_counter()
    code, printed = run_to_end([sys.executable, "-m", bench.module, "--markdown", *sized])
    if code:
        _tell(f"{bench.name} ended with {code}")
        return None
    try:
        rows = tuple(astuple(row) for row in read_markdown(printed))
    except ValueError as error:
        _tell(f"{bench.name} failed: {error}")
        return None
    seconds = round(time.perf_counter() - began, 1)
    name = bench.table_name(long=long)
    return Table(name=name, at=at.isoformat(timespec="seconds"), machine=machine, seconds=seconds, rows=rows)


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def name_machine() -> str:
    """Describe the machine: its processors, Python, and how busy it was before."""
    cores = f"{os.cpu_count()} cores ({platform.machine()})"
    return f"{cores}, Python {platform.python_version()}, a load of {os.getloadavg()[0]:.1f} before"


def _read_kept() -> Results:
    return read_results(KEPT) if KEPT.exists() else Results(tables=())


def _keep(results: Results) -> None:
    """Write the results into the docs; tables of benches that did not run stay as they are."""
    PAGE.write_text(fill_page(PAGE.read_text(), results))
    ran = {table.name for table in results.tables}
    others = [table for table in _read_kept().tables if table.name not in ran]
    whole = Results(tables=(*others, *results.tables))
    KEPT.write_text(whole.model_dump_json(indent=1) + "\n")
    draw_distances(whole, PICTURE)
    _tell(f"kept in {PAGE.name}, {KEPT.name} and {PICTURE.name}")


def _compare(*files: str) -> int:
    if len(files) not in {1, 2}:
        raise ValueError("compare needs the JSON of an older run, and optionally that of a newer one")
    old, new = read_results(Path(files[0])), read_results(Path(files[1]) if files[1:] else KEPT)
    width = Console().width
    for paragraph in describe_comparison(compare_results(old, new)):
        print(textwrap.fill(paragraph, width, subsequent_indent="  " if paragraph.startswith("- ") else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
