"""Measure the first minutes: the first demo, the next one's first greeting, and `up` until it is ready.

Each is a run of ./run as a person types it. The processor time is that of all processes of the run until
then; it depends less on what else the machine does than the clock does.
"""

import argparse
import re
import signal
import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil

from bench.command import Given, run_bench
from bench.report import Row
from worker.clock import monotonic_seconds

ROOT = Path(__file__).parents[1]
_GREETED = re.compile(r"UTC  (.+): done$")


@dataclass(frozen=True, slots=True)
class Run:
    """When a run printed the line that was waited for, how much processor time it had used, and all lines."""

    elapsed: timedelta
    processor: timedelta
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.elapsed.total_seconds():.1f} s, {self.processor.total_seconds():.1f} s of processor"


def run_until(
    is_wanted: Callable[[str], object], command: Collection[str | Path], *, stop: bool = False
) -> Run:
    """Run a command to its end; with `stop`, end it with Ctrl-C after the line that is wanted.

    Raises CalledProcessError if it fails or never prints such a line.
    """
    began_s = monotonic_seconds()
    reached, lines = None, []
    with subprocess.Popen([*command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            for line in process.stdout or ():
                lines.append(line.rstrip("\n"))
                if reached is None and is_wanted(lines[-1]):
                    spent = read_processor_time(process.pid)
                    reached = timedelta(seconds=monotonic_seconds() - began_s), spent
                    if stop:
                        process.send_signal(signal.SIGINT)
        except BaseException:
            process.terminate()
            raise
    if reached is None or process.returncode not in ({0, 130} if stop else {0}):
        raise subprocess.CalledProcessError(process.returncode, [*map(str, command)], "\n".join(lines))
    return Run(*reached, tuple(lines))


def read_processor_time(pid: int) -> timedelta:
    """Return the processor time that a process and its descendants, ended ones too, have used."""
    used_s = 0.0
    for process in (head := psutil.Process(pid), *head.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used_s += times.user + times.system + times.children_user + times.children_system
    return timedelta(seconds=used_s)


def measure(given: Given) -> Iterator[Row]:
    """Measure from this clone or a new one, and destroy the data that it leaves."""
    folder, data = ROOT, given.folder / "data"
    if given.options.bare:
        folder = given.folder / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    try:
        yield from measure_in(folder, data, given.pick(quick=1, usual=given.options.again), given.say)
    finally:
        if data.exists():  # as root, the database's files are in another folder
            destroy: list[str | Path] = [folder / "run", "destroy", "--data", data]
            subprocess.run(destroy, input="yes\n", text=True, stdout=subprocess.DEVNULL, check=True)


def measure_in(folder: Path, data: Path, again: int, say: Callable[[str], object]) -> Iterator[Row]:
    """Run the first demo, `again` more, and `up`, from a clone in `folder`, which may still be bare."""
    run, is_bare = folder / "run", not (folder / ".venv").exists()
    say("the first demo")
    first = run_until(re.compile("^Now try").match, [run, "demo", "--data", data])
    yield Row(f"first demo, to its end{', from a bare clone' * is_bare}", str(first), "", "", "<= 90 s")
    greeted = {found[1] for line in first.lines if (found := _GREETED.search(line))}

    def is_new(line: str) -> bool:
        found = _GREETED.search(line)
        return found is not None and found[1] not in greeted

    for number in range(again):
        say(f"another demo ({number + 1})")
        seen = run_until(is_new, [run, "demo", "--again", "--data", data])
        greeted |= {found[1] for line in seen.lines if (found := _GREETED.search(line))}
        yield Row(f"demo --again, to its first greeting ({number + 1})", str(seen), "", "", "<= 5 s")
    say("up")
    up = run_until(re.compile("^running; ").match, [run, "up", "--data", data], stop=True)
    yield Row("up, until it is ready", str(up), "", "", "")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this bench can be told."""
    parser.add_argument(
        "--bare", action="store_true", help="in a new clone of the last commit, set-up included"
    )
    parser.add_argument("--again", type=int, default=2, help="how many demos follow the first (2)")


if __name__ == "__main__":
    run_bench(__doc__, measure, add_options=add_options)
