"""The exposition: one scrape covers every process on the machine, and the state that was read for it."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from worker import logs
from worker.metrics import processes
from worker.metrics.error_types import ERROR_LABELS
from worker.metrics.families import StateGauge
from worker.metrics.slots import is_damaged, is_held

log = logs.get_logger(__name__)

DAMAGED_FILES = StateGauge(
    "rapport_metric_files_damaged",
    "Metrics files that can't be read, for example after a power failure. Their counts are missing. No "
    "series: none is damaged.",
    read_from="files",
)


def render_exposition(metrics_dir: Path | None, state: Sequence[Metric] = ()) -> bytes:
    """Return the metrics of all processes in Prometheus' text format; without a folder, of this one only.

    `state` has the gauges that were read for this scrape.
    """
    counted = list(REGISTRY.collect()) if metrics_dir is None else _read_files(metrics_dir)
    return render_state([*state, *_with_errors_at_zero(counted)])


def render_state(state: Sequence[Metric]) -> bytes:
    """Return these metrics in Prometheus' text format, and none of any process."""
    registry = CollectorRegistry()
    registry.register(_Collected(state))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        return self._metrics


def _read_files(metrics_dir: Path) -> list[Metric]:
    readable, damaged = [], 0
    for path in sorted(metrics_dir.glob("*/*.db")):
        # A gauge's file is deleted when a process takes over its slot; the library expects that of "live".
        with suppress(FileNotFoundError):
            if not path.stat().st_size or (path.name.startswith("gauge_") and not _is_live(path)):
                continue
            if is_damaged(path):
                damaged += 1
                _warn_of(path)
            else:
                readable.append(str(path))
    found = list(MultiProcessCollector.merge(readable))  # type: ignore[no-untyped-call]  # untyped there
    if damaged:
        found.append(DAMAGED_FILES.build([((), damaged)]))
    return found


@cache
def _warn_of(path: Path) -> None:
    """Log that a file is damaged, once in the life of this process."""
    log.warning("metrics_file_damaged", path=str(path))


def _is_live(gauge: Path) -> bool:
    """Return whether a gauge's file is of a living process. Those of an earlier version have other names."""
    return gauge.name.startswith("gauge_live") and is_held(gauge)


def _with_errors_at_zero(counted: list[Metric]) -> list[Metric]:
    """Add the types of errors that have not occurred, at 0."""
    (described,) = processes.ERRORS.describe()
    family = next((each for each in counted if each.name == described.name), None)
    if family is None:
        counted.append(family := described)
    occurred = {(sample.labels["type"], sample.labels["service"]) for sample in family.samples}
    for kind, service in ERROR_LABELS:
        if (kind, service) not in occurred:
            family.add_sample(f"{family.name}_total", {"type": kind, "service": service}, 0)
    return counted
