"""What an action costs without its browser: statements, round trips and commits, and actions a second.

`./run bench actions` starts Postgres and Redis. First one process carries out greetings on a site without
pages, one after the other, and proxies count what it asks of the servers. Then two workers do, as fast as
they can, as two workers of Celery do an empty task with the same delivery settings, and as two processes send
only the statements. `--quick` only shows that it works.
"""

from collections.abc import Iterator, Sequence
from statistics import median

from bench.actions.action_races import Bench, Race, Size
from bench.command import Given, run_bench
from bench.report import Row

FULL = Size(accounts=100, counted=300, raced=2000)
QUICK = Size(accounts=4, counted=8, raced=40)


def measure(given: Given) -> Iterator[Row]:
    """Run everything, and yield a row for each figure."""
    size = given.pick(quick=QUICK, usual=FULL)
    bench = Bench(given.folder, size)
    with bench.run_servers() as database:
        given.say("counting")
        bench.plan(database)
        of_postgres, of_redis, ours_s, server_s = bench.count_one_by_one()
        per_action = {what: count / size.accounts for what, count in of_postgres.items()}
        for what, target in (
            ("round trips", "<= 12"),
            ("transactions", "<= 4"),
            ("statements", ""),
            ("pings", "0"),
        ):
            yield Row(f"{what} of an action, Postgres", f"{per_action.get(what, 0):.2f}", "", "", target)
        trips = of_redis["round trips"] / size.accounts
        yield Row("round trips of an action, Redis", f"{trips:.2f}", "", "", "")
        yield Row("processor time of an action, one process", f"{1000 * ours_s:.1f} ms", "", "", "")
        yield Row("the same of Postgres", f"{1000 * server_s:.1f} ms", "", "", "")
        runners = {"empty": bench.race_empty, "ours": bench.race_ours, "bare": bench.race_bare}
        races: dict[str, list[Race]] = {}
        for _ in range(given.pick(quick=1, usual=3)):
            for name, race in runners.items():
                given.say(f"racing: {name}")
                bench.plan(database)
                races.setdefault(name, []).append(race(database))
    yield from compare(races["empty"], races["ours"], races["bare"])


def compare(empty: Sequence[Race], ours: Sequence[Race], bare: Sequence[Race]) -> Iterator[Row]:
    """Yield the medians of the races, with the slowest and the fastest, against the empty task."""
    empty_rate, our_rate, bare_rate = (median(race.rate for race in races) for races in (empty, ours, bare))
    both_rate = 1 / (1 / empty_rate + 1 / bare_rate)
    for what, rate, spread, target in (
        ("Celery, an empty task, two workers", empty_rate, _spread(empty), ""),
        ("an action without its browser, two workers", our_rate, _spread(ours), ">= 0.25, >= 150 a second"),
        ("its statements alone, two processes", bare_rate, _spread(bare), ""),
        ("an empty task and then the statements: the floor", both_rate, "", ""),
    ):
        yield Row(what, f"{rate:.0f} a second{spread}", "empty task", f"{rate / empty_rate:.2f}", target)
    empty_s, our_s = (median(race.processor_s for race in races) for races in (empty, ours))
    yield Row("processor time of all processes, an empty task", f"{1000 * empty_s:.1f} ms", "", "", "")
    yield Row("the same, an action", f"{1000 * our_s:.1f} ms", "an empty task",
              f"{our_s / max(empty_s, 1e-6):.1f}", "<= 4")  # fmt: skip


def _spread(races: Sequence[Race]) -> str:
    return f", {min(race.rate for race in races):.0f} to {max(race.rate for race in races):.0f}"


if __name__ == "__main__":
    run_bench(__doc__, measure)
