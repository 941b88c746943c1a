"""One scrape covers every process on the machine, including dead ones."""

import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from worker.metrics.error_types import ERROR_LABELS
from worker.metrics.exposition import render_exposition
from worker.metrics.registry import list_metrics

ROOT = Path(__file__).parents[2]

WORK = """
import sys
from worker import metrics
metrics.DISPATCHED.labels("greet").inc(int(sys.argv[1]))
metrics.SITE_VERB_SECONDS.labels("sandbox", "send", "ok").observe(0.2)
print("counted", flush=True)
sys.stdin.read()
"""


def start(folder: Path, name: str, sent: int) -> subprocess.Popen[str]:
    own = folder / name
    own.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", WORK, str(sent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(own)},  # noqa: TID251 -- a child needs ours
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def samples(folder: Path) -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(render_exposition(folder).decode())
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


SENT = ("rapport_actions_dispatched_total", ("greet",))
SENDS = ("rapport_site_verb_seconds_count", ("ok", "sandbox", "send"))


def test_a_scrape_adds_up_all_processes_also_one_that_was_killed(tmp_path: Path) -> None:
    first = start(tmp_path, "worker-1", sent=2)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    assert samples(tmp_path)[SENT] == 2
    second = start(tmp_path, "worker-2", sent=3)
    # in the dead one's folder, as after a restart
    third = start(tmp_path, "worker-1", sent=4)
    found = samples(tmp_path)
    assert found[SENT] == 9
    assert found[SENDS] == 3
    for process in (second, third):
        process.communicate()
        assert process.returncode == 0
    assert samples(tmp_path) == found


def test_nobody_has_counted_yet(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "not there"):
        assert samples(folder) == {
            ("linkedin_errors_total", (service, kind)): 0 for kind, service in ERROR_LABELS
        }


def test_without_a_folder_a_process_tells_its_own() -> None:
    told = render_exposition(None).decode()
    for name in (
        "linkedin_api_request_duration_seconds",
        "linkedin_errors_total",
    ):
        assert f"# HELP {name} " in told


@pytest.mark.parametrize(
    ("name", "kind", "labels"),
    [
        ("linkedin_birthday_messages_sent_total", "counter", ("status",)),
        ("linkedin_contacts_processed_total", "counter", ("source", "outcome")),
        ("linkedin_rate_limit_remaining", "gauge", ("period",)),
        ("linkedin_api_request_duration_seconds", "histogram", ("route", "method", "status")),
        ("linkedin_errors_total", "counter", ("type", "service")),
    ],
)
def test_dashboards_find_the_labels_they_rely_on(name: str, kind: str, labels: tuple[str, ...]) -> None:
    (found,) = (each for each in list_metrics() if each.name == name)
    assert (found.type, found.labels) == (kind, labels)


def test_each_metric_says_what_it_is_and_has_a_name_of_its_own() -> None:
    every = list_metrics()
    assert len({each.name for each in every}) == len(every)
    assert all(each.help.endswith(".") for each in every)


def test_the_page_has_the_table_of_all_metrics_that_its_script_writes() -> None:
    page = ROOT / "docs" / "monitoring.md"
    fill = runpy.run_path(str(ROOT / "docs" / "make_metrics_table.py"))["fill_table"]
    assert page.read_text() == fill(page.read_text()), "run .venv/bin/python docs/make_metrics_table.py"
