"""Start a campaign with Celery's own command, which has none of Rapport's code."""

import json
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import World

ROOT = Path(__file__).parents[2]
CAMPAIGN = "tasks.birthday.campaign"

OUTSIDER = """
import sys
sys.path = [path for path in sys.path if path not in ("", sys.argv[1])]
try:
    import tasks
except ImportError:
    pass
else:
    sys.exit("this environment has our code")
from celery.__main__ import main
sys.argv = ["celery", *sys.argv[2:]]
main()
"""
"""A `celery` command that can import Celery but not Rapport."""


def call_from_outside(world: World, tmp_path: Path, kwargs: dict[str, object]) -> None:
    """Publish the task of a birthday campaign by its name."""
    broker = world.settings.required("redis_url").get_secret_value()
    arguments = ["-b", broker, "call", CAMPAIGN, "--kwargs", json.dumps(kwargs)]
    subprocess.run(
        [sys.executable, "-c", OUTSIDER, str(ROOT), *arguments], cwd=tmp_path, check=True, capture_output=True
    )
