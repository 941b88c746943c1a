"""Faults of the network between workers and servers: dead connections, resets, lost replies."""

from typing import Final

from tests.faults.cluster import PortsOf
from tests.faults.harness import Harness
from tests.faults.scenarios.model import Scenario, Strike
from tests.proxy import Proxy

PUBLISHES_A_GREETING: Final = b"$5\r\nLPUSH\r\n$8\r\nbirthday\r\n"
LONGEST_SECONDS: Final = 200
"""A dead connection is given up after a hard limit, or by a periodic check."""


def redis_half_open(harness: Harness) -> int:
    """Every connection to Redis goes dead, with a child about to ask for quota. New ones work."""
    harness.next_greeting()
    child = harness.stop_at("after_claim")
    harness.to_redis.freeze()
    child.resume()
    harness.next_greeting(seconds=LONGEST_SECONDS)
    return 1


def redis_reset(harness: Harness) -> int:
    """The network resets every connection to Redis, once in the middle of an action."""
    child = harness.stop_at("after_claim")
    harness.to_redis.reset()
    child.resume()
    for _ in range(2):
        harness.next_greeting()
        harness.to_redis.reset()
    return 3


def reply_lost(words: bytes, *, times: int) -> Strike:
    """Redis executes the command with `words`, and the connection breaks before its reply."""

    def strike(harness: Harness) -> int:
        before = harness.to_redis.caught
        for _ in range(times):
            harness.to_redis.lose_reply(words)
            _wait_for_the_catch(harness, harness.to_redis)
        return harness.to_redis.caught - before

    return strike


def postgres_half_open(harness: Harness) -> int:
    """Every connection to Postgres goes dead around a click. New ones work."""
    child = harness.stop_at("before_send")
    harness.to_postgres.freeze()
    child.resume()
    harness.next_greeting(seconds=LONGEST_SECONDS)
    return 1


def dead_before_intent(harness: Harness) -> int:
    """A connection dies with a transaction open: Postgres keeps the row locked and receives nothing more."""
    for _ in range(2):
        harness.next_greeting()  # else the intent may meet a connection that an earlier fault has closed
    child = harness.stop_at("after_reserve")
    before = harness.to_postgres.caught
    harness.to_postgres.freeze_before(b"COMMIT", ports=PortsOf(child))
    child.resume()
    harness.next_greeting(seconds=LONGEST_SECONDS)
    return harness.to_postgres.caught - before


def postgres_reset(harness: Harness) -> int:
    """The network resets every connection to Postgres, once between the effect and its record."""
    child = harness.stop_at("after_proof")
    harness.to_postgres.reset()
    child.resume()
    for _ in range(2):
        harness.next_greeting()
        harness.to_postgres.reset()
    return 3


def commit_unanswered(point: str) -> Strike:
    """The child that passes `point` commits, and never receives Postgres' reply."""

    def strike(harness: Harness) -> int:
        child = harness.stop_at(point)
        before = harness.to_postgres.caught
        harness.to_postgres.lose_reply(b"COMMIT", ports=PortsOf(child))
        child.resume()
        _wait_for_the_catch(harness, harness.to_postgres)
        return harness.to_postgres.caught - before

    return strike


def commits_unanswered(harness: Harness) -> int:
    """Lose replies to any process's commits: claims, dispatches, heartbeats, records."""
    before = harness.to_postgres.caught
    for pause in (0.0, 0.4, 0.8, 1.2, 1.6):
        harness.run_for(pause)
        harness.to_postgres.lose_reply(b"COMMIT")
        _wait_for_the_catch(harness, harness.to_postgres)
    return harness.to_postgres.caught - before


def _wait_for_the_catch(harness: Harness, proxy: Proxy) -> None:
    """Wait until the proxy has caught a reply, or every action has ended."""
    harness.wait_for("a lost reply", lambda: not proxy.armed or harness.is_settled() or harness.advance())


REPLIES: Final = {
    "Redis connections reset by the network": Scenario(redis_reset),
    "reply lost on LPUSH": Scenario(reply_lost(PUBLISHES_A_GREETING, times=3)),
    "reply lost on EVALSHA": Scenario(reply_lost(b"EVALSHA", times=3)),
    "Postgres connections reset by the network": Scenario(postgres_reset),
    "reply lost on the COMMIT of the intent": Scenario(commit_unanswered("after_reserve")),
    "reply lost on the COMMIT of the record": Scenario(commit_unanswered("after_proof")),
    "reply lost on any COMMIT": Scenario(commits_unanswered),
}
HALF_OPEN: Final = {
    "Redis half-open": Scenario(redis_half_open),
    "Postgres half-open": Scenario(postgres_half_open),
    "Postgres half-open before the COMMIT of the intent": Scenario(dead_before_intent),
}
