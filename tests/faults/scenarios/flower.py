"""Buttons of Flower, pressed while a campaign runs: by its HTTP API, or in a browser (FlowerPages)."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Final

import redis

from db.store import kill_switch
from tests.faults.census import Quota
from tests.faults.cluster import BROWSERS
from tests.faults.flower import GREET, Flower
from tests.faults.harness import EVERYBODY, Harness
from tests.faults.scenarios.model import Scenario, Strike
from worker.failpoint import FAILPOINTS

Press = Callable[[Harness, Flower], int]

TERMINATING: Final = ("SIGTERM", "SIGKILL", "SIGQUIT")
REFUSED: Final[tuple[tuple[str, dict[str, str | int], str], ...]] = (
    ("pool/grow", {"n": 1}, "start another worker instead"),
    ("pool/shrink", {"n": 1}, "or shut this one down"),
    ("pool/autoscale", {"min": 1, "max": 4}, "start another worker instead"),
    ("pool/restart", {}, "shut the worker down instead"),
    (f"task/rate-limit/{GREET}", {"ratelimit": 1}, "rapport quota set"),
    (f"task/timeout/{GREET}", {"soft": 1}, "RAPPORT_ACTION_TIME_LIMIT"),
    (f"task/timeout/{GREET}", {"hard": 2}, "RAPPORT_ACTION_TIME_LIMIT"),
    ("queue/add-consumer", {"queue": "control"}, "birthday, visitor, sourcing"),
    ("queue/add-consumer", {"queue": "brithday"}, "birthday, visitor, sourcing"),
)
"""Buttons that would change a worker, what is typed beside them, and what the answer says to do instead."""


def with_flower(press: Press) -> Strike:
    """Return a strike that presses buttons of a Flower. The kill switch holds greetings until it runs."""

    def strike(harness: Harness) -> int:
        with ExitStack() as held:
            held.enter_context(held_greetings(harness))
            with Flower(harness) as flower:
                held.close()
                return press(harness, flower)

    return strike


@contextmanager
def held_greetings(harness: Harness) -> Iterator[None]:
    """Hold greetings by the kill switch, so that they don't run out of people meanwhile."""
    with harness.database.transaction() as session:
        kill_switch.pull_kill_switch(session, by="tests")
    yield
    with harness.database.transaction() as session:
        kill_switch.release_kill_switch(session)


def cancel(flower: Flower, worker: str) -> None:
    """Let a worker take no more greetings."""
    status, words = flower.press("queue/cancel-consumer", worker, queue="birthday")
    assert status == 200, (status, words)


def add(flower: Flower, worker: str) -> None:
    """Let a worker take greetings again."""
    status, words = flower.press("queue/add-consumer", worker, queue="birthday")
    assert status == 200, (status, words)


@contextmanager
def nobody_takes_greetings(harness: Harness, flower: Flower) -> Iterator[None]:
    """Let no worker take greetings in this block, and all of them after it, also if it fails."""
    try:
        with held_greetings(harness):  # a page's buttons take seconds
            for name in BROWSERS:
                cancel(flower, name)
        yield
    finally:
        for name in BROWSERS:
            add(flower, name)


def revoked(harness: Harness, flower: Flower) -> int:
    """The message of a greeting that no worker has taken yet is revoked. Flower doesn't show such a one."""
    with nobody_takes_greetings(harness, flower), redis.Redis.from_url(harness.redis.url) as broker:
        waiting = harness.wait_for("a message to wait", lambda: broker.lindex("birthday", 0))
        task_id = json.loads(waiting)["headers"]["id"]
        flower.revoke(task_id)
    harness.wait_for(
        "its message to be dropped",
        lambda: any(f"Discarding revoked task: {GREET}[{task_id}]" in harness.log(name) for name in BROWSERS),
    )
    return 1


