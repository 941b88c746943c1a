"""The app that every worker and beat loads."""

import json
import subprocess
import sys

import pytest

from tasks import contract
from worker.rules.upkeep import UpkeepJob

SHOW = (
    "import json; from worker.app import app; app.loader.import_default_modules(); "
    "beat = {entry['task']: entry['schedule'] for entry in app.conf.beat_schedule.values()}; "
    "limit = app.conf.worker_max_tasks_per_child; print(json.dumps([list(app.tasks), beat, limit]))"
)


@pytest.mark.usefixtures("environment")
def test_a_worker_knows_every_task_of_the_contract_and_of_beat() -> None:
    found = subprocess.run([sys.executable, "-c", SHOW], check=True, capture_output=True, text=True).stdout
    known, ticks, tasks_per_child = json.loads(found)
    names = {
        value for name, value in vars(contract).items() if name.isupper() and str(value).startswith("tasks.")
    }
    assert {name for name in known if name.startswith("tasks.")} == names
    assert set(ticks) <= names
    assert tasks_per_child is None  # a new child takes longer than a task
    # beat forgets an interval when it is restarted, so a long one might never end
    assert max(ticks.values()) <= 60
    assert {f"tasks.upkeep.{job}" for job in UpkeepJob} <= names - set(ticks)
