"""All metrics and their labels. Existing dashboards rely on the five that begin with linkedin_.

Each process stores its values in files below RAPPORT_METRICS_DIR (the library's multiprocess mode, switched
on by PROMETHEUS_MULTIPROC_DIR before Python starts). `render_exposition` sums all files, so one scrape covers
every process on the machine. The files outlive their process (`metric_slots`), so counters never decrease.
There is no gauge among them: what describes a state is read from Postgres at each scrape, because the last
value that some process has set is wrong as soon as the state changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
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
MARK_MATCHES = Counter(
    "rapport_mark_matches_total",
    "Looks for an element of a site's pages, by the form that matched; none: no form did.",
    ["site", "mark", "version"],
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


@dataclass(frozen=True, slots=True)
class StateGauge:
    """A gauge that is read from Postgres at each scrape: its name, help and label names."""

    name: str
    help: str
    labels: tuple[str, ...]

    def build(self, samples: Iterable[tuple[Sequence[str], float]]) -> Metric:
        """Return the gauge with these label values and numbers."""
        gauge = GaugeMetricFamily(self.name, self.help, labels=self.labels)
        for values, number in samples:
            gauge.add_metric(values, number)
        return gauge


STOPPED = StateGauge(
    "rapport_account_stopped",
    "Accounts that do nothing until a person acts, by name and why. No series: none is stopped.",
    ("account", "reason"),
)
SIGN_IN_EXPIRES = StateGauge(
    "rapport_sign_in_expires_timestamp_seconds",
    "When the key cookie of an account's stored sign-in expires. No series: not known.",
    ("account",),
)
RATE_LIMIT_REMAINING = StateGauge(
    "linkedin_rate_limit_remaining",
    "Actions left in the window now, by the ledger. The run is the one that used the kind last today.",
    ("account", "kind", "period"),
)
MARKS_MISSING = StateGauge(
    "rapport_marks_missing",
    "Elements of a site's pages that are found less than they were. No series: none is.",
    ("site", "mark", "trend"),
)
UPKEEP_SUCCEEDED = StateGauge(
    "rapport_upkeep_last_success_timestamp_seconds", "When an upkeep job last succeeded.", ("job",)
)
UPKEEP_FAILED = StateGauge(
    "rapport_upkeep_last_failure_timestamp_seconds", "When an upkeep job last failed.", ("job",)
)
UPKEEP_LATE = StateGauge(
    "rapport_upkeep_late",
    "Upkeep jobs that should have succeeded long ago. No series: none is late.",
    ("job",),
)


def render_exposition(metrics_dir: Path | None, state: Sequence[Metric] = ()) -> bytes:
    """Return the metrics of all processes in Prometheus' text format; without a folder, of this one only.

    `state` has the gauges that were read for this scrape.
    """
    registry = CollectorRegistry()
    registry.register(_Collected(state))
    if metrics_dir is None:
        return generate_latest() + generate_latest(registry)
    registry.register(_AllProcesses(metrics_dir))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        return self._metrics


class _AllProcesses(Collector):
    def __init__(self, metrics_dir: Path) -> None:
        self._metrics_dir = metrics_dir

    def collect(self) -> list[Metric]:
        files = [path for path in sorted(self._metrics_dir.glob("*/*.db")) if path.stat().st_size]
        counted = [path for path in files if not path.name.startswith("gauge_")]  # of an earlier version
        damaged = {path for path in counted if is_damaged(path)}
        readable = [str(path) for path in counted if path not in damaged]
        found = list(MultiProcessCollector.merge(readable))  # type: ignore[no-untyped-call]  # untyped there
        if damaged:
            found.append(GaugeMetricFamily("rapport_metric_files_damaged", DAMAGED_HELP, len(damaged)))
        return found
