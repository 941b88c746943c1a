"""The whole system in real processes, for fault injection; the practice network's ledger is the judge.

Dead processes are restarted, as systemd or Compose would. Waits are shortened only if that can't hide a
fault: the lease of a process that is surely dead ends at once, and a message that nobody took for a while
counts as lost. The lease of a process that is only stopped is never touched.
"""

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import psutil
from celery import Celery
from cryptography.fernet import Fernet
from kombu.exceptions import OperationalError as BrokerError
from pydantic import SecretStr
from redis.exceptions import ResponseError
from sqlalchemy import delete, select

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.state import Effect
from api_stub.stack.environment import settings_environment
from api_stub.stack.processes import Child
from api_stub.stack.servers.ports import find_free_port
from db.engine import Database
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import ledger, limits
from db.store.reports import overview
from db.store.reports.overview import ActionLine
from db.tables import Account, Action, Restore
from tasks.contract import BIRTHDAY_CAMPAIGN, DISPATCH, RECOVER
from tasks.quota import Quota
from tests.builders import an_account
from tests.conftest import KEY, signed_in
from tests.faults import census, shortcuts
from tests.faults.census import Census, Expected
from tests.faults.cluster import Cluster
from tests.network import fill
from worker.browser.chromium import find_chromium
from worker.quota.redis_quota import QuotaUnavailableError, RedisQuota, connect
from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.limits import Limits
from worker.secrets import Vault
from worker.servers import redis_address

LEASE: Final = timedelta(seconds=14)
TIME_LIMIT: Final = timedelta(seconds=45)
"""Long enough for a stopped child to wake up after others have done its work."""
LOST_AFTER: Final = timedelta(seconds=3)
"""A message that no worker took for so long is lost, in a system with two idle workers."""
BROWSERS_GONE: Final = timedelta(seconds=8)
"""A browser whose worker was killed has ended by then, also on a busy machine."""
PLENTY: Final = Limits(
    per_run=10_000, per_day=10_000, per_week=10_000, gap_min=timedelta(0), gap_max=timedelta(0)
)
EVERYBODY: Final = 7
"""Days of lateness that the practice network fills with thirteen people."""

SOME: Final = 2
"""Days of lateness with eight people: enough to kill somebody at a few points."""

_SETTLED: Final = END_STATES | {ActionState.NEEDS_REVIEW}


