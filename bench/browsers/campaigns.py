"""A hundred campaigns at once over twenty accounts: quotas, fairness and memory.

`./run bench campaigns` starts Postgres, Redis, beat, a control worker and four browser workers on a site
without pages. One account starts as many campaigns as all the others together. Effects are counted in the
site's own ledger. `--quick` only shows that it works.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import text

from api_stub.client import TaskClient
from api_stub.stack.processes import Child
from bench.command import Given, run_bench
from bench.report import Row
from bench.system.memory import list_processes, measure_memory
from bench.system.stack import run_stack
from db.engine import Database
from db.store.people import accounts
from db.store.quota import limits
from tasks.contract import SOURCING_CAMPAIGN, VISITOR_CAMPAIGN, SourcingCampaign, VisitorCampaign
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits, Totals
from worker.rules.sourcing.criteria import Criteria
from worker.servers import redis_address

LONGEST = timedelta(minutes=30)
SAMPLE_EVERY = timedelta(seconds=1)
WORKERS = {
    "control": ("worker", "control"),
    **{f"browser{n}": ("worker", "browser", "--name", f"browser{n}") for n in range(1, 5)},
}
NO_GAP = timedelta(0)
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Size:
    """The size of the run, and what an account may do on a day."""

    accounts: int
    campaigns: int
    people: int
    pages_a_day: int
    views_a_day: int

    @property
    def names(self) -> Sequence[str]:
        """The accounts' names; the first starts half of the campaigns."""
        return [f"a{number:02}" for number in range(self.accounts)]


FULL = Size(accounts=20, campaigns=100, people=100, pages_a_day=15, views_a_day=100)
QUICK = Size(accounts=3, campaigns=6, people=12, pages_a_day=3, views_a_day=10)


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample while it runs: after so many seconds, openings by account, and bytes of memory."""

    seconds: float
    openings: Counter[str]
    memory: int


def add_accounts(database: Database, size: Size) -> None:
    pages = Limits(size.pages_a_day, size.pages_a_day, 7 * size.pages_a_day, NO_GAP, NO_GAP)
    views = Limits(size.views_a_day, size.views_a_day, 7 * size.views_a_day, NO_GAP, NO_GAP)
    with database.transaction() as session:
        for name in size.names:
            account = accounts.add_account(session, name=name, site="ledger", zone=ZoneInfo("UTC"))
            limits.set_limits(session, account.id, Kind.COLLECT, pages, by="bench")
            limits.set_limits(session, account.id, Kind.VISIT, views, by="bench")
            limits.set_totals(session, account.id, Totals(10_000, 70_000), by="bench")


def start_campaigns(client: TaskClient, size: Size) -> None:
    """Start all campaigns, every second one for the first account; one in five visits a list.

    No person is found by two campaigns, so that the ledger says which account opened a page.
    """
    others = size.names[1:]
    for number in range(size.campaigns):
        account = size.names[0] if number % 2 == 0 else others[number // 2 % len(others)]
        whose, campaign_id = f"{account}-{number}", uuid4()
        if number % 5 == 4:
            listed = tuple(f"ledger:{whose}-{n}" for n in range(size.people))
            to_visit = VisitorCampaign(account=account, campaign_id=campaign_id, profiles=listed, limit=1000)
            client.send(VISITOR_CAMPAIGN, to_visit, correlation_id=str(campaign_id))
        else:
            url = f"https://ledger.test/?people={size.people}&name={whose}"
            to_find = SourcingCampaign(
                account=account, campaign_id=campaign_id, url=url, criteria=Criteria(skills=("Planning",)),
                limit=1000,
            )  # fmt: skip
            client.send(SOURCING_CAMPAIGN, to_find, correlation_id=str(campaign_id))


def watch_until_done(
    database: Database, children: Sequence[Child], size: Size, report: Callable[[str], object]
) -> Sequence[Sample]:
    """Sample every second until all campaigns are planned and today's quota allows nothing more."""
    began, samples = time.perf_counter(), list[Sample]()
    while True:
        time.sleep(SAMPLE_EVERY.total_seconds())
        seconds = time.perf_counter() - began
        if seconds > LONGEST.total_seconds():
            raise TimeoutError(f"not done after {LONGEST}")
        with database.transaction() as session:
            counts = session.execute(
                text(
                    "select a.name, count(e.id) from accounts a left join action_events e "
                    "on e.account_id = a.id and e.to_state = 'acting' group by a.name"
                )
            ).all()
            started, going_on = session.execute(
                text(
                    "select (select count(*) from campaigns where state = 'planned'), "
                    "(select count(*) from actions where lease_until is not null "
                    "or (state = 'planned' and not_before <= now()))"
                )
            ).one()
        memory = measure_memory(list_processes(child.pid for child in children)).own
        samples.append(Sample(seconds, Counter(dict(map(tuple, counts))), memory))
        report(f"{samples[-1].openings.total()} openings, {started} of {size.campaigns} campaigns planned")
        if started == size.campaigns and going_on == 0:
            return samples


