"""The whole system in real processes, to be struck in every way and judged by the network's own ledger.

A dead process is started again, as systemd or Compose would. Waiting is cut short only where it can make
nothing safer: the lease of a process that is surely dead ends at once, and a message that nobody took for a
while counts as lost. The lease of a process that is only stopped is never touched.
"""

import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar
from uuid import UUID, uuid4

import psutil
import psycopg
import redis
from celery import Celery
from cryptography.fernet import Fernet
from kombu.exceptions import OperationalError as BrokerError
from pydantic import SecretStr
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import delete, select, text

from api_stub.cli.schema import bring_up_to_date
from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.state import Effect
from api_stub.stack.environment import inherited_environment, settings_environment
from api_stub.stack.ports import free_port
from api_stub.stack.postgres import Postgres
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.redis import Redis
from api_stub.stack.verdict import compare
from db.engine import Database
from db.store import accounts, overview
from db.store.accounts import AccountRecord
from db.store.overview import ActionLine
from db.tables import Account, Action
from tasks.contract import BIRTHDAY_CAMPAIGN, DISPATCH, RECOVER
from tests.builders import an_account
from tests.conftest import KEY
from worker.browser.chromium import find_chromium
from worker.browser.sandbox.signin import sign_in
from worker.browser.session import BrowserHouse
from worker.quota.guard import Guard, Purse, connect
from worker.rules.lifecycle import ENDED, IN_FLIGHT
from worker.rules.limits import Limits
from worker.rules.model import ActionState, Kind
from worker.secrets import Vault

T = TypeVar("T")

LEASE: Final = timedelta(seconds=14)
TIME_LIMIT: Final = timedelta(seconds=45)
"""Long enough for a stopped child to wake up after others have done its work."""
LOST_AFTER: Final = timedelta(seconds=3)
"""A message that no worker took for so long is lost, in a system with two idle workers."""
PLENTY: Final = Limits(per_run=1000, per_day=1000, per_week=1000, gap_min=timedelta(0), gap_max=timedelta(0))
EVERYBODY: Final = 7
"""Days of lateness that the practice network fills with thirteen people."""

BROWSERS: Final = ("browser1", "browser2")
_ROLES: Final = {
    "browser1": ("worker", "browser", "--name", "browser1"),
    "browser2": ("worker", "browser", "--name", "browser2"),
    "control": ("worker", "control", "--name", "control"),
    "beat": ("beat",),
}
_SETTLED: Final = ENDED | {ActionState.NEEDS_REVIEW}


class Quota(StrEnum):
    """What the quota must say after a fault, held against the ledger."""

    EQUAL = "equal"
    AT_LEAST = "at least"  # Redis was away: a unit may not have found its way back, and counts on
    UNKNOWN = "unknown"  # Redis has forgotten its counters, and nothing rebuilds them yet


@dataclass(frozen=True, slots=True)
class Census:
    """One campaign, counted at the receiver. `problems` are sentences; none means that all is well."""

    planned: int
    done: int
    in_ledger: int
    doubles: int
    losses: int
    charged: int
    problems: tuple[str, ...]


