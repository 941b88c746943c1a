"""Metrics that are read at a scrape, rather than counted in a process."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Literal, Self

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

ACCOUNT: Final = "account"


@dataclass(frozen=True, slots=True)
class StateGauge:
    """A gauge: its name, help and label names, and where it is read at each scrape."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    read_from: Literal["Postgres", "Redis", "files", "code"] = "Postgres"
    type: ClassVar[str] = "gauge"

    def build(self, samples: Iterable[tuple[Sequence[str], float]]) -> Metric:
        """Return the gauge with these label values and numbers."""
        gauge = GaugeMetricFamily(self.name, self.help, labels=self.labels)
        for values, number in samples:
            gauge.add_metric(values, number)
        return gauge

    def by_account(self) -> Self:
        """Return the gauge with the account as its first label."""
        return replace(self, labels=(ACCOUNT, *self.labels))


@dataclass(frozen=True, slots=True)
class StateCounter:
    """A counter that is read, such as a total in Postgres: its name, help and label names."""

    name: str
    help: str
    labels: tuple[str, ...]
    read_from: Literal["Postgres"] = "Postgres"
    type: ClassVar[str] = "counter"

    def build(self, samples: Iterable[tuple[Sequence[str], float]]) -> Metric:
        """Return the counter with these label values and numbers."""
        counter = CounterMetricFamily(self.name, self.help, labels=self.labels)
        for values, number in samples:
            counter.add_metric(values, number)
        return counter
