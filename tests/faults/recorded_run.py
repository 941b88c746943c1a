"""Which alerts a real Alertmanager would send in each fault: `python -m tests.faults.recorded_run --help`.

Runs the system, a real Prometheus with the real rules, and Alertmanager; causes one fault after the other;
checks that the right alert comes, and no other. `--write` puts the table into docs/monitoring.md and draws
the pictures there. Nothing in them is made up: to change them, run it. It takes about a quarter of an hour.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from rich.console import Console  # noqa: TID251 -- prints only its own figures

from api_stub.sandbox.faults import FaultName
from api_stub.stack.environment import settings_environment
from api_stub.stack.servers.ports import check_http, find_free_port
from db.store.people import accounts
from db.store.quota import epochs
from ops.monitoring.recording.charts import Span
from ops.monitoring.recording.servers import Alertmanager, Prometheus, is_installed
from tests.faults import recorded_pictures
from tests.faults.cluster import BROWSERS, ROLES
from tests.faults.harness import EVERYBODY, Harness
from worker import clock
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits

SPEED: Final = 5
"""How much shorter each `for` and range is than in the real rules.

Not more, because workers take up to 30 s to return after Redis, which a `for` of 3 minutes must outlast.
"""
API_KEY: Final = "an-api-key-for-a-recorded-run"
QUIET: Final = timedelta(minutes=2)
"""Long enough for the alerts to know what is usual."""
HOLD: Final = timedelta(seconds=15)
"""How long a fault goes on after its alert came, so that another would come too."""
PATIENCE: Final = timedelta(minutes=4)


class RecordedSystem(Harness):
    """The system of the fault tests with an HTTP API. Nothing restarts what dies."""

    plenty = Limits(
        per_run=10_000,
        per_day=10_000,
        per_week=10_000,
        gap_min=timedelta(seconds=3),
        gap_max=timedelta(seconds=5),
    )

    def settings(self) -> dict[str, str]:
        """Return the settings of the fault tests, with a key and metrics."""
        ours = {"api_key": API_KEY, "metrics_dir": self.data / "metrics"}
        return super().settings() | settings_environment(ours)

    def supervise(self) -> None:
        """Leave dead what is dead."""

    def start_api(self) -> str:
        """Start the HTTP API; return its host and port."""
        port = find_free_port()
        self.start("api", "api", "--port", str(port)).wait_until(
            check_http(port, "/health"), timedelta(seconds=60)
        )
        return f"127.0.0.1:{port}"

    def keep_busy(self) -> None:
        """Let more people have a birthday, and plan for them, as soon as everybody was greeted."""
        if self.is_settled():
            self.site.add_birthdays()
            self.campaign(late_days=EVERYBODY)

    # --- faults and their ends

    def kill_worker(self) -> None:
        """SIGKILL a browser worker."""
        child = self.child("browser2")
        child.send(signal.SIGKILL)
        child.stop(timedelta(0))

    def start_worker(self) -> None:
        """Start that worker again."""
        self.start("browser2", *ROLES["browser2"])

    def stop_redis(self) -> None:
        """SIGKILL Redis."""
        child = self.redis.child
        assert child is not None
        child.send(signal.SIGKILL)
        child.wait(timedelta(seconds=5))
        self.table.forget(child)

    def break_site(self) -> None:
        """Let the site answer 500."""
        self.site.fault(FaultName.HTTP_500)

    def mend_site(self) -> None:
        """End that, and close the breaker, as `rapport quota reset` does."""
        self.site.clear_faults()
        assert self.account is not None
        with self.database.transaction() as session:
            epochs.reset_breakers(session, self.account.id, list(Kind))
        self.skip_waits()  # what waited is asked again at once

    def stop_workers(self) -> None:
        """Stop all browser workers, one after the other."""
        for name in BROWSERS:
            self.stop_for_good(name)

    def start_workers(self) -> None:
        """Start them again."""
        for name in BROWSERS:
            self.start(name, *ROLES[name])

    def show_challenge(self) -> None:
        """Let the site ask for proof that a person is there."""
        self.site.fault(FaultName.CHALLENGE_PAGE)

    def sign_in_again(self) -> None:
        """Answer the site and sign in, as the account's owner would."""
        self.site.clear_faults()
        assert self.account is not None
        state = self.vault.seal(self.sign_in("demo"))
        with self.database.transaction() as session:
            accounts.save_session(session, self.account.id, state)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, the alert that must come, and what ends it."""

    name: str
    alert: str
    strike: Callable[[RecordedSystem], None]
    end: Callable[[RecordedSystem], None]


FAULTS: Final = (
    Fault("worker killed", "RapportWorkerGone", RecordedSystem.kill_worker, RecordedSystem.start_worker),
    Fault("breaker tripped", "RapportBreakerOpen", RecordedSystem.break_site, RecordedSystem.mend_site),
    Fault(
        "Redis stopped", "RapportRedisDown", RecordedSystem.stop_redis, lambda system: system.redis.start()
    ),
    Fault(
        "nobody consumes", "RapportQueueUnconsumed", RecordedSystem.stop_workers, RecordedSystem.start_workers
    ),
    Fault(
        "account stopped",
        "RapportAccountStopped",
        RecordedSystem.show_challenge,
        RecordedSystem.sign_in_again,
    ),
)


@dataclass
class Recorded:
    """What happened in one fault. Times are Unix seconds; `sent` are all alerts that would have been sent."""

    fault: Fault
    struck: float
    came: float = 0
    mended: float = 0
    ended: float = 0
    sent: set[str] = field(default_factory=set)

    @property
    def is_right(self) -> bool:
        """Whether the right alert came, and no other."""
        return self.sent == {self.fault.alert}

    def cells(self) -> list[str]:
        """Return the row of the table."""
        return [
            self.fault.name,
            f"`{self.fault.alert}`",
            f"{self.came - self.struck:.0f} s",
            f"{self.ended - self.mended:.0f} s",
            ", ".join(f"`{name}`" for name in sorted(self.sent - {self.fault.alert})) or "none",
        ]


class Recording:
    """Causes the faults and watches Alertmanager."""

    def __init__(self, system: RecordedSystem, alertmanager: Alertmanager, console: Console) -> None:
        self.faults: list[Recorded] = []
        self.unexpected: set[str] = set()
        self._system = system
        self._alertmanager = alertmanager
        self._console = console

    def run(self) -> None:
        """Cause each fault, wait for its alert, end it, and wait until all alerts have ended."""
        self._watch("the quiet begin", QUIET, self.unexpected)
        for fault in FAULTS:
            recorded = Recorded(fault, _now())
            self.faults.append(recorded)
            fault.strike(self._system)
            self._wait(f"{fault.alert}", lambda: fault.alert in recorded.sent, recorded.sent)  # noqa: B023
            recorded.came = _now()
            self._watch("the fault goes on", HOLD, recorded.sent)
            recorded.mended = _now()
            fault.end(self._system)
            self._wait("the end of all alerts", lambda: not self._alertmanager.list_firing(), recorded.sent)
            recorded.ended = _now()
            self._console.print(" · ".join(recorded.cells()))
            self._watch("quiet", HOLD, self.unexpected)

    def _watch(self, what: str, length: timedelta, sent: set[str]) -> None:
        until = time.perf_counter() + length.total_seconds()
        self._wait(what, lambda: time.perf_counter() > until, sent)

    def _wait(self, what: str, condition: Callable[[], bool], sent: set[str]) -> None:
        """Add each alert to `sent` until the condition holds."""
        until = time.perf_counter() + PATIENCE.total_seconds()
        while True:
            sent.update(self._alertmanager.list_firing())
            if condition():
                return
            if time.perf_counter() > until:
                raise SystemExit(f"waited {PATIENCE} for {what}; alerts: {sent}\n{self._system.describe()}")
            if not self._alertmanager.list_firing():
                self._system.keep_busy()
            time.sleep(0.5)


def _now() -> float:
    return clock.now().timestamp()


def main() -> int:
    """Run it. Returns 1 if in any fault another alert came than the right one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write docs/monitoring.md and its pictures")
    write = parser.parse_args().write
    console = Console()
    if not is_installed():
        raise SystemExit(
            "install Prometheus and Alertmanager: apt install prometheus prometheus-alertmanager"
        )
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rapport-recorded-")))
        system = stack.enter_context(RecordedSystem(data))
        target = system.start_api()
        system.reset()
        system.campaign(late_days=EVERYBODY)
        alertmanager = stack.enter_context(Alertmanager(data / "alertmanager", find_free_port()))
        prometheus = stack.enter_context(
            Prometheus(
                data / "prometheus", find_free_port(), target, API_KEY,
                every_s=2, speed=SPEED, alertmanager=alertmanager.url.removeprefix("http://"),
            )
        )  # fmt: skip
        began = _now()
        recording = Recording(system, alertmanager, console)
        recording.run()
        spans = [Span(each.fault.name, each.struck, each.mended) for each in recording.faults]
        if write:
            recorded_pictures.write(prometheus, spans, began, _now())
            recorded_pictures.write_page([each.cells() for each in recording.faults])
    wrong = [each.fault.name for each in recording.faults if not each.is_right]
    console.print(f"wrong: {wrong}; between the faults: {sorted(recording.unexpected)}")
    return 1 if wrong or recording.unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