class Harness(Cluster):
    """The cluster and a campaign: a fresh network and account for each test."""

    site_name = "sandbox"
    plenty = PLENTY
    time_limit = TIME_LIMIT
    advance_s = 0.4
    """How long `advance` lets time pass."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.account: AccountRecord | None = None
        self.campaigns: list[UUID] = []
        self._fault_file = data / "fault"
        self._site_port = find_free_port()
        self._site_process: Child | None = None
        self.site = self.make_client(f"http://127.0.0.1:{self._site_port}")

    def make_client(self, url: str) -> SandboxClient:
        """Return the client of the site's control endpoints."""
        return SandboxClient(url, KEY)

    def site_command(self, port: int) -> Sequence[str]:
        """Return the command of a site that nobody has used yet. It reads its key from the environment."""
        state = self.data / f"sandbox-{uuid4().hex}.db"
        fill(state)
        return "-m", "api_stub.cli", "sandbox", "--port", str(port), "--state", str(state)

    def sign_in(self, member: str) -> str:
        """Return the storage state of a browser in which this member is signed in."""
        return signed_in(self.site, member)

    def settings(self) -> dict[str, str]:
        keys = Fernet.generate_key().decode()
        self.vault = Vault(SecretStr(keys))
        self.database = Database(self.postgres.url, application_name="fault harness")
        self.outsider = Celery("outsider", broker=self.redis.url)
        self.outsider.conf.task_publish_retry_policy = {"max_retries": 1, "interval_start": 0.1}
        self._redis_quota = RedisQuota(connect(redis_address.parse(self.redis.url)))
        self.quota = Quota(self.database, self._redis_quota, lease=self.time_limit)
        return settings_environment(
            {
                "database_url": self.to_postgres.url,
                "redis_url": self.to_redis.url,
                "secret_keys": keys,
                f"{self.site_name}_url": self.site.base_url,
                "sandbox_key": KEY,
                "chromium": find_chromium(),
                "evidence_dir": self.data / "evidence",
                "fault_file": self._fault_file,
                "browser_timeout": timedelta(seconds=4),
                "lease": LEASE,
                "action_time_limit": self.time_limit,
                "dispatch_every": timedelta(seconds=1),
                "settle_time": timedelta(seconds=1),
            }
        )

    def _end(self) -> None:
        self._stop_site()
        if "outsider" in vars(self):
            self.outsider.close()
            self.database.close()
        super()._end()

    # --- a test's own network, account and campaign

    def reset(self) -> None:
        """Start with an empty network, no actions, and a signed-in account."""
        self._fault_file.unlink(missing_ok=True)
        self.to_redis.calm()
        self.to_postgres.calm()
        with self.database.transaction() as session:
            session.execute(delete(Account))
            session.execute(delete(Restore))  # what it has lost counts in the quota of every account
        self._stop_site()
        argv = [sys.executable, *self.site_command(self._site_port)]
        self._site_process = self.table.start("site", argv, self.env)
        self._site_process.wait_until(self.site.is_healthy, timedelta(seconds=30))
        self.account = self.add_account("demo")

    def add_account(self, member: str, name: str | None = None) -> AccountRecord:
        """Add an account and sign it in as a member of the site."""
        state = self.vault.seal(self.sign_in(member))
        with self.database.transaction() as session:
            account = an_account(session, name or member, site=self.site_name, limits=self.plenty)
            for kind in (Kind.COLLECT, Kind.VISIT):
                limits.set_limits(session, account.id, kind, self.plenty, by="tests")
            accounts.save_session(session, account.id, state)
        return account

    def _stop_site(self) -> None:
        if self._site_process is not None:
            self._site_process.stop(timedelta(seconds=5))
            self.table.forget(self._site_process)
            self._site_process = None

    def campaign(self, *, late_days: int = 0) -> UUID:
        """Start a campaign by task name and wait for its plan: 5 people, or 13 with 7 days of lateness."""
        campaign_id = uuid4()
        self.publish(BIRTHDAY_CAMPAIGN, account="demo", late_days=late_days, campaign_id=str(campaign_id))
        self.wait_for("the plan", self.lines)
        self.campaigns.append(campaign_id)
        return campaign_id

    def lines(self) -> Sequence[ActionLine]:
        """Return the account's actions."""
        assert self.account is not None
        with self.database.transaction() as session:
            return overview.list_account_actions(session, self.account.id)

    def action_ids(self) -> list[UUID]:
        """Return the ids of all actions."""
        with self.database.transaction() as session:
            return list(session.scalars(select(Action.id).order_by(Action.id)))

    def ledger(self) -> list[Effect]:
        """Return the effects that reached the network, by its own ledger."""
        return self.site.ledger("demo")

    def held_by(self, process: psutil.Process) -> UUID:
        """Return the action whose lease this process holds."""
        with self.database.transaction() as session:
            return session.scalars(select(Action.id).where(Action.lease_owner.like(f"%:{process.pid}"))).one()

    def is_done(self, action_id: UUID) -> bool:
        """Return whether this action is done. Until then it is dispatched before all others."""
        self.put_first(action_id)
        with self.database.transaction() as session:
            state = session.scalars(select(Action.state).where(Action.id == action_id)).one()
        return state == ActionState.DONE or self.advance()

    def put_first(self, action_id: UUID) -> None:
        """Dispatch this action before all others, if it is planned."""
        with self.database.transaction() as session:
            shortcuts.put_first(session, action_id)

    def count_done(self) -> int:
        """Return how many actions are done."""
        return sum(line.state is ActionState.DONE for line in self.lines())

    def next_greeting(self, *, seconds: float = 90) -> None:
        """Wait until one more greeting is done, or none is left."""
        enough = min(self.count_done() + 1, len(self.action_ids()))
        self.wait_for(
            "the next greeting", lambda: self.count_done() >= enough or self.advance(), seconds=seconds
        )

    def publish(self, task: str, queue: str = "control", **kwargs: object) -> None:
        """Publish a task by its name. Raises kombu's OperationalError when Redis is away."""
        self.outsider.send_task(task, kwargs=kwargs, queue=queue)

    def tick(self, *tasks: str) -> None:
        """Publish tasks that may be lost."""
        with suppress(BrokerError, ResponseError):
            for task in tasks:
                self.publish(task)

    # --- faults

    def inject(self, point: str, fault: str) -> None:
        """Inject `fault` into the first process that reaches `point`; see worker/failpoint.py."""
        draft = self._fault_file.with_suffix(".draft")
        draft.write_text(f"{point} {fault}")
        draft.replace(self._fault_file)

    def has_struck(self) -> bool:
        """Return whether the injected fault has struck."""
        return not self._fault_file.exists()

    def strike(self, point: str, fault: str) -> None:
        """Inject a fault, and wait until it has struck."""
        self.inject(point, fault)
        self.wait_for(f"{fault} at {point}", lambda: self.has_struck() or self.advance())

    def stop_at(self, point: str) -> psutil.Process:
        """Stop the first child to reach `point`, and return it."""
        self.strike(point, "stop")
        return self.wait_for("the stopped child", self.stopped, seconds=5)[0]

    # --- the end

    def is_settled(self) -> bool:
        """Return whether every action has ended."""
        return all(line.state in _SETTLED for line in self.lines())

    def wait_until_settled(self, *, seconds: float = 90) -> None:
        """Wait until every action has ended. Fails with a description of those that haven't."""
        self.wait_for("every action to end", lambda: self.is_settled() or self.advance(), seconds=seconds)

    def take_census(self, expected: Expected) -> Census:
        """Compare Postgres and the quota with the network's ledger, once orphaned browsers have ended."""
        until = time.perf_counter() + BROWSERS_GONE.total_seconds()
        while (orphans := self.list_orphans()) and time.perf_counter() < until:
            self.run_for(0.2)
        return census.take_census(
            self.lines(), self.ledger(), charged=self._charged(), expected=expected, orphans=orphans
        )

    def describe(self) -> str:
        """Describe every action and every process, for a failure's text."""
        rows = [f"{line.state}: {line.reason} {line.detail} {line.contact}" for line in self.lines()]
        return "\n".join([*rows, super().describe()])

    def _charged(self) -> int:
        assert self.account is not None
        context, decision = self.quota.remaining(self.account.id, Kind.GREET, "any")
        assert decision.remaining is not None
        return context.limits.per_week - decision.remaining.week  # a day may end while a campaign runs

    def advance(self) -> bool:
        """Skip waits, tick, and let time pass. Returns False, so that it can end a condition."""
        self.skip_waits()
        self.tick(RECOVER, DISPATCH)
        self.run_for(self.advance_s)
        return False

    def skip_waits(self) -> None:
        """End the leases of dead processes and of lost messages, and the long waits between retries."""
        with self.database.transaction() as session:
            shortcuts.skip_waits(session, fresh=self.time_limit - LOST_AFTER)
        self._close_breaker()

    def _close_breaker(self) -> None:
        """Reset the circuit breaker, as an operator would, instead of waiting for it."""
        assert self.account is not None
        with self.database.transaction() as session:
            loaded = limits.load_context(session, self.account.id, Kind.GREET, "")
            if not loaded.failing:
                return
            ledger.write_breaker(session, self.account.id, Kind.GREET, Breaker())
        with suppress(QuotaUnavailableError):
            self._redis_quota.reset_breaker(loaded.context)
