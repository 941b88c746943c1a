"""Writes the table of all metrics in docs/monitoring.md, from their declarations in worker/metrics.

`.venv/bin/python docs/make_metrics_table.py` changes what stands between the two comments of the page.
"""

import re
from pathlib import Path

from worker.metrics.registry import MetricDescription, list_metrics

PAGE = Path(__file__).parent / "monitoring.md"
_TABLE = re.compile(r"(?<=<!-- made by make_metrics_table.py -->\n).*(?=<!-- end -->)", re.DOTALL)
_LEGACY = "linkedin_"


def fill_table(page: str) -> str:
    """Return the page with the table as the declarations say now."""
    metrics = sorted(list_metrics(), key=lambda each: (not each.name.startswith(_LEGACY), each.name))
    rows = ["", "| metric | type | labels | what it says | read from |", "|---|---|---|---|---|"]
    table = "\n".join([*rows, *map(_row, metrics), "", ""])
    filled, count = _TABLE.subn(lambda _: table, page)
    if count != 1:
        raise ValueError(f"{PAGE.name} must have the two comments that the table stands between, once")
    return filled


def _row(metric: MetricDescription) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    cells = f"`{metric.name}`", metric.type, labels, metric.help, metric.read_from
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(fill_table(PAGE.read_text()))
