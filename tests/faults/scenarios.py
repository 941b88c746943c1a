"""Every fault as a scenario: what strikes a running campaign, and what must then hold."""

import random
import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import psutil
from kombu.exceptions import OperationalError as BrokerError

from api_stub.sandbox.faults import FaultName
from db.engine import Database
from db.store import actions
from tasks.contract import BIRTHDAY_CAMPAIGN, BIRTHDAY_GREET, BIRTHDAY_READ, DISPATCH, RECOVER
from tests.faults.harness import (
    BROWSERS,
    EVERYBODY,
    TIME_LIMIT,
    Census,
    Harness,
    Quota,
)
from worker.failpoint import POINTS

VICTIMS: Final = {"child": "kill", "worker": "kill-parent"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fault. `strike` is called once the campaign is planned, and returns how often it has struck."""

    strike: Callable[[Harness], int]
    late_days: int = 0
    quota: Quota = Quota.EQUAL


@dataclass(frozen=True, slots=True)
class Report:
    """One run of a scenario."""

    strikes: int
    seconds: float
    census: Census


def run(harness: Harness, scenario: Scenario) -> Report:
    """Strike a campaign of its own, wait for every action's end, and count at the receiver."""
    began = time.perf_counter()
    harness.fresh()
    harness.campaign(late_days=scenario.late_days)
    strikes = scenario.strike(harness)
    harness.settle()
    harness.site.clear_faults()
    return Report(strikes, time.perf_counter() - began, harness.verdict(scenario.quota))


# --- processes that die


def kills(fault: str, points: tuple[str, ...]) -> Callable[[Harness], int]:
    """Strike at each of `points` in turn, in one campaign."""

    def strike(harness: Harness) -> int:
        for point in points:
            harness.strike(point, fault)
        return len(points)

    return strike


def random_kills(harness: Harness, draw: random.Random, wanted: int) -> int:
    """Kill children and whole workers at random moments, for as long as there is work left."""
    for count in range(wanted):
        harness.rest(draw.uniform(0.2, 2.5))
        if harness.done() == len(harness.action_ids()):
            return count
        kill_somebody(harness, draw)
        harness.tick(RECOVER, DISPATCH)
        harness.hurry()
    return wanted


def kill_somebody(harness: Harness, draw: random.Random) -> None:
    """SIGKILL a random one of: a browser worker's child, a browser worker, the control worker, beat."""
    name = draw.choice((*BROWSERS, *BROWSERS, "control", "beat"))
    hands = harness.hands(name)
    if hands and draw.random() < 0.6:
        with suppress(psutil.NoSuchProcess):
            draw.choice(hands).kill()
    else:
        harness.child(name).send(signal.SIGKILL)


# --- Redis


def redis_forgets(harness: Harness) -> int:
    """Killed, and started again with nothing."""
    harness.strike("after_reserve", "kill")
    harness.restart_redis(keep=False)
    return 1


def redis_flushed(harness: Harness) -> int:
    """FLUSHALL in mid-campaign."""
    harness.next_greeting()
    harness.on_redis("FLUSHALL")
    return 1


def redis_away(seconds: float) -> Callable[[Harness], int]:
    """Connections are refused for a while; the data is kept."""

    def strike(harness: Harness) -> int:
        harness.next_greeting()
        harness.restart_redis(keep=True, down=seconds)
        return 1

    return strike


def scripts_flushed(harness: Harness) -> int:
    """SCRIPT FLUSH between decisions."""
    for _ in range(3):
        harness.next_greeting()
        harness.on_redis("SCRIPT", "FLUSH")
    return 3


def connections_reset(harness: Harness) -> int:
    """Every TCP connection to a healthy Redis is reset, once in the middle of an action."""
    child = harness.stop_at("before_send")
    for kind in ("normal", "pubsub"):
        harness.on_redis("CLIENT", "KILL", "TYPE", kind)
    child.resume()
    for _ in range(2):
        harness.next_greeting()
        harness.on_redis("CLIENT", "KILL", "TYPE", "normal")
    return 3


# --- messages


def messages_doubled(harness: Harness) -> int:
    """Each action's message many times over, so that both workers hold it at once."""
    copies = 0
    ids = harness.action_ids()
    while harness.done() < len(ids):
        for action_id in ids:
            harness.publish(BIRTHDAY_GREET, "birthday", action_id=str(action_id))
        copies += len(ids)
        harness.rest(0.3)
    return copies


def queue_replayed(harness: Harness) -> int:
    """Everything that was ever published once more: the campaign, its reading, each greeting."""
    harness.settle()
    campaign = harness.campaigns[-1]
    ids = harness.action_ids()
    for _ in range(3):
        harness.publish(BIRTHDAY_CAMPAIGN, account="demo", late_days=0, campaign_id=str(campaign))
        harness.publish(BIRTHDAY_READ, "birthday", campaign_id=str(campaign))
        for action_id in ids:
            harness.publish(BIRTHDAY_GREET, "birthday", action_id=str(action_id))
    harness.rest(2)
    return 3 * (len(ids) + 2)


def two_beats(harness: Harness) -> int:
    """A second beat for the whole campaign."""
    harness.start("beat2", "beat")
    harness.settle()
    harness.retire("beat2")
    return 1


def many_dispatchers(harness: Harness, *, copies: int = 1) -> int:
    """Four more dispatchers than the one in the control worker, as fast as they can."""

    def dispatch(_: int) -> int:
        database = Database(harness.postgres.url, application_name="a dispatcher")
        queued = 0
        deadline = time.perf_counter() + 30
        while harness.done() < planned and time.perf_counter() < deadline:
            with database.transaction() as session:
                due = list(actions.queue_due(session, batch=10, lease=TIME_LIMIT))
            for nudge in due * copies:
                harness.publish(BIRTHDAY_GREET, "birthday", action_id=str(nudge.action_id))
            queued += len(due)
        database.close()
        return queued

    planned = len(harness.action_ids())
    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(dispatch, range(4)))


