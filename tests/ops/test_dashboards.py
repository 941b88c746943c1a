"""The dashboards are what the code says, and say what they show."""

import json

import pytest
from ruamel.yaml import YAML

from ops.monitoring.dashboards.build import DASHBOARDS, FOLDER, path_of, write_json
from ops.monitoring.dashboards.model import DATASOURCE, Dashboard
from tests.ops.promql import MONITORING, list_panels, list_rules, parse_names
from worker.metrics.registry import list_metrics

PANELS = dict(list_panels())
EXPRESSIONS = [(name, query.expr) for name, panel in PANELS.items() for query in panel.queries]
EXPRESSIONS += [(rule["alert"], rule["expr"]) for rule in list_rules()]


def declared_labels() -> dict[str, set[str]]:
    """Return the labels of each series' name, as Prometheus stores them: it has a label `job` of its own."""
    declared = {"up": {"job", "instance"}}
    for metric in list_metrics():
        labels = {"exported_job" if label == "job" else label for label in metric.labels}
        if metric.type == "histogram":
            declared |= {f"{metric.name}_bucket": labels | {"le"}, f"{metric.name}_count": labels}
        else:
            declared[metric.name] = labels
    return declared


DECLARED = declared_labels()


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.uid)
def test_a_file_is_what_the_code_builds(dashboard: Dashboard) -> None:
    assert path_of(dashboard).read_text() == write_json(dashboard), (
        "run `.venv/bin/python -m ops.monitoring.dashboards.build`"
    )


def test_there_are_no_other_files() -> None:
    assert {path_of(dashboard) for dashboard in DASHBOARDS} == set(FOLDER.iterdir())
    assert len({dashboard.uid for dashboard in DASHBOARDS}) == len(DASHBOARDS)


def test_no_title_is_used_twice_on_a_page() -> None:
    assert len(PANELS) == sum(len(row.panels) for dashboard in DASHBOARDS for row in dashboard.rows)


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_says_in_words_what_it_shows(name: str) -> None:
    panel = PANELS[name]
    assert panel.title[0].isupper()
    assert "_" not in panel.title
    assert panel.description.endswith(".")
    assert panel.queries
    assert all(query.legend for query in panel.queries)


def test_the_panels_of_a_page_do_not_overlap() -> None:
    for dashboard in DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(write_json(dashboard))["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, panel["title"]
            assert place["x"] + place["w"] <= 24
            taken |= cells


def test_a_query_s_legend_names_only_labels_that_it_keeps() -> None:
    for name, panel in PANELS.items():
        for query in panel.queries:
            named = {word.strip("{}") for word in query.legend.split() if word.startswith("{{")}
            assert {label.strip(":}") for label in named} <= parse_names(query.expr).grouped, name


def test_the_dashboards_ask_the_datasource_that_is_provisioned() -> None:
    load = YAML(typ="safe", pure=True).load
    (source,) = load(MONITORING / "grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert {"type": source["type"], "uid": source["uid"]} == DATASOURCE


@pytest.mark.parametrize(("name", "expr"), EXPRESSIONS)
def test_an_expression_names_only_metrics_and_labels_that_are_declared(name: str, expr: str) -> None:
    named = parse_names(expr)
    assert named.matched
    assert named.matched.keys() <= DECLARED.keys()
    for metric, labels in named.matched.items():
        assert labels <= DECLARED[metric]
    assert named.grouped <= {label for metric in named.matched for label in DECLARED[metric]}


def test_more_than_fifteen_metrics_are_shown() -> None:
    shown = {
        m for panel in PANELS.values() for query in panel.queries for m in parse_names(query.expr).matched
    }
    assert len(shown) > 15
