"""One browser worker and its Chromium over many greetings: memory, processes, pace, and what is left behind.

`python -m bench.lasting --greetings 1000` greets people of the practice network, who are as many as needed,
with real workers, for five accounts of its two members. The network's ledger counts. Memory is what the
worker, its children, Playwright's driver and Chromium have (PSS, so that shared pages count once).
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
from cryptography.fernet import Fernet
from matplotlib.figure import Figure
from pydantic import SecretStr
from rich.console import Console  # noqa: TID251 -- prints only its own figures
from sqlalchemy import text

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.sandbox.client import SandboxClient
from api_stub.stack.environment import inherited_environment, settings_environment
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.redis import Redis
from bench.extraction import TIMEOUT, run_practice_network
from bench.picture import save_picture
from bench.report import Row, print_rows
from db.engine import Database
from db.store.people import accounts
from worker.browser.chromium import find_chromium
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.signin import sign_in
from worker.secrets import Vault

MEMBERS = ("demo", "demo2")
ACCOUNTS = 5
PROCESSES = {"control": ("worker", "control"), "browser": ("worker", "browser"), "beat": ("beat",)}
EVERY_S = 2.0
EARLY = 100
"""After so many greetings everything is warm."""
LONGEST_S = 3600
MB = 1_000_000
PICTURE = Path(__file__).parents[1] / "docs" / "lasting.svg"

PLAN = text("""
with people as (
    insert into contacts (account_id, profile_url, full_name)
    select a.id, 'https://sandbox.test/in/' || slug, name
    from unnest(cast(:slugs as text[]), cast(:names as text[])) with ordinality as one (slug, name, n)
    join (select id, row_number() over (order by id) - 1 as number from accounts) a
      on a.number = n % :accounts
    returning id, account_id
), runs as (
    insert into campaigns (id, account_id, kind, options, state, correlation_id)
    select gen_random_uuid(), id, 'birthday', '{}', 'planned', 'bench' from accounts
    returning id, account_id
)
insert into actions (
    id, account_id, contact_id, campaign_id, kind, occasion, occasion_on, message, correlation_id
)
select gen_random_uuid(), p.account_id, p.id, r.id, 'greet', 'birthday:' || extract(year from current_date),
       current_date, 'A very happy birthday, and a calm year!', 'bench'
from people p join runs r on r.account_id = p.account_id
""")
LIMITS = text(
    "insert into quota_limits (account_id, kind, per_run, per_day, per_week, gap_min_ms, gap_max_ms) "
    "select id, 'greet', 1000000, 1000000, 1000000, 0, 0 from accounts"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What there was after so many seconds: greetings, bytes of memory, processes."""

    seconds: float
    greetings: int
    memory: int
    processes: int


@contextmanager
def run_worker(
    folder: Path, site: SandboxClient, sessions: Sequence[str]
) -> Iterator[tuple[Database, Child]]:
    """Start the servers, a control worker and one browser worker, with an account for each session."""
    table, children, keys = ProcessTable(folder), list[Child](), Fernet.generate_key().decode()
    postgres = Postgres(folder, durable=False)
    with postgres, Redis(folder) as redis:
        migrate_and_seed(postgres.url)
        settings = {
            "database_url": postgres.url,
            "redis_url": redis.url,
            "secret_keys": keys,
            "sandbox_url": site.base_url,
            "chromium": find_chromium(),
            "evidence_dir": folder / "evidence",
            "dispatch_every": timedelta(seconds=1),
            "log_level": "WARNING",
        }
        env = {**inherited_environment(), **settings_environment(settings)}
        database = Database(postgres.url, application_name="bench")
        with database.transaction() as session:
            session.execute(
                text("insert into accounts (name, site, time_zone) select 'a' || n, 'sandbox', 'UTC' "
                     "from generate_series(1, :accounts) n"),
                {"accounts": len(sessions)},
            )  # fmt: skip
            for account, state in zip(accounts.list_accounts(session), sessions, strict=True):
                accounts.save_session(session, account.id, Vault(SecretStr(keys)).seal(state))
            session.execute(LIMITS)
            session.execute(text("insert into quota_totals select id, 1000000, 1000000 from accounts"))
        try:
            for name, words in PROCESSES.items():
                children.append(table.start(name, [sys.executable, "-m", "api_stub.cli", *words], env))
            yield database, children[1]
        finally:
            for child in children:
                child.request_stop()
            for child in children:
                child.stop(timedelta(seconds=15))
            database.close()
    postgres.remove_data()


