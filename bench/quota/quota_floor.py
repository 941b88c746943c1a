"""The least that an exact decision costs in the server: scripts that do one more of its steps each, and ours.

Each gets the keys and arguments of a reservation of the same account, in turn with the others, so that a busy
machine affects all of them. The last of them takes a unit from every window like ours, but checks no gate:
what ours takes beyond it is the price of the rules.
"""

import statistics
from collections.abc import Iterator, Sequence

import redis

from api_stub.stack.servers.redis import Redis
from bench.command import Given, run_bench
from bench.quota.decision_steps import STEPS, accumulate_steps
from bench.quota.quota import LEASE, Workload, a_context, a_usual_state, redis_on_own_core
from bench.report import Row
from worker import clock, redis_address
from worker.quota import arguments, redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.quota.windows import local_day


def measure(server: Redis, *, rounds: int, each: int) -> Iterator[Row]:
    """Yield the time in the server of each script, and ours against the last of them."""
    context, now = a_context(), clock.now()
    day = local_day(now, context.zone)
    given = arguments.build_decision(context, now, lease=LEASE)
    numbers = [arguments.epoch_ms(day.start), arguments.epoch_ms(day.end), 1, *given.numbers]
    keys = arguments.list_keys(context.account_id)
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        workload = Workload(RedisQuota(redis_quota.connect(redis_address.parse(server.url))), context)
        scripts = [client.register_script(lua) for lua in accumulate_steps()]
        spent: dict[str, list[float]] = {name: [] for name in (*STEPS, "our decision, all gates")}
        for number in range(rounds):
            for name, script in zip(STEPS, scripts, strict=True):
                workload.quota.install(context, a_usual_state())
                client.config_resetstat()
                for one in range(each):
                    identity = f"{number:04x}{one:04x}-2222-4000-8000-000000000000:1"
                    script(keys=keys, args=["reserve", identity, "epoch", context.run_id, f"{numbers}"])
                spent[name].append(_microseconds(client))
            workload.quota.install(context, a_usual_state())
            client.config_resetstat()
            for _ in range(each):
                workload.reserve()
            spent["our decision, all gates"].append(_microseconds(client))
    medians = {name: statistics.median(times) for name, times in spent.items()}
    yield from _rows(medians, spent)


def _rows(medians: dict[str, float], spent: dict[str, list[float]]) -> Iterator[Row]:
    *steps, ours = medians
    before = 0.0
    for name in steps:
        yield Row(name, _said(spent[name]), f"{medians[name] - before:+.1f} µs", "", "")
        before = medians[name]
    yield Row(ours, _said(spent[ours]), steps[-1], f"{medians[ours] / medians[steps[-1]]:.2f}", "")


def _said(times: Sequence[float]) -> str:
    return f"{statistics.median(times):.1f} µs, {min(times):.1f} to {max(times):.1f}"


def _microseconds(client: redis.Redis) -> float:
    return float(client.info("commandstats")["cmdstat_evalsha"]["usec_per_call"])


def build_rows(given: Given) -> Iterator[Row]:
    """Start a server, and measure in it."""
    with redis_on_own_core() as server:
        yield from measure(server, rounds=given.pick(quick=2, usual=40), each=given.pick(quick=5, usual=60))


if __name__ == "__main__":
    run_bench(__doc__, build_rows)
