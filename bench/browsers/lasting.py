"""One browser worker and its Chromium over many greetings: memory, processes, pace, and what is left behind.

Greets people of the practice network, who are as many as needed, with a real worker for five accounts of its
two members. The network's ledger counts. Memory is what the worker, its children, Playwright's driver and
Chromium have. Shared pages count once, and not at all where it is compared with itself, because others may
start or end a Chromium meanwhile. Then one process greets in a warm browser, and another with a browser for
each greeting.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from matplotlib.figure import Figure
from sqlalchemy import text

from api_stub.sandbox.client import SandboxClient
from bench.command import Form, Given, run_bench
from bench.picture import save_picture
from bench.report import Row
from bench.system.members import add_accounts, add_people, sign_in_members
from bench.system.memory import MB, Memory, list_processes, measure_memory
from bench.system.practice_network import run_practice_network
from bench.system.stack import run_stack
from worker.browser.chromium import find_chromium

ACCOUNTS = 5
WORKERS = {"control": ("worker", "control"), "browser": ("worker", "browser")}
EVERY_S = 2.0
EARLY = 100
"""After so many greetings everything is warm."""
GROWN = 5 * EARLY
"""Only a run of so many shows whether memory grows."""
LONGEST_S = 3600
ENDED_WITHIN_S = 5
"""Chromium's helpers end a moment after Chromium, which the worker ends."""
PICTURE = Path(__file__).parents[2] / "docs" / "lasting.svg"
TEXT = "A very happy birthday, and a calm year!"

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
       current_date, :text, 'bench'
from people p join runs r on r.account_id = p.account_id
""")


@dataclass(frozen=True, slots=True)
class Sample:
    """What there was after so many seconds."""

    seconds: float
    greetings: int
    memory: Memory
    processes: int


@dataclass(frozen=True, slots=True)
class Pace:
    """Greetings a minute, and the mean of the bytes that it took."""

    per_minute: float
    memory: float

    @property
    def per_gigabyte(self) -> float:
        """Greetings a minute and gigabyte."""
        return self.per_minute / self.memory * 1000 * MB


def watch(pid: int, site: SandboxClient, greetings: int) -> Iterator[Sample]:
    """Yield a sample every two seconds until all are greeted, by the network's ledger."""
    began = time.perf_counter()
    while (seconds := time.perf_counter() - began) < LONGEST_S:
        done, processes = len(site.ledger()), list_processes([pid])
        yield Sample(seconds, done, measure_memory(processes), len(processes))
        if done >= greetings:
            return
        time.sleep(EVERY_S)
    raise TimeoutError(f"not all greeted after {LONGEST_S} s")


def build_rows(samples: Sequence[Sample], site: SandboxClient, left: int) -> Iterator[Row]:
    """Yield what the run shows."""
    last = samples[-1]
    largest = max(samples, key=lambda each: each.memory.total)
    slugs = [(effect.member, effect.slug) for effect in site.ledger()]
    pace = last.greetings / last.seconds * 60
    yield Row("greetings", f"{last.greetings} in {last.seconds:.0f} s, {pace:.0f} a minute", "", "", "")
    yield Row("greeted twice", f"{len(slugs) - len(set(slugs))}", "", "", "0")
    yield Row("most memory", f"{largest.memory.total / MB:.0f} MB: {largest.memory}",
              "", "", "<= 700 MB")  # fmt: skip
    if last.greetings >= GROWN:
        yield from compare_with_early(samples)
    yield Row("processes left after the worker's end", f"{left}", "", "", "0")


def compare_with_early(samples: Sequence[Sample]) -> Iterator[Row]:
    """Yield memory and processes at the end against those after the first greetings."""
    last = samples[-1]
    early = next(each for each in samples if each.greetings >= EARLY)
    warm = statistics.median(each.memory.own for each in samples if EARLY <= each.greetings <= 2 * EARLY)
    late = statistics.median(each.memory.own for each in samples if each.greetings >= last.greetings - EARLY)
    first = f"after the first {EARLY}"
    yield Row("memory of the last 100, without shared pages", f"{late / MB:.0f} MB",
              f"of the 100 {first}, {warm / MB:.0f} MB", f"{late / warm:.2f}", "<= 1.05")  # fmt: skip
    yield Row("processes at the end", f"{last.processes}", f"{first}, {early.processes}",
              f"{last.processes / early.processes:.2f}", "<= 1")  # fmt: skip


