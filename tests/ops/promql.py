"""The metrics and labels that PromQL expressions name, and the expressions of this repository."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ops.monitoring.dashboards.build import DASHBOARDS
from ops.monitoring.dashboards.model import Panel

MONITORING = Path(__file__).parents[2] / "ops" / "monitoring"
RULE_FILES = sorted((MONITORING / "prometheus" / "rules").glob("*.yml"))
_SELECTOR = re.compile(r"\b((?:rapport|linkedin)_\w+|up)\b(?!\s*\()(?:\{([^}]*)\})?")
_LABEL = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
_GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")
_TIMES = {"$__rate_interval": "1m"}
"""What Grafana puts into a query."""


@dataclass(frozen=True, slots=True)
class Named:
    """What one expression names: each metric with the labels of its matchers, and the labels of groupings."""

    matched: dict[str, set[str]]
    grouped: set[str]


def parse_names(expr: str) -> Named:
    """Return the metrics and labels of an expression."""
    matched: dict[str, set[str]] = {}
    grouped = {label.strip() for group in _GROUPING.findall(expr) for label in group.split(",")} - {""}
    for metric, matchers in _SELECTOR.findall(_GROUPING.sub("", expr)):
        matched.setdefault(metric, set()).update(_LABEL.findall(matchers))
    return Named(matched, grouped)


def list_rules() -> list[dict[str, Any]]:
    """Return the alert rules of all files."""
    load = YAML(typ="safe", pure=True).load
    return [rule for file in RULE_FILES for group in load(file)["groups"] for rule in group["rules"]]


def list_panels() -> Iterator[tuple[str, Panel]]:
    """Yield each panel with a name for tests."""
    for dashboard in DASHBOARDS:
        for row in dashboard.rows:
            for panel in row.panels:
                yield f"{dashboard.title}: {panel.title}", panel


def fill_in(expr: str) -> str:
    """Return a panel's query as Grafana would send it."""
    for name, value in _TIMES.items():
        expr = expr.replace(name, value)
    return expr