def revoked_on_arrival(harness: Harness, flower: Flower) -> int:
    """A greeting is revoked that a worker has taken and its child has not begun: it does it all the same."""
    with nobody_takes_greetings(harness, flower):
        harness.wait_for("a message to wait", lambda: harness.run_redis_command("LLEN", "birthday"))
        first = BROWSERS[0]
        (child,) = harness.wait_for("an idle child", lambda: harness.pool_children(first))
        child.suspend()
        done = harness.count_done()
        add(flower, first)
        flower.revoke_received(flower.task("RECEIVED", first))
        child.resume()
        harness.wait_for("the greeting", lambda: harness.count_done() > done)
    return 1


def refused(harness: Harness, flower: Flower) -> int:
    """Whatever would change the worker that is about to send is refused, with what to do instead."""
    child = harness.stop_at("before_send")
    name = harness.worker_of(child)
    for button, fields, instead in REFUSED:
        status, words = flower.press(button, name, **fields)
        assert (status, instead in words) == (403, True), (button, words)
    assert harness.pool_children(name) == [child]
    child.resume()
    harness.next_greeting()
    return 1


def terminated(point: str, signal: str) -> Press:
    """A running greeting is terminated."""

    def press(harness: Harness, flower: Flower) -> int:
        flower.terminate_stopped(harness.stop_at(point), signal)
        return 1

    return press


def terminated_at_random(harness: Harness, flower: Flower) -> int:
    """Running greetings are terminated at random moments, so also inside a transaction."""
    draw = random.Random(24)
    pressed = 0
    while pressed < 8 and not harness.is_settled():
        harness.run_for(draw.uniform(0, 0.6))
        for task_id in flower.tasks("STARTED")[:1]:
            flower.terminate(task_id, "SIGTERM")
            pressed += 1
            harness.next_greeting()  # an action whose worker died five times before it acted would fail
    return pressed


def shut_down(harness: Harness, flower: Flower) -> int:
    """A worker is shut down in the middle of an action: it finishes it, and exits."""
    child = harness.stop_at("before_send")
    name = harness.worker_of(child)
    worker, ended = harness.child(name), harness.log(name).count("action_ended")
    assert flower.press("shutdown", name)[0] == 200
    harness.wait_for("the command", lambda: "Got shutdown from remote" in harness.log(name))
    child.resume()
    assert worker.wait(timedelta(seconds=15)) == 0
    assert worker.log.read_text().count("action_ended") == ended + 1
    return 1


def consumer_cancelled(harness: Harness, flower: Flower) -> int:
    """The worker that is about to send takes no more greetings; the other one goes on alone."""
    child = harness.stop_at("before_send")
    name = harness.worker_of(child)
    cancel(flower, name)
    child.resume()
    harness.next_greeting()
    harness.next_greeting()
    add(flower, name)
    return 1


FLOWER: Final = {
    "Flower: revoke before a worker takes it": Scenario(with_flower(revoked)),
    "Flower: revoke before its child begins": Scenario(with_flower(revoked_on_arrival)),
    **{
        f"Flower: terminate with {signal} at `{point}`": Scenario(with_flower(terminated(point, signal)))
        for signal in TERMINATING
        for point in FAILPOINTS
    },
    "Flower: terminate at random moments": Scenario(
        with_flower(terminated_at_random), EVERYBODY, Quota.AT_LEAST
    ),
    "Flower: what is refused, in mid-action": Scenario(with_flower(refused)),
    "Flower: shut down in mid-action": Scenario(with_flower(shut_down)),
    "Flower: cancel consumer in mid-action": Scenario(with_flower(consumer_cancelled)),
}

BUTTONS: Final = (
    revoked,
    terminated("before_send", "SIGTERM"),
    terminated("after_send", "SIGTERM"),
    shut_down,
    refused,
)
"""Presses for one campaign of five people, for ./run test."""
ALL_BUTTONS: Final = (revoked_on_arrival, *BUTTONS, consumer_cancelled)
"""Every button that changes something, for one campaign of more people."""