class Harness:
    """Postgres, Redis, workers and beat of one run; a fresh network and account for each test."""

    def __init__(self, data: Path, house: BrowserHouse) -> None:
        self.data = data
        self.postgres = Postgres(data, durable=False)
        self.redis = Redis(data)
        self.restarts: Counter[str] = Counter()
        self.account: AccountRecord | None = None
        self.campaigns: list[UUID] = []
        self._house = house
        self._table = ProcessTable(data)
        self._children: dict[str, Child] = {}
        self._commands: dict[str, tuple[str, ...]] = {}
        self._fault_file = data / "fault"
        self._sandbox_port = free_port()
        self._sandbox: Child | None = None
        self.site = SandboxClient(f"http://127.0.0.1:{self._sandbox_port}", KEY)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self) -> None:
        self.postgres.start()
        self.redis.start()
        bring_up_to_date(self.postgres.url)
        keys = Fernet.generate_key().decode()
        self.vault = Vault(SecretStr(keys))
        self.database = Database(self.postgres.url, application_name="fault harness")
        self.outsider = Celery("outsider", broker=self.redis.url)
        self.outsider.conf.task_publish_retry_policy = {"max_retries": 1, "interval_start": 0.1}
        self.guard = Guard(connect(self.redis.url))
        self._env = {
            **inherited_environment(),
            **settings_environment(
                {
                    "database_url": self.postgres.url,
                    "redis_url": self.redis.url,
                    "secret_keys": keys,
                    "sandbox_url": self.site.base_url,
                    "sandbox_key": KEY,
                    "chromium": find_chromium(),
                    "evidence_dir": self.data / "evidence",
                    "fault_file": self._fault_file,
                    "browser_timeout": timedelta(seconds=4),
                    "lease": LEASE,
                    "action_time_limit": TIME_LIMIT,
                    "dispatch_every": timedelta(seconds=1),
                    "settle_time": timedelta(seconds=1),
                }
            ),
        }
        for name, command in _ROLES.items():
            self.start(name, *command)
        workers = [name for name in _ROLES if name != "beat"]
        self.wait_for("the workers", lambda: all(" ready." in self.log(name) for name in workers))

    def _end(self) -> None:
        for child in self._children.values():
            child.ask_to_stop()
        for child in self._children.values():
            child.stop(timedelta(seconds=8))
        self._stop_sandbox()
        if "outsider" in vars(self):
            self.outsider.close()
            self.database.close()
        self.redis.stop()
        self.postgres.stop()
        self.postgres.remove_data()

    # --- processes

    def start(self, name: str, *command: str) -> Child:
        """Start one of our processes; from now on it is started again whenever it dies."""
        self._commands[name] = command
        argv = [sys.executable, "-m", "api_stub.cli.process", *command]
        self._children[name] = self._table.start(name, argv, self._env)
        return self._children[name]

    def retire(self, name: str) -> None:
        """Stop one of our processes for good."""
        child = self._children.pop(name)
        child.stop(timedelta(seconds=8))
        self._table.forget(child)

    def tend(self) -> None:
        """Start again what has died, as a supervisor would."""
        for name, child in list(self._children.items()):
            if not child.alive():
                child.stop(timedelta(0))
                self._table.forget(child)
                self.restarts[name] += 1
                self.start(name, *self._commands[name])

    def child(self, name: str) -> Child:
        """Return one of our processes."""
        return self._children[name]

    def log(self, name: str) -> str:
        """What the process has said since it was started."""
        return self._children[name].log.read_text(errors="replace")

    def hands(self, name: str) -> list[psutil.Process]:
        """Return the pool's children of a worker: those that carry tasks out."""
        with suppress(psutil.NoSuchProcess):
            return [
                process
                for process in psutil.Process(self.child(name).pid).children()
                if "celery" in " ".join(process.cmdline())
            ]
        return []

    def stopped(self) -> list[psutil.Process]:
        """Return the pool's children that are stopped."""
        found = []
        for hand in (hand for name in BROWSERS for hand in self.hands(name)):
            with suppress(psutil.NoSuchProcess):
                if hand.status() == psutil.STATUS_STOPPED:
                    found.append(hand)
        return found

    def wait_for(self, what: str, ask: Callable[[], T], *, seconds: float = 90) -> T:
        """Return the first true answer, and play the supervisor meanwhile. Fails with `what`."""
        deadline = time.perf_counter() + seconds
        while not (answer := ask()):
            assert time.perf_counter() < deadline, f"waited {seconds:.0f} s for {what}\n{self.picture()}"
            self.rest(0.1)
        return answer

    def rest(self, seconds: float) -> None:
        """Let time pass, and play the supervisor."""
        deadline = time.perf_counter() + seconds
        while True:
            self.tend()
            left = deadline - time.perf_counter()
            if left <= 0:
                return
            time.sleep(min(left, 0.1))

    # --- servers

    def restart_redis(self, *, keep: bool, down: float = 0) -> None:
        """Kill Redis outright, wait, and start it again on its port, with its data or without."""
        child = self.redis.child
        assert child is not None
        child.send(signal.SIGKILL)
        child.wait(timedelta(seconds=5))
        self._table.forget(child)
        if not keep:
            shutil.rmtree(self.data / "redis")
        self.rest(down)
        self.redis.start()

    def restart_postgres(self, how: signal.Signals) -> None:
        """Restart Postgres: SIGINT ends sessions and closes cleanly (fast), SIGQUIT crashes (immediate)."""
        child = self.postgres.child
        assert child is not None
        child.send(how)
        child.wait(timedelta(seconds=20))
        self._table.forget(child)
        self.postgres.start()

    def cut_postgres(self) -> int:
        """End every session of the workers inside Postgres; return how many."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            ended = connection.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                "where application_name like 'rapport %'"
            ).fetchone()
        assert ended is not None
        return int(ended[0])

    def on_redis(self, *command: str) -> None:
        """Give Redis one command."""
        patience = Retry(NoBackoff(), 0)
        with redis.Redis.from_url(self.redis.url, retry=patience) as client:
            client.execute_command(*command)

    # --- a test's own network, account and campaign

    def fresh(self) -> None:
        """Begin with an empty network, nobody's actions, and a signed-in account."""
        self._fault_file.unlink(missing_ok=True)
        with self.database.transaction() as session:
            session.execute(delete(Account))
        self._stop_sandbox()
        state = self.data / f"sandbox-{uuid4().hex}.db"
        argv = [
            sys.executable, "-m", "api_stub.cli.process", "sandbox",
            "--port", str(self._sandbox_port), "--state", str(state),
        ]  # fmt: skip
        self._sandbox = self._table.start("sandbox", argv, self._env)
        self._sandbox.wait_until(self.site.healthy, timedelta(seconds=30))
        page = self._house.page_for(300, None)
        sign_in(page, self.site.base_url, "demo", "demo-password")
        storage = self._house.storage_state(300)
        self._house.drop(300)
        with self.database.transaction() as session:
            self.account = an_account(session, limits=PLENTY)
            accounts.keep_session(session, self.account.id, self.vault.seal(storage))

    def _stop_sandbox(self) -> None:
        if self._sandbox is not None:
            self._sandbox.stop(timedelta(seconds=5))
            self._table.forget(self._sandbox)
            self._sandbox = None

    def campaign(self, *, late_days: int = 0) -> UUID:
        """Start a campaign by its task's name, and return when it is planned: 5 people, or 13 with 7 days."""
        campaign_id = uuid4()
        self.publish(BIRTHDAY_CAMPAIGN, account="demo", late_days=late_days, campaign_id=str(campaign_id))
        self.wait_for("the plan", self.lines)
        self.campaigns.append(campaign_id)
        return campaign_id

    def lines(self) -> Sequence[ActionLine]:
        """Return the account's actions as a person sees them."""
        assert self.account is not None
        with self.database.transaction() as session:
            return overview.actions_of(session, self.account.id)

    def action_ids(self) -> list[UUID]:
        """Return the ids of all actions."""
        with self.database.transaction() as session:
            return list(session.scalars(select(Action.id).order_by(Action.id)))

    def ledger(self) -> list[Effect]:
        """Return what reached the network, by its own account."""
        return self.site.ledger("demo")

    def held_by(self, process: psutil.Process) -> UUID:
        """Return the action whose lease this process holds."""
        with self.database.transaction() as session:
            return session.scalars(select(Action.id).where(Action.lease_owner.like(f"%:{process.pid}"))).one()

    def is_done(self, action_id: UUID) -> bool:
        """Whether this action is done. Until then it goes before all others when it is planned again."""
        with self.database.transaction() as session:
            session.execute(
                text(
                    "update actions set not_before = now() - interval '1 hour' "
                    "where id = :id and state = 'planned'"
                ),
                {"id": action_id},
            )
            state = session.scalars(select(Action.state).where(Action.id == action_id)).one()
        return state == ActionState.DONE or self._go_on()

    def worker_of(self, hand: psutil.Process) -> str:
        """Return the name of the worker that this child of a pool belongs to."""
        return next(name for name in BROWSERS if hand in self.hands(name))

    def done(self) -> int:
        """Return how many actions are done."""
        return sum(line.state is ActionState.DONE for line in self.lines())

    def next_greeting(self) -> None:
        """Return when one more greeting is done, or none is left to be done."""
        enough = min(self.done() + 1, len(self.action_ids()))
        self.wait_for("the next greeting", lambda: self.done() >= enough or self._go_on())

    def publish(self, task: str, queue: str = "control", **kwargs: object) -> None:
        """Publish a task by its name. Raises kombu's OperationalError when Redis is away."""
        self.outsider.send_task(task, kwargs=kwargs, queue=queue)

    def tick(self, *tasks: str) -> None:
        """Publish tasks that may be lost."""
        with suppress(BrokerError):
            for task in tasks:
                self.publish(task)

    # --- faults

    def plant(self, point: str, fault: str) -> None:
        """Let the first to reach `point` suffer `fault`: see worker/failpoint.py."""
        draft = self._fault_file.with_suffix(".draft")
        draft.write_text(f"{point} {fault}")
        draft.replace(self._fault_file)

    def struck(self) -> bool:
        """Whether what was planted has struck."""
        return not self._fault_file.exists()

    def strike(self, point: str, fault: str) -> None:
        """Plant a fault and return when it has struck. Time is let pass for it to get there."""
        self.plant(point, fault)
        self.wait_for(f"{fault} at {point}", lambda: self.struck() or self._go_on(), seconds=60)

    def stop_at(self, point: str) -> psutil.Process:
        """Stop the first child to reach `point`, and return it."""
        self.strike(point, "stop")
        return self.wait_for("the stopped child", self.stopped, seconds=5)[0]

    # --- the end

    def settle(self, *, seconds: float = 90) -> None:
        """Return when every action is in an end state. Fails with a picture of what is not."""

        def calm() -> bool:
            lines = self.lines()
            return all(line.state in _SETTLED for line in lines) or self._go_on()

        self.wait_for("every action to end", calm, seconds=seconds)

    def verdict(self, quota: Quota = Quota.EQUAL) -> Census:
        """Hold Postgres and the quota against the network's ledger."""
        lines, ledger = self.lines(), self.ledger()
        found = compare(lines, ledger)
        problems = list(found.problems)
        problems += [f"{line.contact} is still {line.state}" for line in lines if line.state in IN_FLIGHT]
        greeted = Counter(effect.slug for effect in ledger)
        lost = [
            line
            for line in lines
            if line.state is not ActionState.DONE or not greeted[line.profile_url.split("/")[-2]]
        ]
        problems += [f"{line.contact} is {line.state}: {line.reason} {line.detail}" for line in lost]
        charged = self._charged()
        if (quota is Quota.EQUAL and charged != len(ledger)) or (
            quota is Quota.AT_LEAST and charged < len(ledger)
        ):
            problems.append(f"the quota has charged {charged} for {len(ledger)} in the ledger")
        return Census(
            planned=len(lines),
            done=found.greetings,
            in_ledger=len(ledger),
            doubles=sum(count - 1 for count in greeted.values()),
            losses=len(lost),
            charged=charged,
            problems=tuple(problems),
        )

    def picture(self) -> str:
        """Describe every action and every process, for a failure's text."""
        rows = [f"{line.state}: {line.reason} {line.detail} {line.contact}" for line in self.lines()]
        return "\n".join([*rows, *(f"{n}: alive={c.alive()} {c.tail(4)}" for n, c in self._children.items())])

    def _charged(self) -> int:
        assert self.account is not None
        purse = Purse(self.account.id, self.account.zone, Kind.GREET, "any", PLENTY)
        return PLENTY.per_day - self.guard.remaining(purse).day

    def _go_on(self) -> bool:
        """Let time pass for what only waits for it. Always false: to be used as the end of a question."""
        self.hurry()
        self.tick(RECOVER, DISPATCH)
        self.rest(0.4)
        return False

    def hurry(self) -> None:
        """End the leases of the dead and of messages that nobody took, and the long waits between tries."""
        with self.database.transaction() as session:
            owners = session.scalars(select(Action.lease_owner).where(Action.lease_owner.is_not(None)))
            dead = [owner for owner in owners if owner and not _runs(int(owner.rpartition(":")[2]))]
            session.execute(
                text(
                    "update actions set lease_until = now() where lease_until > now() and "
                    "(lease_owner = any(:dead) or lease_owner is null and lease_until < now() + :fresh)"
                ),
                {"dead": dead, "fresh": TIME_LIMIT - LOST_AFTER},
            )
            # A passing fault is tried again after 2 s instead of 30 and more. Looks keep their distance.
            session.execute(
                text(
                    "update actions set not_before = now() where not_before > now() + interval '2 s' "
                    "and updated_at < now() - interval '2 s' and lease_until is null "
                    "and state in ('planned', 'uncertain')"
                )
            )


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
