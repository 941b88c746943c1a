"""Many processes, one purse: no window is ever exceeded, and none is left unused."""

import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from tests.quota.purses import a_purse
from worker.quota import guard
from worker.quota.guard import Guard, Purse, Remaining

PROCESSES = 8
ATTEMPTS = 500
LIMIT = 100

PURSES: dict[str, Callable[[], Purse]] = {
    "run": lambda: a_purse(1, run=LIMIT),
    "day": lambda: a_purse(2, day=LIMIT),
    "week": lambda: a_purse(3, day=LIMIT + 1, week=LIMIT + 1),
    "two at once": lambda: a_purse(4, run=LIMIT * 2, day=LIMIT, week=LIMIT),
    "gap": lambda: a_purse(5, gap=timedelta(hours=1)),
}


def ask_often(
    url: str, purses: list[Purse], name: str, start: Barrier, results: "Queue[tuple[int, int]]"
) -> None:
    """What one process does: for each purse wait for the others, then ask as fast as it can."""
    client = guard.connect(url)
    quota = Guard(client)
    for purse in purses:
        start.wait(60)
        results.put(
            (
                purse.account_id,
                sum(quota.reserve(purse, f"{name}-{number}").granted for number in range(ATTEMPTS)),
            )
        )
    client.close()


def test_however_many_ask_at_once_a_window_grants_its_limit_and_no_more(quota_url: str) -> None:
    purses = {name: make() for name, make in PURSES.items()}
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(PROCESSES)
    results: Queue[tuple[int, int]] = spawn.Queue()
    workers = [
        spawn.Process(target=ask_often, args=(quota_url, [*purses.values()], f"p{n}", start, results))
        for n in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    granted = dict.fromkeys((purse.account_id for purse in purses.values()), 0)
    for _ in range(PROCESSES * len(purses)):
        account_id, count = results.get(timeout=120)
        granted[account_id] += count
    for worker in workers:
        worker.join(30)
        assert worker.exitcode == 0
    results.close()
    results.join_thread()
    expected = {"run": LIMIT, "day": LIMIT, "week": LIMIT + 1, "two at once": LIMIT, "gap": 1}
    assert {name: granted[purse.account_id] for name, purse in purses.items()} == expected
    client = guard.connect(quota_url)
    # a refusal of one window charged no other
    assert Guard(client).remaining(purses["two at once"]) == Remaining(LIMIT, 0, 0)
    assert Guard(client).remaining(purses["run"]).day == 1000 - LIMIT
    client.close()
