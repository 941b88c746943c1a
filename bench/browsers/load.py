"""A hundred birthday campaigns at once through real browsers, with the front door under load beside them.

Accounts of the practice network start a campaign each, through the front door, and two browser workers greet
their contacts. Beside them the front door is asked for lists: not at all, 50 times a second, and then twice
as often each time. Effects are counted in the network's ledger. `--long` goes on until everybody is greeted.
"""

import asyncio
import math
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import httpx
from cryptography.fernet import Fernet
from sqlalchemy import text

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.servers.ports import find_free_port
from bench.command import Given, run_bench
from bench.pages.front_door import ask_in_turn
from bench.report import Row
from bench.system.members import add_accounts, add_people, sign_in_members
from bench.system.memory import MB
from bench.system.practice_network import run_practice_network
from bench.system.samples import Sample, Sampler
from bench.system.stack import Stack, run_stack
from worker.browser.chromium import find_chromium

LISTS = ("/v1/actions?limit=100", "/v1/interactions?limit=100", "/v1/campaigns", "/v1/contacts?account=a1")
BROWSERS = 2
LONGEST_S = 3600
SLOW_S = 1.0
"""If more than one in twenty answers takes longer, the front door has broken."""
ADD_CONTACTS = text("""
insert into contacts (account_id, profile_url, full_name, birth_month, birth_day, language)
select a.id, 'https://sandbox.test/in/' || slug, name,
       extract(month from current_date), extract(day from current_date), 'en'
from unnest(cast(:slugs as text[]), cast(:names as text[])) with ordinality as one (slug, name, n)
join (select id, row_number() over (order by id) - 1 as number from accounts) a on a.number = n % :accounts
""")


@dataclass(frozen=True, slots=True)
class Size:
    """How many accounts and contacts, the front door's rates, and the seconds of each."""

    accounts: int
    contacts: int
    rates: Sequence[int]
    seconds: int
    to_the_end: bool


USUAL = Size(accounts=100, contacts=1000, rates=(0, 50, 100, 200), seconds=8, to_the_end=False)
LONG = Size(accounts=100, contacts=1000, rates=(0, 50, 100, 200, 400), seconds=60, to_the_end=True)
QUICK = Size(accounts=3, contacts=6, rates=(0, 5), seconds=2, to_the_end=True)


@dataclass(frozen=True, slots=True)
class Step:
    """What happened while the front door was asked `rate` times a second."""

    rate: int
    samples: Sequence[Sample]
    answers: Sequence[float]

    @property
    def greetings(self) -> float:
        """Greetings a minute."""
        first, last = self.samples[0], self.samples[-1]
        return 60 * (last.done - first.done) / (last.seconds - first.seconds)

    def answered_within(self, share: float) -> float:
        """Return the seconds that this share of the answers takes at most."""
        return sorted(self.answers)[math.ceil(share * len(self.answers)) - 1]

    def busy(self) -> Counter[str]:
        """Return how many processors each part kept busy."""
        first, last = self.samples[0], self.samples[-1]
        return Counter({
            part: (last.processor_s[part] - first.processor_s[part]) / (last.seconds - first.seconds)
            for part in last.processor_s
        })  # fmt: skip


def start_campaigns(base: str, key: str, accounts: int) -> float:
    """Start a campaign for each account; return the seconds until all are accepted."""
    began = time.perf_counter()
    with httpx.Client(base_url=base, headers={"X-API-Key": key}, timeout=30) as client:
        for number in range(1, accounts + 1):
            body = {"account": f"a{number}", "read_site": False}
            client.post("/control/birthday", json=body).raise_for_status()
    return time.perf_counter() - began


def measure_steps(
    size: Size, ask: Callable[[int, int], list[float]], sampler: Sampler, report: Callable[[str], object]
) -> Iterator[Step]:
    """Ask the front door at each rate in turn."""
    for rate in size.rates:
        report(f"the front door at {rate} requests a second")
        answers, first = list[float](), len(sampler.samples)
        sampler.take()
        if rate:
            answers = ask(rate, size.seconds)
        else:
            time.sleep(size.seconds)
        sampler.take()
        yield Step(rate, sampler.samples[first:], answers)


