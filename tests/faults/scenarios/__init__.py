"""All faults as scenarios. `QUICK` has several faults in one campaign."""

import signal
from typing import Final

from tests.faults.harness import EVERYBODY, SOME
from tests.faults.scenarios.clocks import CLOCKS
from tests.faults.scenarios.flower import FLOWER
from tests.faults.scenarios.messages import DOUBLES, queue_replayed, two_of_everything
from tests.faults.scenarios.model import Report, Scenario, Strike, combine, run
from tests.faults.scenarios.network import (
    HALF_OPEN,
    PUBLISHES_A_GREETING,
    REPLIES,
    commit_unanswered,
    postgres_half_open,
    postgres_reset,
    redis_half_open,
    redis_reset,
    reply_lost,
)
from tests.faults.scenarios.postgres import (
    POSTGRES,
    crash_before_record,
    cut_before_record,
    postgres_restarts,
)
from tests.faults.scenarios.processes import PROCESSES, VICTIMS, kills, random_kills
from tests.faults.scenarios.redis import (
    REDIS,
    connections_closed,
    redis_away,
    redis_flushed,
    redis_forgets,
    redis_refuses,
    scripts_flushed,
)
from tests.faults.scenarios.site import SITE
from tests.faults.scenarios.stops import STOPS, asked_to_stop, outlived
from tests.faults.scenarios.storm import storm
from tests.faults.scenarios.ticks import TICKS
from worker.failpoint import FAILPOINTS

FAULTS: Final = {
    **{
        f"SIGKILL of the {victim} at `{point}`": Scenario(kills(fault, (point, point)))
        for victim, fault in VICTIMS.items()
        for point in FAILPOINTS
    },
    **PROCESSES,
    **REDIS,
    "Redis away for 20 s": Scenario(redis_away(20)),
    **POSTGRES,
    **SITE,
    **DOUBLES,
    **STOPS,
    **REPLIES,
    **HALF_OPEN,
    **CLOCKS,
    **TICKS,
    **FLOWER,
}
"""Each fault in its own campaign, for the soak."""

AROUND_THE_SEND: Final = FAILPOINTS[FAILPOINTS.index("before_send") :]

QUICK: Final = {
    **{
        f"{victim}s killed at every point": Scenario(kills(fault, FAILPOINTS), EVERYBODY)
        for victim, fault in VICTIMS.items()
    },
    "children killed around the send": Scenario(kills(VICTIMS["child"], AROUND_THE_SEND), SOME),
    "redis": Scenario(combine(redis_forgets, redis_flushed, redis_away(3), redis_refuses(4)), EVERYBODY),
    "postgres": Scenario(
        combine(
            postgres_restarts(signal.SIGINT),
            postgres_restarts(signal.SIGQUIT),
            cut_before_record,
            crash_before_record,
        ),
        EVERYBODY,
    ),
    "site": Scenario(combine(*(scenario.strike for scenario in SITE.values()))),
    "doubles": Scenario(combine(two_of_everything, queue_replayed)),
    "stops": Scenario(
        combine(asked_to_stop, outlived("before_send"), connections_closed, scripts_flushed), EVERYBODY
    ),
    "network": Scenario(
        combine(
            redis_reset,
            postgres_reset,
            reply_lost(PUBLISHES_A_GREETING, times=2),
            reply_lost(b"EVALSHA", times=2),
            commit_unanswered("after_reserve"),
            commit_unanswered("after_proof"),
        ),
        EVERYBODY,
    ),
    "half-open": Scenario(combine(redis_half_open, postgres_half_open), EVERYBODY),
}
"""Several faults in one campaign, for the tests; most are marked soak."""

__all__ = [
    "AROUND_THE_SEND",
    "CLOCKS",
    "FAULTS",
    "PROCESSES",
    "QUICK",
    "TICKS",
    "VICTIMS",
    "Report",
    "Scenario",
    "Strike",
    "random_kills",
    "run",
    "storm",
]
