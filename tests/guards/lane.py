"""A copy of the tree with its own Postgres and Redis, in which one guard at a time is removed."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from api_stub.stack.environment import inherited_environment
from tests.guards.catalogue import ROOT, Guard, mutate
from tests.servers import Servers
from worker.clock import monotonic_seconds

_TIMEOUT_S: Final = 180
_ALL_TESTS_TIMEOUT_S: Final = 1200
_PASSED, _FAILED = 0, 1  # pytest's exit codes
_FIRST_FAILURE: Final = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


class Verdict(StrEnum):
    """The result of the tests without the guard."""

    KILLED = "killed"
    SURVIVED = "survived"
    HUNG = "hung"
    BROKEN = "broken"
    """No test ran: the mutated code can't be imported, or a named test does not exist."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one run of the tests ended: `killer` is the first test that failed."""

    guard: Guard
    verdict: Verdict
    seconds: float
    killer: str
    output: str


class Lane:
    """Runs tests in its own copy of the tree."""

    def __init__(self, folder: Path, servers: Servers | None) -> None:
        self._tree = folder / "tree"
        self._servers = servers
        self._writes = itertools.count(1)
        copy_tree(self._tree)

    def passes(self, tests: Sequence[str]) -> Result | None:
        """Run tests on the unchanged copy; return None when they pass."""
        nothing = Guard(
            id="no.guard", file="run", original="-", mutated="-", why="nothing was taken out", tests=("-",)
        )
        result = self._run(nothing, tests, own_servers=False, timeout_s=_ALL_TESTS_TIMEOUT_S)
        return None if result.verdict is Verdict.SURVIVED else result

    def try_without(self, guards: Sequence[Guard]) -> Result:
        """Remove the guards, run their tests until one fails, and restore them.

        Raises StaleGuardError if a guard's lines are not found.
        """
        before = {guard.file: (self._tree / guard.file).read_text() for guard in guards}
        try:
            for guard in guards:
                path = self._tree / guard.file
                self._write(path, mutate(path.read_text(), guard))
            tests = list(dict.fromkeys(test for guard in guards for test in guard.tests))
            # A database that is already migrated would hide a guard that was removed from a migration.
            migrated = any(guard.file.startswith("db/migrations/") for guard in guards)
            return self._run(guards[0], tests, own_servers=migrated)
        finally:
            for file, text in before.items():
                self._write(self._tree / file, text)

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text)
        # Python notices a changed file by its time in whole seconds and its size; both may stay the same.
        at = path.stat().st_mtime + next(self._writes)
        os.utime(path, (at, at))

    def _run(
        self, guard: Guard, tests: Sequence[str], *, own_servers: bool, timeout_s: float = _TIMEOUT_S
    ) -> Result:
        environment = {**inherited_environment(), "PYTHONPATH": str(self._tree)}
        if self._servers is not None and not own_servers:
            environment |= self._servers.as_environment()
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider"]
        if all("::" in test for test in tests):
            command += ["-m", ""]  # a test that is named may be one of the soak
        began = monotonic_seconds()
        process = subprocess.Popen(
            [*command, *tests],
            cwd=self._tree,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=timeout_s)
            verdict = {_PASSED: Verdict.SURVIVED, _FAILED: Verdict.KILLED}.get(
                process.returncode, Verdict.BROKEN
            )
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            verdict = Verdict.HUNG
        failure = _FIRST_FAILURE.search(output)
        seconds = monotonic_seconds() - began
        return Result(guard, verdict, seconds, failure.group(1) if failure else "", output)


def copy_tree(target: Path) -> None:
    """Copy the tracked files of the working tree, and those that git would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