@contextmanager
def run_client(base: str, key: str) -> Iterator[tuple[int, Callable[[int, int], list[float]]]]:
    """Start a process that asks, because sampling takes time in this one; yield its pid and how to ask."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as client:

        def ask(rate: int, seconds: int) -> list[float]:
            return client.submit(_ask, base, key, rate, seconds).result()

        ask(1, 1)  # starts it
        yield client.submit(os.getpid).result(), ask


def _ask(base: str, key: str, rate: int, seconds: int) -> list[float]:
    return asyncio.run(ask_in_turn(base, key, LISTS, rate=rate, seconds=seconds))


def wait_until_done(sampler: Sampler) -> None:
    """Wait until no greeting is left."""
    until = time.perf_counter() + LONGEST_S
    while left := sampler.samples[-1].left:
        if time.perf_counter() > until:
            raise TimeoutError(f"{left} greetings left after {LONGEST_S} s")
        time.sleep(0.5)


def wait_until_planned(stack: Stack, campaigns: int) -> int:
    """Wait until all campaigns are planned; return how many people are to be greeted."""
    while True:
        with stack.database.transaction() as session:
            planned, actions = session.execute(
                text(
                    "select (select count(*) from campaigns where state = 'planned'), "
                    "(select count(*) from actions where state <> 'skipped')"
                )
            ).one()
        if planned == campaigns:
            return int(actions)
        time.sleep(0.1)


def describe_step(step: Step, at_rest: Step) -> Iterator[Row]:
    """Yield what happened at one rate."""
    name = f"front door at {step.rate} requests a second" if step.rate else "front door at rest"
    ratio = f"{step.greetings / at_rest.greetings:.2f}" if at_rest.greetings else ""
    yield Row(f"greetings, {name}", f"{step.greetings:.0f} a minute", "at rest", ratio, "")
    if step.answers:
        late, median = step.answered_within(0.95), step.answered_within(0.5)
        without = sum(map(math.isinf, step.answers))
        yield Row(f"answers, {name}", f"p95 {_ms(late)}, median {_ms(median)}, {without} without", "", "", "")
    busy = step.busy()
    parts = ", ".join(f"{part} {share:.2f}" for part, share in busy.most_common() if share >= 0.01)
    yield Row(f"processors, {name}", f"{busy.total():.2f}: {parts}", "", "", "")
    most = max(step.samples, key=lambda each: sum(each.connections.values()))
    yield Row(f"connections to Postgres, {name}", f"{sum(most.connections.values())}", "", "", "<= 100")
    yield Row(f"oldest due, {name}", f"{step.samples[-1].oldest_due.total_seconds():.0f} s", "", "", "")


def find_first_to_break(steps: Sequence[Step]) -> str:
    """Return what broke first as the load rose: answers took a second, or half of the greetings were lost."""
    for step in steps:
        if step.answers and step.answered_within(0.95) > SLOW_S:
            return f"at {step.rate} a second: answers, p95 {_ms(step.answered_within(0.95))}"
        if 2 * step.greetings < steps[0].greetings:
            return f"at {step.rate} a second: greetings, {step.greetings:.0f} a minute"
    return f"nothing up to {steps[-1].rate} a second"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if math.isfinite(seconds) else "never"


def measure(folder: Path, size: Size, report: Callable[[str], object]) -> Iterator[Row]:
    """Run everything, and yield a row for each figure."""
    port, key = find_free_port(), secrets.token_hex(24)
    commands = {
        "control": ("worker", "control"),
        "front door": ("api", "--port", str(port)),
        **{f"browser{n}": ("worker", "browser", "--name", f"browser{n}") for n in range(1, BROWSERS + 1)},
    }
    with run_practice_network(folder) as site:
        settings = {
            "sandbox_url": site.base_url, "chromium": find_chromium(), "evidence_dir": folder / "evidence",
            "api_key": key, "console_keys": Fernet.generate_key().decode(),
        }  # fmt: skip
        people = add_people(site, size.contacts)
        sessions = sign_in_members(site, size.accounts)
        with run_stack(folder, commands, **settings) as stack:
            add_accounts(stack, sessions)
            batch = {"slugs": list(people), "names": list(people.values()), "accounts": size.accounts}
            with stack.database.transaction() as session:
                session.execute(ADD_CONTACTS, batch)
            base = f"http://127.0.0.1:{port}"
            stack.children["front door"].wait_until(lambda: _is_ready(base), timedelta(seconds=60))
            began = time.perf_counter()
            accepted_s = start_campaigns(base, key, size.accounts)
            planned = wait_until_planned(stack, size.accounts)
            planned_s = time.perf_counter() - began
            yield Row(
                f"{size.accounts} campaigns, {planned} of {size.contacts} people planned",
                f"accepted after {accepted_s:.1f} s, planned after {planned_s:.1f} s", "", "", "",
            )  # fmt: skip
            with run_client(base, key) as (pid, ask):
                sampler = Sampler(stack.database, {**list_parts(stack), "client": [pid]})
                with sampler.running():
                    steps = list(measure_steps(size, ask, sampler, report))
                    if size.to_the_end:
                        report("until everybody is greeted")
                        wait_until_done(sampler)
            yield from conclude(steps, sampler, site, planned, time.perf_counter() - began)


def list_parts(stack: Stack) -> Mapping[str, Sequence[int]]:
    """Return the processes of each part of the system."""
    pids = {name: child.pid for name, child in {**stack.children, **stack.servers}.items()}
    browsers = [pids.pop(f"browser{n}") for n in range(1, BROWSERS + 1)]
    control = [pids.pop("control"), pids.pop("beat")]
    return {"browser workers": browsers, "control": control, **{name: [pid] for name, pid in pids.items()}}


def conclude(
    steps: Sequence[Step], sampler: Sampler, site: SandboxClient, planned: int, seconds: float
) -> Iterator[Row]:
    """Yield the rows of the steps, and what is left at the end."""
    for step in steps:
        yield from describe_step(step, steps[0])
    yield Row("first to break as the load doubles", find_first_to_break(steps), "", "", "")
    memory = max((each.memory for each in sampler.samples), key=lambda each: sum(each.values()))
    parts = ", ".join(f"{part} {size / MB:.0f}" for part, size in Counter(memory).most_common())
    yield Row("most memory", f"{sum(memory.values()) / MB:.0f} MB: {parts}", "", "", "")
    greeted = Counter((effect.member, effect.slug) for effect in site.ledger())
    yield Row("greeted", f"{len(greeted)} of {planned} after {seconds:.0f} s", "", "", "")
    yield Row("greeted twice", f"{greeted.total() - len(greeted)}", "", "", "0")


def _is_ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/health", timeout=1).is_success
    except httpx.TransportError:
        return False


def measure_all(given: Given) -> Iterator[Row]:
    """Measure in the size of this form."""
    return measure(given.folder, given.pick(quick=QUICK, usual=USUAL, long=LONG), given.say)


if __name__ == "__main__":
    run_bench(__doc__, measure_all, long="a minute at each rate, and until all are greeted")
