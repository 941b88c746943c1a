"""Options of Celery's own command that would give a worker several processes, or other limits."""

import json
import subprocess
import sys

import pytest

START = """
import json, sys
from celery.bin.celery import celery

said = []
for options in json.loads(sys.argv[1]):
    try:
        celery.main(["-A", "worker.app", "worker", "-Q", "control", *options], standalone_mode=False)
    except SystemExit as refusal:
        said.append(refusal.code)
print(json.dumps(said))
"""


@pytest.mark.usefixtures("environment")
def test_a_worker_refuses_to_start_with_several_processes_or_other_limits() -> None:
    wrong = {
        "-c 4": "concurrency must be 1",
        "--concurrency=auto": "concurrency must be 1",
        "--autoscale=4,1": "concurrency must be 1",
        "-P solo": "pool must be prefork",
        "-P threads": "pool must be prefork",
        "--soft-time-limit=5": "soft time limit",
    }
    argument = json.dumps([options.split() for options in wrong])
    found = subprocess.run(
        [sys.executable, "-c", START, argument], capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 0, found.stderr
    said = json.loads(found.stdout.splitlines()[-1])
    assert len(said) == len(wrong)
    assert all(
        line.startswith("This worker can't start: ") and why in line
        for line, why in zip(said, wrong.values(), strict=True)
    ), said
