"""Many readiness requests at once share one probe."""

import asyncio
import threading

from api_stub.http import readiness
from api_stub.http.models.health import Check, Readiness
from api_stub.http.readiness import ReadinessProbe
from tests.cluster import run_apart

MANY = 50


def test_many_who_ask_share_one_probe() -> None:
    asked: list[None] = []

    def ask() -> Check:
        asked.append(None)
        return Check(ok=True, detail="answers")

    async def crowd() -> list[Readiness]:
        probe = ReadinessProbe({"postgres": ask})
        at_once = await asyncio.gather(*(probe.check() for _ in range(MANY)))
        return [*at_once, await probe.check()]

    answers = run_apart(crowd)
    assert len(answers) == MANY + 1
    assert all(answer.ready for answer in answers)
    assert len(asked) == 1


def test_one_caller_that_goes_away_takes_nobodys_answer_along() -> None:
    let_go = threading.Event()

    def ask() -> Check:
        let_go.wait(60)
        return Check(ok=True, detail="answers")

    async def crowd() -> Readiness:
        probe = ReadinessProbe({"postgres": ask})
        first, second = (asyncio.create_task(probe.check()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        let_go.set()
        return await second

    assert run_apart(crowd).ready


def test_a_check_that_hangs_has_one_thread_and_further_callers_are_told_at_once() -> None:
    let_go = threading.Event()
    threads: list[int] = []

    def hang() -> Check:
        threads.append(threading.get_ident())
        let_go.wait(60)
        return Check(ok=True, detail="at last")

    async def crowd() -> list[Readiness]:
        probe = ReadinessProbe({"redis": hang})
        at_once = await asyncio.gather(*(probe.check() for _ in range(readiness.MAX_WAITING + MANY)))
        probe._stale_at = 0.0
        again = await probe.check()
        let_go.set()
        return [*at_once, again]

    answers = run_apart(crowd)
    assert not any(answer.ready for answer in answers)
    assert sum(answer.checks is None for answer in answers) == MANY
    assert len(threads) == 1
