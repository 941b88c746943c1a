"""The quota against a bare INCR and against the `limits` library, all in one run.

`./run bench quota` prints each figure beside its target; `--quick` only shows that it works. Latency is
measured in one process, in interleaved slices, against a server on a core of its own. INCR is measured twice:
the second INCR's ratio says how far to trust the others.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import redis

from api_stub.stack.servers.redis import Redis
from bench.command import Form, Given, run_bench
from bench.quota.against_limits import compare_with_limits
from bench.quota.decision_steps import accumulate_steps
from bench.quota.fallback import compare_with_fallback
from bench.report import Row
from worker import clock, redis_address
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.breaker import Outcome
from worker.rules.quota.limits import DEFAULT_QUOTA, Totals
from worker.rules.quota.model import Charge, Decision, QuotaContext, QuotaState, Verb, Verdict
from worker.rules.quota.windows import Hours

LEASE = timedelta(minutes=5)
WEEK_CHARGES = {Kind.GREET: 40, Kind.VISIT: 100, Kind.COLLECT: 20}
"""Charges of the account in its week: a usual account in the middle of its limits."""


def a_context(account_id: int = 1) -> QuotaContext:
    """Return a context for which every gate is checked and open: defaults without a gap, high limits."""
    usual = DEFAULT_QUOTA.limits[Kind.GREET]
    wide = replace(
        usual, per_run=10**6, per_day=10**6, per_week=10**6,
        gap_min=timedelta(0), gap_max=timedelta(0), hours=Hours(),
    )  # fmt: skip
    shares = {kind: limits.reserved_per_day for kind, limits in DEFAULT_QUOTA.limits.items()}
    return QuotaContext(
        account_id, ZoneInfo("Europe/Paris"), Kind.GREET, "a campaign", wide, Totals(10**6, 10**6), shares, 1
    )


def a_usual_state() -> QuotaState:
    """Return what a usual account has used in its last seven days."""
    now = clock.now()
    return QuotaState(
        tuple(
            Charge(kind, f"{number:08x}-0000-4000-8000-000000000000:1", now - timedelta(hours=1 + number))
            for kind, used in WEEK_CHARGES.items()
            for number in range(used)
        )
    )


@dataclass
class Timed:
    """A repeated call, and the duration of each."""

    name: str
    do: Callable[[], object]
    ns: list[int] = field(default_factory=list)

    def slice(self, times: int) -> None:
        for _ in range(times):
            began = time.perf_counter_ns()
            self.do()
            self.ns.append(time.perf_counter_ns() - began)

    def percentile(self, share: float) -> float:
        """Return a percentile of the durations, in microseconds."""
        return sorted(self.ns)[int(len(self.ns) * share)] / 1000


class Workload:
    """The verbs as a worker calls them; each answer is checked, so that the right thing is measured."""

    def __init__(self, quota: RedisQuota, context: QuotaContext) -> None:
        self.quota, self.context = quota, context
        self._numbers = count()
        self._started: list[str] = []
        self._reserved: list[str] = []
        no_units = replace(context.limits, per_day=0, reserved_per_day=0)
        self._denied_context = replace(context, limits=no_units)

    def reserve(self) -> None:
        name = f"{next(self._numbers):08x}-1111-4000-8000-000000000000:1"
        self._expect(self.quota.reserve(self.context, name, lease=LEASE), Verdict.GRANTED)
        self._reserved.append(name)

    def start(self) -> None:
        self._started.append(self._reserved.pop())
        self._expect(self.quota.start(self.context, self._started[-1]), Verdict.STARTED)

    def commit(self) -> None:
        name = self._started.pop()
        settled = self.quota.settle(self.context, Verb.COMMIT, name, Outcome.SUCCESS)
        self._expect(settled, Verdict.COMMITTED)

    def denied(self) -> None:
        self._expect(self.quota.reserve(self._denied_context, "nobody:1", lease=LEASE), Verdict.DENIED)

    def remaining(self) -> None:
        self._expect(self.quota.remaining(self.context), Verdict.REMAINING)

    @staticmethod
    def _expect(decision: Decision, verdict: Verdict) -> None:
        if decision.verdict is not verdict:
            raise SystemExit(f"the quota answered {decision.verdict}, not {verdict}")


class Floor(RedisQuota):
    """Asks a script without any rule as the quota asks its own, and takes its answer for a grant."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(client)
        self._sha = client.script_load(accumulate_steps()[-1])


