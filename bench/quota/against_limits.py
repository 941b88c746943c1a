"""Two windows on the same Redis: the quota script against the `limits` library in its own environment."""

import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from api_stub.stack.servers.redis import Redis
from bench.report import Row
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits, Totals
from worker.rules.quota.model import QuotaContext, QuotaState
from worker.servers import redis_address

HERE = Path(__file__).parent
NO_GAP = timedelta(0)
LIMIT, PROCESSES, ATTEMPTS = 500, 8, 500
SLICES, SLICE_SIZE = 60, 50


class LimitsProcess:
    """The library, in a process with its own environment."""

    def __init__(self, python: Path, url: str, strategy: str) -> None:
        self._process = subprocess.Popen(
            [python, HERE / "limits_side.py", url, strategy],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._read_answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()

    def ask(self, *words: object) -> dict[str, float]:
        self.send(*words)
        return self._read_answer()

    def send(self, *words: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def _read_answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        answer: dict[str, float] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def install_limits() -> Iterator[Path | None]:
    """Yield the Python of an environment with the library, or None if it can't be installed."""
    with tempfile.TemporaryDirectory(prefix="rapport-limits-") as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        install = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", HERE / "limits.lock"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if install.returncode:
            print(f"no comparison with the limits library: {install.stderr.strip()[-300:]}", file=sys.stderr)
        yield None if install.returncode else python


def two_window_context(limit: int, account_id: int = 1) -> QuotaContext:
    """Return a context with the library's windows: a day and seven days."""
    limits = Limits(10**7, limit, limit, NO_GAP, NO_GAP)
    return QuotaContext(account_id, ZoneInfo("UTC"), Kind.GREET, "run", limits, Totals(10**7, 10**7), {}, 1)


def compare_with_limits() -> Iterator[Row]:
    """Yield decisions a second, and how many units eight processes at once are granted."""
    with install_limits() as python:
        if python is None:
            return
        for strategy in ("fixed", "moving"):
            with (
                tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder,
                Redis(Path(folder)) as server,
            ):
                yield measure_throughput(python, server.url, strategy)
                yield measure_overrun(python, server.url, strategy)
        with tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder, Redis(Path(folder)) as server:
            yield measure_own_overrun(server.url)


def measure_throughput(python: Path, url: str, strategy: str) -> Row:
    """Measure grants for two windows; interleaved, so that both sides run under the same load."""
    quota = RedisQuota(redis_quota.connect(redis_address.parse(url)))
    quota.install(two_window_context(10**6), QuotaState())
    ours = theirs = 0.0
    context = two_window_context(10**6)
    with LimitsProcess(python, url, strategy) as side:
        for number in range(SLICES):
            began = time.perf_counter()
            for attempt in range(SLICE_SIZE):
                assert quota.reserve(context, f"{number}-{attempt}", lease=timedelta(minutes=5)).granted
            ours += time.perf_counter() - began
            theirs += side.ask("SLICE", SLICE_SIZE)["seconds"]
    asked = SLICES * SLICE_SIZE
    said = f"{asked / ours:.0f} a second, theirs {asked / theirs:.0f}"
    return Row("decisions on two windows", said, f"limits, {strategy} window", f"{theirs / ours:.1f}", ">= 4")


def measure_overrun(python: Path, url: str, strategy: str) -> Row:
    """Let eight processes of the library ask at once."""
    sides = [LimitsProcess(python, url, strategy) for _ in range(PROCESSES)]
    for side in sides:
        side.send("RACE", ATTEMPTS, LIMIT)
    granted = int(sum(side._read_answer()["granted"] for side in sides))  # noqa: SLF001 -- they run at once
    for side in sides:
        side.__exit__(None, None, None)
    said = f"{granted} granted of {LIMIT}, {granted - LIMIT} too many"
    return Row(f"limits, {strategy} window: {PROCESSES} processes at once", said, "", "", "")


def measure_own_overrun(url: str) -> Row:
    """Let eight processes of the quota ask at once."""
    context = two_window_context(LIMIT)
    RedisQuota(redis_quota.connect(redis_address.parse(url))).install(context, QuotaState())
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        granted = sum(pool.starmap(_race, [(url, context, name) for name in range(PROCESSES)]))
    said = f"{granted} granted of {LIMIT}, {granted - LIMIT} too many"
    return Row(f"ours: {PROCESSES} processes at once", said, "", "", "0 too many")


def _race(url: str, context: QuotaContext, name: int) -> int:
    quota = RedisQuota(redis_quota.connect(redis_address.parse(url)))
    lease = timedelta(minutes=5)
    return sum(quota.reserve(replace(context), f"{name}-{n}", lease=lease).granted for n in range(ATTEMPTS))
