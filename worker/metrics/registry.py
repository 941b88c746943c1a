"""Every metric of /metrics: the table in docs/monitoring.md is made from this list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Final

from prometheus_client.metrics import MetricWrapperBase

from worker.metrics import exposition, living, processes, state
from worker.metrics.families import StateCounter, StateGauge

_MODULES: Final[Sequence[ModuleType]] = (processes, living, state, exposition)
PROCESSES: Final = "processes"


@dataclass(frozen=True, slots=True, order=True)
class MetricDescription:
    """A metric: its type and labels, what it says, and where it is read.

    `read_from` is PROCESSES for one that the processes count, else where it is read at a scrape.
    """

    name: str
    type: str
    labels: tuple[str, ...]
    help: str
    read_from: str


def list_metrics() -> Sequence[MetricDescription]:
    """Return every metric, by name."""
    return sorted(each for module in _MODULES for each in _describe(module))


def _describe(module: ModuleType) -> Iterator[MetricDescription]:
    for metric in vars(module).values():
        if isinstance(metric, (StateGauge, StateCounter)):
            yield MetricDescription(metric.name, metric.type, metric.labels, metric.help, metric.read_from)
        elif isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            suffix = "_total" if family.type == "counter" else ""
            labels = tuple(metric._labelnames)  # noqa: SLF001 -- the library shows them only on samples
            yield MetricDescription(
                f"{family.name}{suffix}", family.type, labels, family.documentation, PROCESSES
            )
