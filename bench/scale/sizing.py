"""Machines and money for so many accounts, from unit costs, what the simulation finds, and assumptions."""

import math
from dataclasses import dataclass
from typing import Final

from bench.scale.unit_costs import UnitCosts

HOURS_A_MONTH: Final = 730
DAYS_A_YEAR: Final = 365


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What nothing here measures. Prices are in dollars, and are not those of any provider.

    `site_s` is how much longer a real site's pages take for an action than those of the practice network.
    The campaigns of a morning are to be planned within `planned_within_s`. `busiest` is the share of a
    processor that may be used at the busiest time of the day.
    """

    core_hour: float = 0.04
    gb_month: float = 0.10
    memory_gb_of_a_core: float = 4.0
    machine_cores: int = 16
    postgres_cores: int = 32
    busiest: float = 0.6
    site_s: float = 10.0
    contacts_of_an_account: int = 1_000
    planned_within_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Need:
    """What so many accounts need at the busiest time of the day, and their storage after a year."""

    accounts: int
    actions_a_second: float
    workers: int
    worker_cores: float
    postgres_cores: float
    redis_cores: float
    redis_gb: float
    control_cores: float
    storage_gb: float
    shards: int
    machines: int
    dollars_a_month: float

    @property
    def dollars_of_an_account(self) -> float:
        """Its share of a month's money."""
        return self.dollars_a_month / self.accounts


def size(accounts: int, capacity: float, week: int, costs: UnitCosts, given: Assumptions) -> Need:
    """Return what the accounts need; `capacity` is actions a second of one, `week` its actions in 7 days."""
    rate = accounts * capacity
    workers = math.ceil(rate * (costs.browser_s + given.site_s))
    # A browser's processor time isn't measured: while it works on its pages, it counts as one core.
    busy = rate * (costs.browser_s + costs.workers_ms / 1e3) / given.busiest
    worker_cores = max(busy, workers * costs.browser_mb / 1e3 / given.memory_gb_of_a_core)
    planning_ms = accounts * costs.planning_ms / given.planned_within_s
    postgres, redis, control = (
        each / 1e3 / given.busiest
        for each in (rate * costs.postgres_ms, rate * costs.redis_ms, rate * costs.control_ms + planning_ms)
    )
    actions_a_year = accounts * week / 7 * DAYS_A_YEAR
    storage = (
        actions_a_year * costs.action_kb + accounts * given.contacts_of_an_account * costs.contact_kb
    ) / 1e6
    shards = max(1, math.ceil(postgres / given.postgres_cores), math.ceil(redis))
    cores = worker_cores + postgres + redis + control
    machines = math.ceil(cores / given.machine_cores)
    dollars = max(cores, given.machine_cores / 8) * given.core_hour * HOURS_A_MONTH + storage * given.gb_month
    return Need(
        accounts,
        rate,
        workers,
        worker_cores,
        postgres,
        redis,
        accounts * costs.quota_kib * 1.024e-6,
        control,
        storage,
        shards,
        machines,
        dollars,
    )


@dataclass(frozen=True, slots=True)
class Limit:
    """What one of something carries: how many a second, and how many accounts those are."""

    what: str
    cost: str
    a_second: float
    accounts: float
    then: str


def list_limits(capacity: float, costs: UnitCosts, given: Assumptions) -> list[Limit]:
    """Return what saturates, the first to do so first."""
    a_machine = given.machine_cores * given.memory_gb_of_a_core * 1e3 / costs.browser_mb
    by_memory = a_machine / (costs.browser_s + given.site_s)
    by_cores = given.machine_cores * given.busiest / (costs.browser_s + costs.workers_ms / 1e3)
    rates = [
        (
            "one browser worker", f"{costs.browser_s + given.site_s:.1f} s and {costs.browser_mb:,.0f} MB",
            1 / (costs.browser_s + given.site_s), "more workers",
        ),
        (
            f"one machine of {given.machine_cores} cores for browsers",
            f"{'memory' if by_memory < by_cores else 'processor'}", min(by_memory, by_cores),
            "more machines, each with its workers",
        ),
        (
            "one control worker: dispatch", f"{costs.dispatch_ms:.2f} ms",
            given.busiest * 1e3 / costs.dispatch_ms,
            "more control workers: dispatchers skip accounts that another one has locked",
        ),
        (
            f"one Postgres of {given.postgres_cores} cores", f"{costs.postgres_ms:.2f} ms",
            given.postgres_cores * given.busiest * 1e3 / costs.postgres_ms,
            "shards by account: an installation for each, with its own Postgres, Redis and workers",
        ),
        (
            "one Redis: Celery's broker and the quota", f"{costs.redis_ms:.2f} ms",
            given.busiest * 1e3 / costs.redis_ms,
            "the broker and the quota on servers of their own, then a broker for each shard",
        ),
    ]  # fmt: skip
    limits = [Limit(what, cost, rate, rate / capacity, then) for what, cost, rate, then in rates]
    planned = given.busiest * 1e3 / costs.planning_ms
    limits.append(
        Limit(
            "one control worker: the campaigns of a morning",
            f"{costs.planning_ms:.2f} ms of a campaign",
            planned,
            planned * given.planned_within_s,
            "more control workers, or schedules at different times",
        )
    )
    return sorted(limits, key=lambda each: each.accounts)
