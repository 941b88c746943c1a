"""The pictures and the table of a recorded run, for docs/monitoring.md."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ops.monitoring.dashboards.build import DASHBOARDS
from ops.monitoring.dashboards.model import Look, Panel, Unit
from ops.monitoring.recording.charts import Chart, Span, draw_bars, draw_charts, drop_holes
from ops.monitoring.recording.servers import Prometheus

DOCS: Final = Path(__file__).parents[2] / "docs"
FOLDER: Final = DOCS / "monitoring"
BEGIN, END = "<!-- recorded run: begin -->", "<!-- recorded run: end -->"
HEADINGS = ("fault", "alert", "came after", "ended after the fault", "others sent")
WINDOW: Final = "1m"
"""In place of the hours of the dashboards, as the whole run takes some minutes."""
_LEGEND = re.compile(r"\{\{(\w+)\}\}")


def write(prometheus: Prometheus, spans: Sequence[Span], began: float, ended: float) -> None:
    """Draw each dashboard's graphs, and when which alert fired."""
    FOLDER.mkdir(exist_ok=True)
    for dashboard in DASHBOARDS:
        graphs = [panel for row in dashboard.rows for panel in row.panels if panel.look is Look.GRAPH]
        charts = [chart for panel in graphs if (chart := _read(prometheus, panel, began, ended)).series]
        svg = draw_charts(charts, spans, began, ended)
        (FOLDER / f"{dashboard.uid.removeprefix('rapport-')}.svg").write_text(svg)
    bars = _read_alerts(prometheus, began, ended)
    (FOLDER / "alerts.svg").write_text(draw_bars(bars, spans, began, ended))


def write_page(rows: Sequence[Sequence[str]]) -> None:
    """Put the table and the pictures that there are between their marks in docs/monitoring.md."""
    lines = [HEADINGS, ["---"] * len(HEADINGS), *rows]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    titles = {"alerts": "When each alert fired"} | {
        dashboard.uid.removeprefix("rapport-"): dashboard.title.removeprefix("Rapport: ").capitalize()
        for dashboard in DASHBOARDS
    }
    shown = {title: f"monitoring/{name}.svg" for name, title in titles.items()}
    pictures = [
        f"### {title}\n\n![{title}]({file})" for title, file in shown.items() if (DOCS / file).exists()
    ]
    table = "\n\n".join([table, *pictures])
    page = DOCS / "monitoring.md"
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


def _read(prometheus: Prometheus, panel: Panel, began: float, ended: float) -> Chart:
    series = []
    for query in panel.queries:
        expr = re.sub(r"\[(?:\$__rate_interval|\d+[hd])\]", f"[{WINDOW}]", query.expr)
        for labels, points in prometheus.query_range(expr, began, ended, 2):
            known = drop_holes(points)
            if any(value > 0 for _, value in known):
                series.append((_name(query.legend, labels), known))
    title = panel.title.replace("in each hour", "in each minute")
    return Chart(title, Unit(panel.unit), series)


def _name(legend: str, labels: Mapping[str, str]) -> str:
    return " ".join(_LEGEND.sub(lambda match: labels.get(match[1], ""), legend).split())


def _read_alerts(prometheus: Prometheus, began: float, ended: float) -> list[Span]:
    """Return each stretch of time in which an alert fired, also if another one explained it."""
    fired = prometheus.query_range('max by (alertname) (ALERTS{alertstate="firing"})', began, ended)
    bars: list[Span] = []
    for labels, points in fired:
        first = last = points[0][0]
        for at, _ in points[1:]:
            if at - last > 2:
                bars.append(Span(labels["alertname"], first, last))
                first = at
            last = at
        bars.append(Span(labels["alertname"], first, last))
    return sorted(bars, key=lambda bar: bar.begin)
