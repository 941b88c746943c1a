"""A hundred campaigns at once over twenty accounts: whether quotas hold, nobody starves, memory stays flat.

`python -m bench.campaigns` starts Postgres, Redis, beat, a control worker and four browser workers on a site
without pages. One account asks for as much as all the others together. What reached the site is counted in
the site's own ledger. `--quick` only shows that it works.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import psutil
from cryptography.fernet import Fernet
from rich.console import Console  # noqa: TID251 -- prints only its own figures
from sqlalchemy import text

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.client import TaskClient
from api_stub.stack.environment import inherited_environment, settings_environment
from api_stub.stack.postgres import Postgres
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.redis import Redis
from bench.report import Row, show
from db.engine import Database
from db.store.people import accounts
from db.store.quota import limits
from tasks.contract import SOURCING_CAMPAIGN, VISITOR_CAMPAIGN, SourcingCampaign, VisitorCampaign
from worker import redis_address
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits, Totals
from worker.rules.sourcing.criteria import Criteria

LONGEST = timedelta(minutes=30)
LOOK_EVERY = timedelta(seconds=1)
WORKERS = {"control": "control", **{f"browser{n}": "browser" for n in range(1, 5)}}
NO_GAP = timedelta(0)
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked for, and what an account may do on a day."""

    accounts: int
    campaigns: int
    people: int
    pages_a_day: int
    views_a_day: int

    @property
    def names(self) -> Sequence[str]:
        """The accounts; the first asks for half of everything."""
        return [f"a{number:02}" for number in range(self.accounts)]


FULL = Size(accounts=20, campaigns=100, people=100, pages_a_day=25, views_a_day=200)
QUICK = Size(accounts=3, campaigns=6, people=12, pages_a_day=3, views_a_day=10)


@dataclass(frozen=True, slots=True)
class Look:
    """One look while it runs: after so many seconds, openings by account, and bytes of memory."""

    seconds: float
    openings: Counter[str]
    memory: int


@contextmanager
def running(folder: Path) -> Iterator[tuple[Database, TaskClient, Sequence[Child]]]:
    """Start everything but a browser, and stop it at the end."""
    ledger = folder / "ledger"
    ledger.mkdir()
    table = ProcessTable(folder)
    children: list[Child] = []
    postgres = Postgres(folder, durable=False)
    with postgres, Redis(folder) as redis:
        migrate_and_seed(postgres.url)
        settings = {
            "database_url": postgres.url,
            "redis_url": redis.url,
            "secret_keys": Fernet.generate_key().decode(),
            "ledger_dir": ledger,
            "dispatch_every": timedelta(seconds=1),
            "log_level": "WARNING",
        }
        env = {**inherited_environment(), **settings_environment(settings)}
        database = Database(postgres.url, application_name="bench")
        client = TaskClient(redis_address.parse(redis.url))
        try:
            arguments = {name: ["worker", role, "--name", name] for name, role in WORKERS.items()}
            for name, words in {**arguments, "beat": ["beat"]}.items():
                argv = [sys.executable, "-m", "api_stub.cli", *words]
                children.append(table.start(name, argv, env))
            yield database, client, children
        finally:
            for child in children:
                child.request_stop()
            for child in children:
                child.stop(timedelta(seconds=10))
            client.close()
            database.close()
    postgres.remove_data()


def add_accounts(database: Database, size: Size) -> None:
    pages = Limits(size.pages_a_day, size.pages_a_day, 7 * size.pages_a_day, NO_GAP, NO_GAP)
    views = Limits(size.views_a_day, size.views_a_day, 7 * size.views_a_day, NO_GAP, NO_GAP)
    with database.transaction() as session:
        for name in size.names:
            account = accounts.add_account(session, name=name, site="ledger", zone=ZoneInfo("UTC"))
            limits.set_limits(session, account.id, Kind.COLLECT, pages, by="bench")
            limits.set_limits(session, account.id, Kind.VISIT, views, by="bench")
            limits.set_totals(session, account.id, Totals(10_000, 70_000), by="bench")


def ask(client: TaskClient, size: Size) -> None:
    """Ask for all campaigns, every second one for the first account; one in five visits a list.

    Nobody is found by two of them, so that the ledger tells whose opening each was.
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


def watch(
    database: Database, children: Sequence[Child], size: Size, tell: Callable[[str], object]
) -> Sequence[Look]:
    """Look every second until all campaigns are planned and nothing is left that today's quota allows."""
    began, looks = time.perf_counter(), list[Look]()
    while True:
        time.sleep(LOOK_EVERY.total_seconds())
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
        looks.append(Look(seconds, Counter(dict(map(tuple, counts))), memory_of(children)))
        tell(f"{looks[-1].openings.total()} openings, {started} of {size.campaigns} campaigns planned")
        if started == size.campaigns and going_on == 0:
            return looks


def memory_of(children: Sequence[Child]) -> int:
    """Return the bytes that only these processes and their children hold (USS)."""
    total = 0
    for child in children:
        process = psutil.Process(child.pid)
        for one in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):  # workers renew the process that does the work now and then
                total += one.memory_full_info().uss
    return total


def by_ledger(folder: Path) -> tuple[Counter[str], Counter[str], int]:
    """Return how many pages and profiles each account opened, and how many twice, as the site saw it."""
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


def rows_of(size: Size, looks: Sequence[Look], folder: Path) -> Iterator[Row]:
    pages, views, twice = by_ledger(folder)
    openings, seconds = pages.total() + views.total(), looks[-1].seconds
    yield Row(
        f"{size.campaigns} campaigns over {size.accounts} accounts",
        f"{openings} openings in {seconds:.0f} s, {openings / seconds:.0f} a second", "", "", "",
    )  # fmt: skip
    yield Row("most pages of people by one account", f"{max(pages.values())}", "its day's quota",
              f"{max(pages.values()) / size.pages_a_day:.2f}", "<= 1")  # fmt: skip
    yield Row("most profiles by one account", f"{max(views.values())}", "its day's quota",
              f"{max(views.values()) / size.views_a_day:.2f}", "<= 1")  # fmt: skip
    yield Row("pages and profiles opened twice", f"{twice}", "", "", "0")
    slowest, fastest = halfway(looks)
    yield Row("the last account has half of its work done", f"after {slowest:.0f} s",
              f"the first, after {fastest:.0f} s", f"{slowest / fastest:.2f}", "<= 2")  # fmt: skip
    early, late = looks[len(looks) // 3].memory, looks[-1].memory
    then = f"after a third of the time, {early / MIB:.0f} MiB"
    yield Row("memory of all workers at the end", f"{late / MIB:.0f} MiB",
              then, f"{late / early:.2f}", "<= 1.05")  # fmt: skip


def halfway(looks: Sequence[Look]) -> tuple[float, float]:
    """Return when the last and the first of the accounts had half of their openings, in seconds."""
    last = looks[-1].openings
    times = [
        next(look.seconds for look in looks if 2 * look.openings[name] >= count)
        for name, count in last.items()
        if count
    ]
    return max(times), min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    given = parser.parse_args()
    size, console = (QUICK if given.quick else FULL), Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="rapport-bench-") as name, console.status("starting") as status:
        folder = Path(name)
        with running(folder) as (database, client, children):
            add_accounts(database, size)
            ask(client, size)
            looks = watch(database, children, size, status.update)
        rows = list(rows_of(size, looks, folder))
    show(Console(), rows, title="A hundred campaigns at once", markdown=given.markdown)


if __name__ == "__main__":
    main()
