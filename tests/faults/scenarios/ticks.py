"""Ticks that are lost: beat is down, or Redis is away, when a schedule's time comes."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select

from db.store.campaigns import schedules
from db.tables import ScheduleFire
from tests.builders import database_now
from tests.faults.harness import Harness
from tests.faults.scenarios.model import Scenario
from worker.rules.model import CampaignKind

TICK_S: Final = 15
"""How often beat looks at the schedules (celeryconfig)."""


def redis_away_at_the_tick(harness: Harness) -> int:
    """A yearly schedule comes due while Redis is away for longer than a tick."""
    harness.next_greeting()
    _schedule(harness, "0 0 1 1 *", due_in=timedelta(seconds=1))
    harness.restart_redis(keep=True, down=TICK_S + 2)
    return _fired_once(harness)


def beat_down_for_three_fires(harness: Harness) -> int:
    """Beat comes back when an hourly schedule has missed three fires: only the latest is made up for."""
    harness.next_greeting()
    harness.stop_for_good("beat")
    _schedule(harness, "0 * * * *", due_in=-timedelta(hours=3))
    harness.run_for(2)
    harness.start("beat", "beat")
    return _fired_once(harness)


def _schedule(harness: Harness, cron: str, *, due_in: timedelta) -> None:
    assert harness.account is not None
    with harness.database.transaction() as session:
        schedules.save_schedule(
            session, account_id=harness.account.id, kind=CampaignKind.BIRTHDAY, cron=cron,
            options={"late_days": 0}, next_fire_at=database_now(session) + due_in,
        )  # fmt: skip


def _fired_once(harness: Harness) -> int:
    harness.wait_for("the schedule to fire", lambda: _fires(harness) > 0, seconds=90)
    harness.wait_until_settled()
    harness.run_for(TICK_S + 2)
    assert _fires(harness) == 1, "the schedule fired more than once"
    return 1


def _fires(harness: Harness) -> int:
    with harness.database.transaction() as session:
        return session.scalars(select(func.count()).select_from(ScheduleFire)).one()


TICKS: Final = {
    "Redis away at a schedule's tick": Scenario(redis_away_at_the_tick),
    "beat down for three fires": Scenario(beat_down_for_three_fires),
}
