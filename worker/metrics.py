"""All metrics and their labels. Existing dashboards rely on the five that begin with linkedin_.

Each process stores its values in files below RAPPORT_METRICS_DIR (the library's multiprocess mode, switched
on by PROMETHEUS_MULTIPROC_DIR before Python starts). `render_exposition` sums all files, so one scrape covers
every process on the machine. The files outlive their process (`metric_slots`), so counters never decrease.
Gauges are `mostrecent`: the other modes would also count the last values of processes that have ended.
"""

from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from worker.metric_slots import is_damaged, use_slots

use_slots()

BIRTHDAY_MESSAGES = Counter(
    "linkedin_birthday_messages_sent_total", "Greetings by how they ended.", ["status"]
)
SITE_REQUEST_SECONDS = Histogram(
    "linkedin_api_request_duration_seconds",
    "How long one operation on a site took in the browser.",
    ["site", "verb"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
RATE_LIMIT_REMAINING = Gauge(
    "linkedin_rate_limit_remaining",
    "Actions left in the window when the quota was last asked.",
    ["account", "kind", "period"],
    multiprocess_mode="mostrecent",
)
CONTACTS_PROCESSED = Counter(
    "linkedin_contacts_processed_total", "Contacts by source and outcome.",
    ["source", "outcome"],
)  # fmt: skip
ERRORS = Counter("linkedin_errors_total", "Failures by reason code and component.", ["type", "service"])
REPLIES = Counter("rapport_replies_total", "Greetings that were answered, each counted once.")
SUBSCRIPTION_READINGS = Counter(
    "rapport_subscription_readings_total", "Readings of address books and calendars.", ["outcome"]
)
DISPATCHED = Counter("rapport_actions_dispatched_total", "Actions handed to the browser workers.", ["kind"])
ACTIONS = Counter("rapport_actions_total", "Attempts at actions by how they ended.", ["kind", "outcome"])
DUPLICATE_DELIVERIES = Counter("rapport_duplicate_deliveries_total", "Messages that found nothing to claim.")
QUOTA_DECISIONS = Counter(
    "rapport_quota_decisions_total",
    "Answers of the quota: granted, replay, or the reason of the denial.",
    ["kind", "answer"],
)
QUOTA_FALLBACK = Counter("rapport_quota_fallback_total", "Decisions that Postgres made while Redis was away.")
QUOTA_REBUILDS = Counter(
    "rapport_quota_rebuilds_total", "Rebuilds of an account's counters from the ledger.", ["engine"]
)
QUOTA_DISAGREEMENTS = Counter(
    "rapport_quota_disagreements_total", "Times that Redis and the ledger disagreed.", ["kind"]
)
FREEZES = Counter(
    "rapport_worker_freezes_total",
    "Times that a worker left a queue's messages waiting and restarted itself.",
    ["queue"],
)
MESSAGES_REFUSED = Counter(
    "rapport_messages_refused_total", "Messages from the broker that are malformed, by why.", ["reason"]
)
TASKS = Counter("rapport_tasks_total", "Tasks by how they ended.", ["task", "outcome"])

DAMAGED_HELP = (
    "Metrics files that can't be read, for example after a power failure. Their counts are missing."
)


STOPPED_HELP = "Accounts that do nothing until a person acts, by name and why. No series: none is stopped."


def render_exposition(metrics_dir: Path | None, stopped: Sequence[tuple[str, str]] | None = None) -> bytes:
    """Return the metrics of all processes in Prometheus' text format; without a folder, of this one only.

    `stopped` has the name of each stopped account and why; None if that is not known now.
    """
    accounts = CollectorRegistry()
    if stopped is not None:
        accounts.register(_StoppedAccounts(stopped))
    if metrics_dir is None:
        return generate_latest() + generate_latest(accounts)
    accounts.register(_AllProcesses(metrics_dir))
    return generate_latest(accounts)


class _StoppedAccounts(Collector):
    """Read from Postgres at each scrape: a gauge of a worker would outlive the sign-in that ends the stop."""

    def __init__(self, stopped: Sequence[tuple[str, str]]) -> None:
        self._stopped = stopped

    def collect(self) -> list[Metric]:
        gauge = GaugeMetricFamily("rapport_account_stopped", STOPPED_HELP, labels=["account", "reason"])
        for labels in self._stopped:
            gauge.add_metric(labels, 1)
        return [gauge]


class _AllProcesses(Collector):
    def __init__(self, metrics_dir: Path) -> None:
        self._metrics_dir = metrics_dir

    def collect(self) -> list[Metric]:
        files = [path for path in sorted(self._metrics_dir.glob("*/*.db")) if path.stat().st_size]
        damaged = {path for path in files if is_damaged(path)}
        readable = [str(path) for path in files if path not in damaged]
        found = list(MultiProcessCollector.merge(readable))  # type: ignore[no-untyped-call]  # untyped there
        if damaged:
            found.append(GaugeMetricFamily("rapport_metric_files_damaged", DAMAGED_HELP, len(damaged)))
        return found
