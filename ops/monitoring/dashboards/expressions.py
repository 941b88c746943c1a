"""PromQL that several dashboards use."""

from collections.abc import Sequence

from ops.monitoring.dashboards.model import Query


def percentiles(histogram: str, by: str = "", where: str = "") -> Sequence[Query]:
    """Return the median, the 95th and the 99th percentile, in all or for each value of the label `by`."""
    return [
        Query(_quantile(share, histogram, by, where), f"{name} {_legend(by)}".strip())
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    ]


def slowest(histogram: str, by: str) -> Query:
    """Return the 95th percentile for each value of a label."""
    return Query(_quantile(0.95, histogram, by), _legend(by))


def rate(counter: str, by: str) -> Query:
    """Return how fast a counter rises, per second, for each value of its labels."""
    return Query(f"sum by ({by}) (rate({counter}[$__rate_interval]))", _legend(by))


def hourly(counter: str, by: str, where: str = "") -> Query:
    """Return how much a counter rose in the last hour, for each value of its labels."""
    return Query(f"sum by ({by}) (increase({counter}{where}[1h]))", _legend(by))


def state(gauge: str, by: str) -> Query:
    """Return a gauge that is read once for all machines, for each value of its labels."""
    return Query(f"max by ({by}) ({gauge})", _legend(by))


def _quantile(share: float, histogram: str, by: str, where: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    buckets = f"sum by ({labels}) (rate({histogram}_bucket{where}[$__rate_interval]))"
    return f"histogram_quantile({share}, {buckets})"


def _legend(labels: str) -> str:
    """Return what Grafana calls a series that has these labels."""
    return " ".join("{{" + label.strip() + "}}" for label in labels.split(",") if label)
