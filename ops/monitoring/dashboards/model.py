"""What a dashboard is made of, and its JSON for Grafana."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DATASOURCE = {"type": "prometheus", "uid": "rapport-prometheus"}
"""The one of grafana/provisioning/datasources."""
_COLUMNS = 24
_HEIGHT = 8


class Unit(StrEnum):
    """Grafana's names of units."""

    COUNT = "short"
    PER_SECOND = "ops"
    SECONDS = "s"
    BYTES = "bytes"
    YES_OR_NO = "bool"
    DATE = "dateTimeFromNow"
    """Of milliseconds."""


class Look(StrEnum):
    """Grafana's names of kinds of panels."""

    GRAPH = "timeseries"
    NUMBER = "stat"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression, and what its series are called: text with {{label}} in it."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture with its question as a title. `width` is in 24ths of the page.

    `empty` says what no data mean. Without it, the queries always have data.
    """

    title: str
    description: str
    unit: Unit
    queries: Sequence[Query]
    look: Look = Look.GRAPH
    width: int = 12
    stacked: bool = False
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels below a heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One page. `uid` is a part of its address and of its file's name."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    hours: int = 24


def build_dashboard(dashboard: Dashboard) -> dict[str, Any]:
    """Return the JSON model that Grafana reads."""
    panels: list[dict[str, Any]] = []
    top = 0
    for row in dashboard.rows:
        heading = {"type": "row", "title": row.title, "collapsed": False, "panels": []}
        panels.append(heading | _place(len(panels) + 1, 0, top, _COLUMNS, 1))
        top += 1
        left = 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                left, top = 0, top + _HEIGHT
            panels.append(_build_panel(panel) | _place(len(panels) + 1, left, top, panel.width, _HEIGHT))
            left += panel.width
        top += _HEIGHT
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["rapport"],
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,  # the same moment is marked in all panels
        "refresh": "30s",
        "time": {"from": f"now-{dashboard.hours}h", "to": "now"},
        "timezone": "browser",
        "links": [
            {
                "type": "dashboards",
                "title": "Rapport",
                "tags": ["rapport"],
                "asDropdown": True,
                "keepTime": True,
            }
        ],
        "templating": {"list": []},
        "annotations": {"list": [_mark_alerts()]},
        "panels": panels,
    }


def _place(number: int, left: int, top: int, width: int, height: int) -> dict[str, Any]:
    return {"id": number, "gridPos": {"x": left, "y": top, "w": width, "h": height}}


def _mark_alerts() -> dict[str, Any]:
    """Return an annotation that draws a line wherever an alert fires."""
    return {
        "name": "Alerts",
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertname=~"Rapport.*", alertstate="firing"}',
        "titleFormat": "{{alertname}}",
        "step": "60s",
    }


def _build_panel(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "color": {"mode": "palette-classic"}}
    if panel.empty:
        defaults["noValue"] = panel.empty
    if panel.unit is not Unit.DATE:
        defaults["min"] = 0
    options: dict[str, Any] = {}
    match panel.look:
        case Look.GRAPH:
            defaults["custom"] = {
                "fillOpacity": 30 if panel.stacked else 0,
                "showPoints": "never",
                "stacking": {"mode": "normal" if panel.stacked else "none"},
            }
            options = {
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }
        case Look.NUMBER:
            options = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "none", "textMode": "auto"}
        case Look.TABLE:
            options = {"showHeader": True}
    built = {
        "type": panel.look,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            _build_target(query, chr(ord("A") + number), panel.look)
            for number, query in enumerate(panel.queries)
        ],
    }
    if panel.look is Look.TABLE:
        hidden = {"Time": True, "Value": True}
        built["transformations"] = [{"id": "organize", "options": {"excludeByName": hidden}}]
    return built


def _build_target(query: Query, letter: str, look: Look) -> dict[str, Any]:
    instant = look is not Look.GRAPH
    return {
        "refId": letter,
        "datasource": DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "instant": instant,
        "range": not instant,
        "format": "table" if look is Look.TABLE else "time_series",
    }
