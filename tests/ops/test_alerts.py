"""The alert rules fire when they should, stay silent when they should, and say what to do."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.ops.alert_cases import CASES, AlertCase
from tests.ops.promql import MONITORING, RULE_FILES

ROOT = Path(__file__).parents[2]
PROMETHEUS = MONITORING / "prometheus" / "prometheus.yml"
ALERTMANAGER = MONITORING / "alertmanager" / "alertmanager.yml"
LOAD = YAML(typ="safe", pure=True).load
RULES_OF_FILE: dict[Path, list[dict[str, Any]]] = {
    file: [rule for group in LOAD(file)["groups"] for rule in group["rules"]] for file in RULE_FILES
}
RULES = [rule for rules in RULES_OF_FILE.values() for rule in rules]
SEVERITIES = {rule["alert"]: rule["labels"]["severity"] for rule in RULES}


def run_tool(name: str, *arguments: str | Path) -> str:
    """Run a program of Prometheus, or skip the test where it isn't installed."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed (apt install prometheus prometheus-alertmanager)")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_configuration() -> None:
    run_tool("promtool", "check", "config", "--syntax-only", PROMETHEUS)
    run_tool("promtool", "check", "rules", *RULE_FILES)


def test_alertmanager_takes_the_configuration() -> None:
    run_tool("amtool", "check-config", ALERTMANAGER)


def group_cases() -> dict[tuple[Path, str], list[AlertCase]]:
    """Group the cases by file and interval: promtool evaluates all rules of a file, for each of its cases."""
    groups: dict[tuple[Path, str], list[AlertCase]] = {}
    for case in CASES:
        file = next(
            file for file, rules in RULES_OF_FILE.items() if case.alert in {r["alert"] for r in rules}
        )
        groups.setdefault((file, case.interval), []).append(case)
    return groups


def test_each_alert_fires_and_ends_and_stays_silent_before(tmp_path: Path) -> None:
    files = []
    for (rules, interval), cases in group_cases().items():
        tests = {
            "rule_files": [str(rules)],
            "evaluation_interval": interval,
            "tests": [case.build(SEVERITIES[case.alert]) for case in cases],
        }
        files.append(tmp_path / f"{rules.stem}_{interval}.json")  # JSON is YAML too
        files[-1].write_text(json.dumps(tests))
    run_tool("promtool", "test", "rules", *files)


def test_each_alert_has_a_case_and_waits_a_while() -> None:
    assert [rule["alert"] for rule in RULES] == list(SEVERITIES)  # no name twice
    assert sorted(case.alert for case in CASES) == sorted(SEVERITIES)
    assert all(len(case.silent) >= 2 for case in CASES)
    assert all(rule["for"] for rule in RULES)
    assert set(SEVERITIES.values()) <= {"critical", "warning"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_means_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert anchor == rule["alert"].lower()
    assert rule["alert"] in headings


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_the_words_name_only_labels_that_the_alert_has(rule: dict[str, Any]) -> None:
    used = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
    case = next(case for case in CASES if case.alert == rule["alert"])
    assert used <= case.labels.keys()


def test_alertmanager_names_only_alerts_that_exist() -> None:
    for rule in LOAD(ALERTMANAGER)["inhibit_rules"]:
        for matcher in [*rule["source_matchers"], *rule["target_matchers"]]:
            if pattern := re.fullmatch(r'alertname=~?"(.+)"', matcher):
                for name in re.split(r"\|(?![^(]*\))", pattern[1]):
                    assert any(re.fullmatch(name, alert) for alert in SEVERITIES), name


def test_no_file_of_the_monitoring_holds_a_secret() -> None:
    for file in (PROMETHEUS, ALERTMANAGER):
        for line in file.read_text().splitlines():
            key, _, value = line.partition(":")
            if re.search(r"password|token|credentials|api_key", key):
                assert value.strip().startswith("/run/secrets/"), line
