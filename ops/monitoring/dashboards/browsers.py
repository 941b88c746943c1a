"""Browsers: starts, crashes, processes and memory."""

from ops.monitoring.dashboards.expressions import hourly, slowest
from ops.monitoring.dashboards.model import Dashboard, Panel, Query, Row, Unit

BROWSERS = Dashboard(
    "rapport-browsers",
    "Rapport: browsers",
    "How many Chromiums run, what they take, and how often they are started or crash.",
    (
        Row(
            "Browsers",
            (
                Panel(
                    "Starts in each hour",
                    "First starts, planned renewals (recycled), and starts after a crash.",
                    Unit.COUNT,
                    [hourly("rapport_browser_starts_total", "reason")],
                    stacked=True,
                ),
                Panel(
                    "Crashes in each hour",
                    "A crash in the middle of a greeting leaves an action that must be checked.",
                    Unit.COUNT,
                    [Query("sum(increase(rapport_browser_crashes_total[1h]))", "crashes")],
                ),
                Panel(
                    "Processes",
                    "One for each page and some more. Steadily more of them: some are left behind.",
                    Unit.COUNT,
                    [Query("sum by (service) (rapport_browser_processes)", "{{service}}")],
                ),
                Panel(
                    "Memory of the browsers",
                    "All processes of the browsers. A browser is renewed before it takes too much.",
                    Unit.BYTES,
                    [Query("sum by (service) (rapport_browser_memory_bytes)", "{{service}}")],
                ),
                Panel(
                    "Memory of Rapport's own processes",
                    "Without their browsers.",
                    Unit.BYTES,
                    [Query("sum by (service) (rapport_process_memory_bytes)", "{{service}}")],
                ),
                Panel(
                    "Operations by outcome: p95",
                    "How long verbs on the site take, by how they end.",
                    Unit.SECONDS,
                    [slowest("rapport_site_verb_seconds", "outcome")],
                ),
            ),
        ),
    ),
)