def measure_pace(
    site: SandboxClient, sessions: Sequence[str], people: Sequence[str], *, per_task: bool
) -> Pace:
    """Greet these people in a process of its own, and measure it from outside."""
    job = {"site": site.base_url, "states": sessions, "people": people, "text": TEXT, "per_task": per_task}
    command = [sys.executable, "-m", "bench.system.one_browser"]
    memory = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps(job), file=process.stdin, flush=True)
        process.stdout.readline()
        while process.poll() is None:
            memory.append(measure_memory(list_processes([process.pid])).total)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
        seconds = float(process.stdout.read())
    return Pace(60 * len(people) / seconds, statistics.mean(memory[:-1] or memory))


def compare_with_one_per_task(warm: Pace, per_task: Pace) -> Iterator[Row]:
    """Yield the pace of a warm browser against a browser for each greeting."""
    for name, pace in (("a browser for each greeting", per_task), ("a warm browser", warm)):
        yield Row(
            f"greetings a minute and gigabyte, {name}",
            f"{pace.per_gigabyte:.0f}; {pace.per_minute:.0f} a minute in {pace.memory / MB:.0f} MB",
            "a browser for each greeting",
            f"{pace.per_gigabyte / per_task.per_gigabyte:.1f}",
            "",
        )


def draw(samples: Sequence[Sample], file: Path) -> None:
    """Draw memory and processes over time."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    memory = figure.subplots()
    processes = memory.twinx()
    minutes = [each.seconds / 60 for each in samples]
    memory.plot(minutes, [each.memory.total / MB for each in samples], color="#2f5d9b")
    processes.step(minutes, [each.processes for each in samples], color="#b3762e", where="post")
    memory.set_xlabel(f"minutes, with {samples[-1].greetings} greetings")
    memory.set_ylabel("MB", color="#2f5d9b")
    processes.set_ylabel("processes", color="#b3762e")
    memory.set_ylim(bottom=0)
    processes.set_ylim(bottom=0)
    save_picture(figure, file)


def run_worker(
    folder: Path, site: SandboxClient, sessions: Sequence[str], people: Mapping[str, str]
) -> tuple[Sequence[Sample], int]:
    """Greet these people (names by slug) with a real worker; return samples, and the processes it left."""
    settings = {
        "sandbox_url": site.base_url,
        "chromium": find_chromium(),
        "evidence_dir": folder / "evidence",
    }
    plan = {
        "slugs": list(people), "names": list(people.values()), "accounts": len(sessions), "text": TEXT
    }  # fmt: skip
    with run_stack(folder, WORKERS, **settings) as stack:
        add_accounts(stack, sessions)
        with stack.database.transaction() as session:
            session.execute(PLAN, plan)
        pid = stack.children["browser"].pid
        samples = list(watch(pid, site, len(people)))
        processes = list_processes([pid])
    _, left = psutil.wait_procs(processes, timeout=ENDED_WITHIN_S)
    return samples, len(left)


def measure_all(given: Given) -> Iterator[Row]:
    """Greet with a worker, and then in the two other ways."""
    greetings = given.pick(quick=7, usual=130, long=1000)
    compared = given.pick(quick=1, usual=20, long=30)
    with run_practice_network(given.folder) as site:
        given.say("signing in")
        sessions = sign_in_members(site, ACCOUNTS)
        everybody = add_people(site, greetings + 2 * compared)
        slugs = list(everybody)
        people = {slug: everybody[slug] for slug in slugs[2 * compared :]}
        given.say(f"{greetings} greetings by a worker")
        samples, left = run_worker(given.folder, site, sessions, people)
        yield from build_rows(samples, site, left)
        given.say("a browser for each greeting, and a warm one")
        per_task = measure_pace(site, sessions, slugs[:compared], per_task=True)
        warm = measure_pace(site, sessions, slugs[compared : 2 * compared], per_task=False)
        yield from compare_with_one_per_task(warm, per_task)
    if given.form is Form.LONG:
        draw(samples, PICTURE)


if __name__ == "__main__":
    run_bench(__doc__, measure_all, long="1 000 greetings, with a picture for the docs")
