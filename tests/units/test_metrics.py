"""One scrape covers every process on the machine, including dead ones."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import Counter
from prometheus_client.parser import text_string_to_metric_families

from worker import metrics

WORK = """
import sys
from worker import metrics
metrics.BIRTHDAY_MESSAGES.labels("sent").inc(int(sys.argv[1]))
metrics.SITE_REQUEST_SECONDS.labels("sandbox", "send").observe(0.2)
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
    families = text_string_to_metric_families(metrics.render_exposition(folder).decode())
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


SENT = ("linkedin_birthday_messages_sent_total", ("sent",))
SENDS = ("linkedin_api_request_duration_seconds_count", ("sandbox", "send"))


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
    assert metrics.render_exposition(tmp_path) == b""
    assert metrics.render_exposition(tmp_path / "not there") == b""


def test_without_a_folder_a_process_tells_its_own() -> None:
    told = metrics.render_exposition(None).decode()
    for name in (
        "linkedin_birthday_messages_sent_total",
        "linkedin_api_request_duration_seconds",
        "linkedin_contacts_processed_total",
        "linkedin_errors_total",
    ):
        assert f"# HELP {name} " in told


@pytest.mark.parametrize(
    ("metric", "labels"),
    [
        (metrics.BIRTHDAY_MESSAGES, ("status",)),
        (metrics.CONTACTS_PROCESSED, ("source", "outcome")),
        (metrics.ERRORS, ("type", "service")),
    ],
)
def test_dashboards_find_the_labels_they_rely_on(metric: Counter, labels: tuple[str, ...]) -> None:
    assert metric._labelnames == labels
