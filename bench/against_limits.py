"""The same two windows on the same Redis: our script, and the `limits` library in its own environment."""

import json
import multiprocessing
import subprocess
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

from rich.console import Console  # noqa: TID251 -- prints only its own figures

from api_stub.stack.redis import Redis
from bench.report import Row
from worker import redis_address
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits, Totals
from worker.rules.quota.model import QuotaContext, QuotaState

HERE = Path(__file__).parent
NONE = timedelta(0)
LIMIT, PROCESSES, ATTEMPTS = 500, 8, 500
SLICES, EACH = 60, 50


class Side:
    """The library in a process of its own environment."""

    def __init__(self, python: Path, url: str, strategy: str) -> None:
        self._process = subprocess.Popen(
            [python, HERE / "limits_side.py", url, strategy],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()

    def ask(self, *words: object) -> dict[str, float]:
        self.tell(*words)
        return self._answer()

    def tell(self, *words: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        answer: dict[str, float] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def environment(console: Console) -> Iterator[Path | None]:
    """An environment with the library, or None where it can't be installed."""
    with tempfile.TemporaryDirectory(prefix="rapport-limits-") as folder:
        with console.status("installing the limits library"):
            venv.create(folder, with_pip=True)
            python = Path(folder) / "bin" / "python"
            install = subprocess.run(
                [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", HERE / "limits.lock"],
                check=False, capture_output=True, text=True,
            )  # fmt: skip
        if install.returncode:
            console.print(f"no comparison with the limits library: {install.stderr.strip()[-300:]}")
        yield None if install.returncode else python


def two_windows(limit: int, account_id: int = 1) -> QuotaContext:
    """A day and seven days, as the other side has them."""
    limits = Limits(10**7, limit, limit, NONE, NONE)
    return QuotaContext(account_id, ZoneInfo("UTC"), Kind.GREET, "run", limits, Totals(10**7, 10**7), {}, 1)


def against_limits(console: Console) -> Iterator[Row]:
    """Decisions a second, slice by slice, and what eight processes at once are granted."""
    with environment(console) as python:
        if python is None:
            return
        for strategy in ("fixed", "moving"):
            with (
                tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder,
                Redis(Path(folder)) as server,
            ):
                yield throughput(python, server.url, strategy)
                yield overrun(python, server.url, strategy)
        with tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder, Redis(Path(folder)) as server:
            yield our_overrun(server.url)


def throughput(python: Path, url: str, strategy: str) -> Row:
    """Grants for two windows; interleaved, so that both sides have the same weather."""
    quota = RedisQuota(redis_quota.connect(redis_address.parse(url)))
    quota.install(two_windows(10**6), QuotaState())
    ours = theirs = 0.0
    context = two_windows(10**6)
    with Side(python, url, strategy) as side:
        for number in range(SLICES):
            began = time.perf_counter()
            for attempt in range(EACH):
                assert quota.reserve(context, f"{number}-{attempt}", lease=timedelta(minutes=5)).granted
            ours += time.perf_counter() - began
            theirs += side.ask("SLICE", EACH)["seconds"]
    asked = SLICES * EACH
    said = f"{asked / ours:.0f} a second, theirs {asked / theirs:.0f}"
    return Row("decisions on two windows", said, f"limits, {strategy} window", f"{theirs / ours:.1f}", ">= 3")


def overrun(python: Path, url: str, strategy: str) -> Row:
    """Eight processes of theirs ask at once."""
    sides = [Side(python, url, strategy) for _ in range(PROCESSES)]
    for side in sides:
        side.tell("RACE", ATTEMPTS, LIMIT)
    granted = int(sum(side._answer()["granted"] for side in sides))  # noqa: SLF001 -- they run at once
    for side in sides:
        side.__exit__(None, None, None)
    said = f"{granted} granted of {LIMIT}, {granted - LIMIT} too many"
    return Row(f"limits, {strategy} window: {PROCESSES} processes at once", said, "", "", "")


def our_overrun(url: str) -> Row:
    """Eight processes of ours ask at once."""
    context = two_windows(LIMIT)
    RedisQuota(redis_quota.connect(redis_address.parse(url))).install(context, QuotaState())
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        granted = sum(pool.starmap(_race, [(url, context, name) for name in range(PROCESSES)]))
    said = f"{granted} granted of {LIMIT}, {granted - LIMIT} too many"
    return Row(f"ours: {PROCESSES} processes at once", said, "", "", "0 too many")


def _race(url: str, context: QuotaContext, name: int) -> int:
    quota = RedisQuota(redis_quota.connect(redis_address.parse(url)))
    lease = timedelta(minutes=5)
    return sum(quota.reserve(replace(context), f"{name}-{n}", lease=lease).granted for n in range(ATTEMPTS))