def count_by_site_ledger(folder: Path) -> tuple[Counter[str], Counter[str], int]:
    """Return how many pages and profiles each account opened, and how many twice, by the site's ledger."""
    pages: Counter[str] = Counter()
    views: Counter[str] = Counter()
    twice = 0
    for file in (folder / "ledger").glob("*.jsonl"):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        seen = Counter(str(line.get("page", line.get("visited"))) for line in lines)
        twice += sum(count > 1 for count in seen.values())
        for line in lines:
            where, whose = (pages, line["name"]) if "page" in line else (views, line["visited"])
            where[whose.removeprefix("ledger:").split("-")[0]] += 1
    return pages, views, twice


def build_rows(size: Size, samples: Sequence[Sample], folder: Path) -> Iterator[Row]:
    pages, views, twice = count_by_site_ledger(folder)
    openings, seconds = pages.total() + views.total(), samples[-1].seconds
    yield Row(
        f"{size.campaigns} campaigns over {size.accounts} accounts",
        f"{openings} openings in {seconds:.0f} s, {openings / seconds:.0f} a second", "", "", "",
    )  # fmt: skip
    yield Row("most pages of people by one account", f"{max(pages.values())}", "its day's quota",
              f"{max(pages.values()) / size.pages_a_day:.2f}", "<= 1")  # fmt: skip
    yield Row("most profiles by one account", f"{max(views.values())}", "its day's quota",
              f"{max(views.values()) / size.views_a_day:.2f}", "<= 1")  # fmt: skip
    yield Row("pages and profiles opened twice", f"{twice}", "", "", "0")
    slowest, fastest = find_halfway_times(samples)
    yield Row("the last account has half of its work done", f"after {slowest:.0f} s",
              f"the first, after {fastest:.0f} s", f"{slowest / fastest:.2f}", "<= 2")  # fmt: skip
    early, late = samples[len(samples) // 3].memory, samples[-1].memory
    then = f"after a third of the time, {early / MIB:.0f} MiB"
    yield Row("memory of all workers at the end", f"{late / MIB:.0f} MiB",
              then, f"{late / early:.2f}", "<= 1.05")  # fmt: skip


def find_halfway_times(samples: Sequence[Sample]) -> tuple[float, float]:
    """Return when the last and the first of the accounts had half of their openings, in seconds."""
    last = samples[-1].openings
    times = [
        next(sample.seconds for sample in samples if 2 * sample.openings[name] >= count)
        for name, count in last.items()
        if count
    ]
    return max(times), min(times)


def measure(given: Given) -> Iterator[Row]:
    """Start the campaigns, and watch."""
    size, ledger = given.pick(quick=QUICK, usual=FULL), given.folder / "ledger"
    ledger.mkdir()
    with run_stack(given.folder, WORKERS, ledger_dir=ledger) as stack:
        add_accounts(stack.database, size)
        with closing(TaskClient(redis_address.parse(stack.redis_url))) as client:
            start_campaigns(client, size)
        samples = watch_until_done(stack.database, [*stack.children.values()], size, given.say)
    return build_rows(size, samples, given.folder)


if __name__ == "__main__":
    run_bench(__doc__, measure)