def measure_latency(server: Redis, *, slices: int, each: int) -> Iterator[Row]:
    """Yield the latency of each verb beside that of an INCR."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        address = redis_address.parse(server.url)
        workload = Workload(RedisQuota(redis_quota.connect(address)), a_context())
        without_rules = Workload(Floor(redis_quota.connect(address)), workload.context)
        first, again = (Timed(name, lambda: client.incr("x")) for name in ("INCR", "INCR again"))
        verbs = [
            Timed("reserve, granted", workload.reserve),
            Timed("start", workload.start),
            Timed("commit", workload.commit),
            Timed("reserve, denied", workload.denied),
            Timed("remaining", workload.remaining),
            Timed("reserve, by a script without any rule", without_rules.reserve),
        ]
        for _ in range(slices):
            workload.quota.install(workload.context, a_usual_state())
            for timed in (first, *verbs, again):
                timed.slice(each)
        incr = statistics.median(first.ns)
        for timed in (first, again, *verbs):
            ratio = statistics.median(timed.ns) / incr
            said = f"p50 {timed.percentile(0.5):.0f} µs, p99 {timed.percentile(0.99):.0f} µs"
            target = "<= 1.6" if timed.name == "reserve, granted" else ""
            yield Row(timed.name, said, "INCR", f"{ratio:.2f}", target)
        yield measure_server_time(client, workload, slices * each)


def measure_server_time(client: redis.Redis, workload: Workload, times: int) -> Row:
    """Measure the server's own time for a granted reservation, by its INFO commandstats."""
    workload.quota.install(workload.context, a_usual_state())
    client.config_resetstat()
    for _ in range(min(times, 2000)):
        workload.reserve()
    spent = client.info("commandstats")["cmdstat_evalsha"]["usec_per_call"]
    return Row("reserve, granted: in the server", f"{spent:.0f} µs", "", "", "<= 30 µs")


def measure_many_accounts(server: Redis, *, accounts: int) -> Iterator[Row]:
    """Yield the latency among many accounts, and the memory of one."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        client.flushall()
        quota = RedisQuota(redis_quota.connect(redis_address.parse(server.url)))
        before = client.info("memory")["used_memory"]
        state = a_usual_state()
        for number in range(accounts):
            quota.install(a_context(number), state)
        each = (client.info("memory")["used_memory"] - before) / accounts
        numbers = count()

        def ask() -> None:
            number = next(numbers)
            quota.reserve(a_context(number * 7919 % accounts), f"{number:08x}:1", lease=LEASE)

        timed = Timed("", ask)
        timed.slice(min(accounts, 5000))
        said = f"p50 {timed.percentile(0.5):.0f} µs, p99 {timed.percentile(0.99):.0f} µs"
        yield Row(f"reserve among {accounts} accounts", said, "", "", "")
        charges = sum(WEEK_CHARGES.values())
        yield Row(f"memory of an account with {charges} charges", f"{each / 1024:.1f} KiB", "", "", "")


@contextmanager
def redis_on_own_core() -> Iterator[Redis]:
    """Start a server on one core and keep this process on another, if there are two."""
    with tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder, Redis(Path(folder)) as server:
        cores = psutil.Process().cpu_affinity()
        if len(cores) > 1 and server.child is not None:
            psutil.Process(server.child.pid).cpu_affinity(cores[1:2])
            psutil.Process().cpu_affinity(cores[:1])
        try:
            yield server
        finally:
            psutil.Process().cpu_affinity(cores)


def measure_all(given: Given) -> Iterator[Row]:
    """Measure one decision, then many accounts, then the fallback and the library."""
    with redis_on_own_core() as server:
        given.say("latency")
        slices, each = given.pick(quick=(2, 5), usual=(200, 20))
        yield from measure_latency(server, slices=slices, each=each)
        accounts = given.pick(quick=50, usual=50_000)
        given.say(f"{accounts:,} accounts")
        yield from measure_many_accounts(server, accounts=accounts)
    given.say("the fallback")
    yield from compare_with_fallback(given)
    if given.form is not Form.QUICK:
        given.say("the limits library")
        yield from compare_with_limits()


if __name__ == "__main__":
    run_bench(__doc__, measure_all)
