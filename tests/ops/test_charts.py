"""Pictures of recorded series."""

import math
from xml.etree import ElementTree as ET

from ops.monitoring.dashboards.model import Unit
from ops.monitoring.recording.charts import Chart, Span, draw_bars, draw_charts, drop_holes
from ops.monitoring.recording.servers import speed_up

SPANS = [Span("a fault", 100, 160)]


def test_a_chart_has_a_line_for_each_stretch_without_a_hole() -> None:
    points = [(float(at), math.nan if 60 <= at < 120 else at) for at in range(0, 240, 10)]
    chart = Chart("Wait < 1 & more", Unit.SECONDS, [("p50", drop_holes(points)), ("p99", [(0.0, 2.0)])])
    drawn = ET.fromstring(draw_charts([chart, chart, chart], SPANS, 0, 240))
    lines = [line for line in drawn.iter() if line.tag.endswith("polyline")]
    assert len(lines) == 3 * 3
    assert not [line for line in lines if "nan" in line.attrib["points"]]


def test_alerts_are_bars() -> None:
    drawn = ET.fromstring(draw_bars([Span("One", 110, 150), Span("Two", 120, 125)], SPANS, 0, 240))
    assert [text.text for text in drawn.iter() if text.tag.endswith("text")][:3] == ["1", "One", "Two"]


def test_times_of_rules_are_divided_and_other_numbers_stay() -> None:
    rule = "expr: increase(x[1h]) > 900 and y[15m] > 3\nfor: 5m\nkeep_firing_for: 5m # 5m\n"
    assert speed_up(rule, 5) == (
        "expr: increase(x[720s]) > 900 and y[180s] > 3\nfor: 60s\nkeep_firing_for: 60s # 5m\n"
    )