def two_of_everything(harness: Harness) -> int:
    """Two beats, five dispatchers and four copies of each message at once."""
    harness.start("beat2", "beat")
    strikes = many_dispatchers(harness, copies=4)
    harness.retire("beat2")
    return strikes


# --- Postgres


def postgres_restarts(how: signal.Signals) -> Callable[[Harness], int]:
    """Restarted in the middle of an action: SIGINT is a fast shutdown, SIGQUIT an immediate one."""

    def strike(harness: Harness) -> int:
        child = harness.stop_at("before_send")
        harness.restart_postgres(how)
        child.resume()
        harness.next_greeting()
        harness.restart_postgres(how)
        return 2

    return strike


def cut_before_record(harness: Harness) -> int:
    """The connections die between the effect and its record."""
    child = harness.stop_at("after_proof")
    harness.cut_postgres()
    child.resume()
    return 1


def crash_before_record(harness: Harness) -> int:
    """Postgres itself crashes between the effect and its record."""
    child = harness.stop_at("after_proof")
    harness.restart_postgres(signal.SIGQUIT)
    child.resume()
    return 1


# --- a site that lies


def site(
    name: FaultName, *, times: int, path_prefix: str | None = None, value: float | None = None
) -> Callable[[Harness], int]:
    """The practice network misbehaves `times` times."""

    def strike(harness: Harness) -> int:
        harness.site.fault(name, value, times=times, path_prefix=path_prefix)
        return times

    return strike


def wedged(harness: Harness) -> int:
    """A child hangs at the click for longer than the time limit: it is killed, and its slot is free again."""
    child = harness.stop_at("before_send")
    harness.wait_for("the hard limit", lambda: not child.is_running(), seconds=2 * TIME_LIMIT.total_seconds())
    return 1


# --- workers that stop


def outlived(point: str) -> Callable[[Harness], int]:
    """A child is stopped until its lease is over and another has sent its greeting. Then it goes on."""

    def strike(harness: Harness) -> int:
        child = harness.stop_at(point)
        action_id, name = harness.held_by(child), harness.worker_of(child)
        ended = harness.log(name).count("action_ended")
        harness.wait_for(
            "another worker to do it",
            lambda: harness.is_done(action_id),
            seconds=(TIME_LIMIT - timedelta(seconds=3)).total_seconds(),
        )
        child.resume()
        harness.wait_for("the late one to end", lambda: harness.log(name).count("action_ended") > ended)
        return 1

    return strike


def asked_to_stop(harness: Harness) -> int:
    """SIGTERM in the middle of an action: it is finished, nothing new is begun, and the worker exits."""
    child = harness.stop_at("before_send")
    name = harness.worker_of(child)
    worker = harness.child(name)
    ended = harness.log(name).count("action_ended")
    worker.send(signal.SIGTERM)
    time.sleep(0.5)
    child.resume()
    assert worker.wait(timedelta(seconds=15)) == 0
    assert worker.log.read_text().count("action_ended") == ended + 1
    return 1


# --- all of it


def medley(*strikes: Callable[[Harness], int]) -> Callable[[Harness], int]:
    """One fault after another in one campaign."""
    return lambda harness: sum(strike(harness) for strike in strikes)


