"""What an action costs without its browser: statements, round trips and commits, and actions a second.

`./run bench actions` starts Postgres and Redis. First one process carries out greetings on a site without
pages, one after the other, and proxies count what it asks of the servers. Then two workers do, as fast as
they can, as two workers of Celery do an empty task with the same delivery settings, and as two processes send
only the statements. `--quick` only shows that it works.
"""

from collections.abc import Iterator

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
        races = {}
        for name, race in (("empty", bench.race_empty), ("ours", bench.race_ours), ("bare", bench.race_bare)):
            given.say(f"racing: {name}")
            bench.plan(database)
            races[name] = race(database)
    yield from compare(races["empty"], races["ours"], races["bare"])


def compare(empty: Race, ours: Race, bare: Race) -> Iterator[Row]:
    yield Row("Celery, an empty task, two workers", f"{empty.rate:.0f} a second", "empty task", "1.00", "")
    yield Row("an action without its browser, two workers", f"{ours.rate:.0f} a second", "empty task",
              f"{ours.rate / empty.rate:.2f}", ">= 0.25, >= 150 a second")  # fmt: skip
    yield Row("its statements alone, two processes", f"{bare.rate:.0f} a second", "empty task",
              f"{bare.rate / empty.rate:.2f}", "")  # fmt: skip
    yield Row(
        "processor time of all processes, an empty task", f"{1000 * empty.processor_s:.1f} ms", "", "", ""
    )
    yield Row("the same, an action", f"{1000 * ours.processor_s:.1f} ms", "an empty task",
              f"{ours.processor_s / max(empty.processor_s, 1e-6):.1f}", "<= 4")  # fmt: skip


if __name__ == "__main__":
    run_bench(__doc__, measure)
