"""Redis is killed, loses its data, is away, or refuses to write."""

from typing import Final

from tests.faults.harness import Harness
from tests.faults.scenarios.model import Scenario, Strike


def redis_forgets(harness: Harness) -> int:
    """Redis is killed and started again without its data."""
    harness.strike("after_reserve", "kill")
    harness.restart_redis(keep=False)
    return 1


def redis_flushed(harness: Harness) -> int:
    """FLUSHALL in mid-campaign."""
    harness.next_greeting()
    harness.run_redis_command("FLUSHALL")
    return 1


def redis_away(seconds: float) -> Strike:
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
        harness.run_redis_command("SCRIPT", "FLUSH")
    return 3


def connections_closed(harness: Harness) -> int:
    """A healthy Redis closes every connection, once in the middle of an action."""
    child = harness.stop_at("before_send")
    for kind in ("normal", "pubsub"):
        harness.run_redis_command("CLIENT", "KILL", "TYPE", kind)
    child.resume()
    for _ in range(2):
        harness.next_greeting()
        harness.run_redis_command("CLIENT", "KILL", "TYPE", "normal")
    return 3


def redis_refuses(seconds: float) -> Strike:
    """Redis answers and reads, but has no memory left to write; then it has again."""

    def strike(harness: Harness) -> int:
        harness.next_greeting()
        harness.run_redis_command("CONFIG", "SET", "maxmemory", 1)
        harness.run_for(seconds)
        harness.run_redis_command("CONFIG", "SET", "maxmemory", 0)
        return 1

    return strike


REDIS: Final = {
    "Redis restarts empty": Scenario(redis_forgets),
    "FLUSHALL": Scenario(redis_flushed),
    "Redis away for 3 s": Scenario(redis_away(3)),
    "Redis refuses writes for 6 s": Scenario(redis_refuses(6)),
    "connections to Redis closed": Scenario(connections_closed),
    "SCRIPT FLUSH": Scenario(scripts_flushed),
}