def storm(seed: int, seconds: float) -> Callable[[Harness], int]:
    """All of it at random, then calm. Redis keeps its data, so the quota can be held to account."""

    def strike(harness: Harness) -> int:
        draw = random.Random(seed)
        harness.site.fault(FaultName.SLOW, 150)
        faults = storm_faults(draw)
        until = time.perf_counter() + seconds
        strikes = 0
        while time.perf_counter() < until:
            harness.rest(draw.uniform(0.2, 1.5))
            name = draw.choice(sorted(faults))
            with suppress(BrokerError):
                faults[name](harness)
            harness.hurry()
            harness.tick(RECOVER, DISPATCH)
            strikes += 1
        for child in harness.stopped():
            child.resume()
        harness.site.clear_faults()
        return strikes

    return strike


def storm_faults(draw: random.Random) -> Mapping[str, Callable[[Harness], object]]:
    """What a storm is made of."""

    def pause(harness: Harness) -> None:
        hands = [hand for name in BROWSERS for hand in harness.hands(name)]
        with suppress(psutil.NoSuchProcess):
            hand = draw.choice(hands or [psutil.Process()])
            if hand.pid != psutil.Process().pid:
                hand.suspend()
                harness.rest(draw.uniform(0.1, 1.5))
                hand.resume()

    def doubles(harness: Harness) -> None:
        for action_id in harness.action_ids():
            harness.publish(BIRTHDAY_GREET, "birthday", action_id=str(action_id))

    return {
        "kill": lambda harness: kill_somebody(harness, draw),
        "pause": pause,
        "doubles": doubles,
        "redis restarts": lambda harness: harness.restart_redis(keep=True, down=draw.uniform(0, 1)),
        "redis resets": lambda harness: harness.on_redis("CLIENT", "KILL", "TYPE", "normal"),
        "scripts flushed": lambda harness: harness.on_redis("SCRIPT", "FLUSH"),
        "postgres restarts": lambda harness: harness.restart_postgres(
            draw.choice((signal.SIGINT, signal.SIGQUIT))
        ),
        "postgres cuts": lambda harness: harness.cut_postgres(),
        "reply swallowed": site(FaultName.SEND_SWALLOWS_REPLY, times=1),
        "no effect": site(FaultName.SEND_NO_EFFECT, times=1),
        "http 500": site(FaultName.HTTP_500, times=1),
    }


REDIS: Final = {
    "Redis restarts empty": Scenario(redis_forgets, quota=Quota.UNKNOWN),
    "FLUSHALL": Scenario(redis_flushed, quota=Quota.UNKNOWN),
    "Redis away for 3 s": Scenario(redis_away(3), quota=Quota.AT_LEAST),
    "every message many times": Scenario(messages_doubled),
    "the queue replayed": Scenario(queue_replayed),
}
POSTGRES: Final = {
    "Postgres restarts, fast": Scenario(postgres_restarts(signal.SIGINT)),
    "Postgres restarts, immediate": Scenario(postgres_restarts(signal.SIGQUIT)),
    "Postgres connection lost before the record": Scenario(cut_before_record),
    "Postgres crashes before the record": Scenario(crash_before_record),
}
SITE: Final = {
    "site swallows the reply": Scenario(site(FaultName.SEND_SWALLOWS_REPLY, times=2)),
    "site takes no message": Scenario(site(FaultName.SEND_NO_EFFECT, times=1)),
    "site shows it late": Scenario(site(FaultName.LATE_SHOW_S, times=1, value=1)),
    "site answers 500": Scenario(site(FaultName.HTTP_500, times=2)),
    "site hangs": Scenario(site(FaultName.HANG, times=1)),
}
DOUBLES: Final = {
    "two beats": Scenario(two_beats),
    "five dispatchers": Scenario(many_dispatchers),
}
STOPS: Final = {
    "stopped past the lease before the click": Scenario(outlived("before_send")),
    "stopped past the lease after the claim": Scenario(outlived("after_claim")),
    "stopped past the time limit": Scenario(wedged),
    "SIGTERM in mid-action": Scenario(asked_to_stop),
    "connections to Redis reset": Scenario(connections_reset),
    "SCRIPT FLUSH": Scenario(scripts_flushed),
}

QUICK: Final = {
    **{
        f"{victim}s killed at every point": Scenario(kills(fault, POINTS), EVERYBODY)
        for victim, fault in VICTIMS.items()
    },
    "redis": Scenario(medley(redis_forgets, redis_flushed, redis_away(3)), EVERYBODY, Quota.UNKNOWN),
    "postgres": Scenario(
        medley(
            postgres_restarts(signal.SIGINT),
            postgres_restarts(signal.SIGQUIT),
            cut_before_record,
            crash_before_record,
        ),
        EVERYBODY,
    ),
    "site": Scenario(medley(*(scenario.strike for scenario in SITE.values()))),
    "doubles": Scenario(medley(two_of_everything, queue_replayed)),
    "stops": Scenario(
        medley(asked_to_stop, outlived("before_send"), connections_reset, scripts_flushed), EVERYBODY
    ),
}
"""Several faults in one campaign, to be quick: what ./run test runs. The soak runs each by itself."""
