"""Writes the dashboards as the JSON files that Grafana reads.

`.venv/bin/python -m ops.monitoring.dashboards.build` after each change; a test compares the files.
"""

import json
from pathlib import Path

from ops.monitoring.dashboards.browsers import BROWSERS
from ops.monitoring.dashboards.campaigns import CAMPAIGNS
from ops.monitoring.dashboards.errors import ERRORS
from ops.monitoring.dashboards.latency import LATENCY
from ops.monitoring.dashboards.model import Dashboard, build_dashboard
from ops.monitoring.dashboards.quota import QUOTA
from ops.monitoring.dashboards.upkeep import UPKEEP
from ops.monitoring.dashboards.workers import WORKERS

DASHBOARDS = (CAMPAIGNS, QUOTA, ERRORS, LATENCY, WORKERS, BROWSERS, UPKEEP)
FOLDER = Path(__file__).parents[1] / "grafana" / "dashboards"


def path_of(dashboard: Dashboard) -> Path:
    """Return the file of a dashboard."""
    return FOLDER / f"{dashboard.uid.removeprefix('rapport-')}.json"


def write_json(dashboard: Dashboard) -> str:
    """Return the text of the dashboard's file."""
    return json.dumps(build_dashboard(dashboard), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write all files."""
    for dashboard in DASHBOARDS:
        path_of(dashboard).write_text(write_json(dashboard))


if __name__ == "__main__":
    main()
