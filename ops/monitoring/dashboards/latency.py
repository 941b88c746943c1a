"""How long things take: the median, the 95th and the 99th percentile."""

from ops.monitoring.dashboards.expressions import percentiles, slowest
from ops.monitoring.dashboards.model import Dashboard, Panel, Query, Row, Unit

_NOT_METRICS = '{route!="/metrics"}'
_BY_ROUTE = slowest("linkedin_api_request_duration_seconds", "route")

LATENCY = Dashboard(
    "rapport-latency",
    "Rapport: latency",
    "How long requests, pages, tasks and reservations take.",
    (
        Row(
            "HTTP",
            (
                Panel(
                    "HTTP requests",
                    "All routes but /metrics, as the server measures them.",
                    Unit.SECONDS,
                    percentiles("linkedin_api_request_duration_seconds", where=_NOT_METRICS),
                ),
                Panel(
                    "HTTP requests by route: p95",
                    "19 of 20 requests of a route were quicker.",
                    Unit.SECONDS,
                    # A route that nobody asks has no number, and would fill the legend.
                    [Query(f"{_BY_ROUTE.expr} >= 0", _BY_ROUTE.legend)],
                ),
            ),
        ),
        Row(
            "The site",
            (
                Panel(
                    "Operations on the site",
                    "One verb in the browser, such as reading a conversation or sending a message.",
                    Unit.SECONDS,
                    percentiles("rapport_site_verb_seconds"),
                ),
                Panel(
                    "Operations on the site by verb: p95",
                    "If one verb becomes slow, its page has changed; if all do, the site is slow.",
                    Unit.SECONDS,
                    [slowest("rapport_site_verb_seconds", "verb")],
                ),
            ),
        ),
        Row(
            "Tasks and the quota",
            (
                Panel(
                    "Tasks",
                    "From the start of a task to its end, all tasks together.",
                    Unit.SECONDS,
                    percentiles("rapport_task_seconds"),
                ),
                Panel(
                    "Tasks by name: p95",
                    "19 of 20 runs of a task were quicker.",
                    Unit.SECONDS,
                    [slowest("rapport_task_seconds", "task")],
                ),
                Panel(
                    "Reservations of the quota",
                    "One decision with all gates, as the worker sees it.",
                    Unit.SECONDS,
                    percentiles("rapport_reservation_seconds"),
                ),
                Panel(
                    "From due to claimed",
                    "How long an action waited after its time had come.",
                    Unit.SECONDS,
                    percentiles("rapport_dispatch_lag_seconds"),
                ),
            ),
        ),
        Row(
            "Postgres",
            (
                Panel(
                    "Waiting for a connection: p95",
                    "By service. More than some milliseconds: its pool is too small or statements are slow.",
                    Unit.SECONDS,
                    [slowest("rapport_db_connection_wait_seconds", "service")],
                ),
                Panel(
                    "Connections",
                    "By service, in use and idle.",
                    Unit.COUNT,
                    [Query("sum by (service, state) (rapport_db_connections)", "{{service}} {{state}}")],
                    stacked=True,
                ),
            ),
        ),
    ),
)