def watch(worker: Child, site: SandboxClient, greetings: int) -> Iterator[Sample]:
    """Yield a sample every two seconds until all are greeted, by the network's ledger."""
    began = time.perf_counter()
    while (seconds := time.perf_counter() - began) < LONGEST_S:
        done = len(site.ledger())
        processes = list_processes(worker)
        yield Sample(seconds, done, sum(map(measure_memory, processes)), len(processes))
        if done >= greetings:
            return
        time.sleep(EVERY_S)
    raise TimeoutError(f"not all greeted after {LONGEST_S} s")


def list_processes(worker: Child) -> Sequence[psutil.Process]:
    """Return the worker, its children, Playwright's driver and Chromium."""
    process = psutil.Process(worker.pid)
    return [process, *process.children(recursive=True)]


def measure_memory(process: psutil.Process) -> int:
    """Return its proportional set size in bytes; 0 if it has just ended."""
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_full_info().pss)
    return 0


def build_rows(samples: Sequence[Sample], site: SandboxClient, left: int) -> Iterator[Row]:
    """Yield what the run shows."""
    last = samples[-1]
    early = next(each for each in samples if each.greetings >= min(EARLY, last.greetings))
    late = statistics.median(each.memory for each in samples[-10:])
    begins, ends = early.greetings, 2 * early.greetings
    warm = statistics.median(each.memory for each in samples if begins <= each.greetings <= ends)
    slugs = [(effect.member, effect.slug) for effect in site.ledger()]
    pace = last.greetings / last.seconds * 60
    yield Row("greetings", f"{last.greetings} in {last.seconds:.0f} s, {pace:.0f} a minute", "", "", "")
    yield Row("greeted twice", f"{len(slugs) - len(set(slugs))}", "", "", "0")
    yield Row("most memory", f"{max(each.memory for each in samples) / MB:.0f} MB", "", "", "<= 700 MB")
    first = f"after the first {early.greetings}"
    yield Row("memory at the end", f"{late / MB:.0f} MB", f"{first}, {warm / MB:.0f} MB",
              f"{late / warm:.2f}", "<= 1.05")  # fmt: skip
    yield Row("greetings a minute and gigabyte", f"{pace / (late / 1000 / MB):.0f}", "", "", "")
    yield Row("processes at the end", f"{last.processes}", f"{first}, {early.processes}",
              f"{last.processes / early.processes:.2f}", "<= 1")  # fmt: skip
    yield Row("processes left after the worker's end", f"{left}", "", "", "0")


def draw(samples: Sequence[Sample], file: Path) -> None:
    """Draw memory and processes over greetings."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    memory = figure.subplots()
    processes = memory.twinx()
    done = [each.greetings for each in samples]
    memory.plot(done, [each.memory / MB for each in samples], color="#2f5d9b")
    processes.step(done, [each.processes for each in samples], color="#b3762e", where="post")
    memory.set_xlabel("greetings")
    memory.set_ylabel("MB", color="#2f5d9b")
    processes.set_ylabel("processes", color="#b3762e")
    memory.set_ylim(bottom=0)
    processes.set_ylim(bottom=0)
    save_picture(figure, file)


def sign_in_members(site: SandboxClient) -> Sequence[str]:
    """Return a session for each account, of the members in turn."""
    states = []
    with BrowserPool(chromium=find_chromium(), timeout=TIMEOUT) as pool:
        for number in range(ACCOUNTS):
            page = pool.page_for(number, None)
            sign_in(page, site.base_url, MEMBERS[number % len(MEMBERS)], "demo-password")
            states.append(pool.storage_state(number))
    return states


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--greetings", type=int, default=1000, help="how many (1000)")
    parser.add_argument(
        "--quick", action="store_true", help="thirteen greetings: shows that it works, no figures"
    )
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/performance.md")
    given = parser.parse_args()
    greetings = 13 if given.quick else given.greetings
    with (
        tempfile.TemporaryDirectory(prefix="rapport-bench-") as name,
        run_practice_network(Path(name)) as site,
    ):
        slugs = list[str]()
        while len(slugs) < greetings:
            slugs += site.add_birthdays()
        with run_worker(Path(name), site, sign_in_members(site)) as (database, worker):
            with database.transaction() as session:
                people = slugs[:greetings]
                names = {person.slug: person.name for person in site.people()}
                given_names = [names[slug] for slug in people]
                session.execute(PLAN, {"slugs": people, "names": given_names, "accounts": ACCOUNTS})
            samples = list(watch(worker, site, greetings))
            processes = list_processes(worker)
        left = sum(process.is_running() for process in processes)
        rows = list(build_rows(samples, site, left))
    if not given.quick:
        draw(samples, PICTURE)
    print_rows(Console(), rows, title="python -m bench.lasting", markdown=given.markdown)


if __name__ == "__main__":
    main()
