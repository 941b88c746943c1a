"""Upkeep jobs, notices, and the metrics themselves."""

from ops.monitoring.dashboards.expressions import hourly, state
from ops.monitoring.dashboards.model import Dashboard, Look, Panel, Query, Row, Unit

UPKEEP = Dashboard(
    "rapport-upkeep",
    "Rapport: upkeep and notices",
    "Whether old data is erased, days are closed, and people are told what they must know.",
    (
        Row(
            "Upkeep",
            (
                # Prometheus has a label `job` of its own, so it calls the metric's `exported_job`.
                Panel(
                    "Since each job succeeded",
                    "Each job has an interval of its own; operations.md lists them.",
                    Unit.SECONDS,
                    [
                        Query(
                            "time() - max by (exported_job) (rapport_upkeep_last_success_timestamp_seconds)",
                            "{{exported_job}}",
                        )
                    ],
                ),
                Panel(
                    "Since each job failed",
                    "A failed job is tried again after a minute, then 2, 4 … up to an hour.",
                    Unit.SECONDS,
                    [
                        Query(
                            "time() - max by (exported_job) (rapport_upkeep_last_failure_timestamp_seconds)",
                            "{{exported_job}}",
                        )
                    ],
                    empty="None has failed",
                ),
                Panel(
                    "Late jobs",
                    "Jobs that should have succeeded long ago.",
                    Unit.COUNT,
                    [state("rapport_upkeep_late", "exported_job")],
                    Look.TABLE,
                    empty="None is late",
                ),
                Panel(
                    "Address books and calendars read",
                    "In each hour, by outcome.",
                    Unit.COUNT,
                    [hourly("rapport_subscription_readings_total", "outcome")],
                    stacked=True,
                    empty="None is subscribed",
                ),
            ),
        ),
        Row(
            "Notices",
            (
                Panel(
                    "Notices by outcome",
                    "In each hour. maybe_twice: the notifier died while it sent one.",
                    Unit.COUNT,
                    [hourly("rapport_notices_total", "kind, outcome")],
                    stacked=True,
                ),
                Panel(
                    "Notices that wait or failed",
                    "Pending ones are sent within seconds or tried again; failed ones were given up.",
                    Unit.COUNT,
                    [state("rapport_notices", "state")],
                ),
                Panel(
                    "How long the oldest notice has waited",
                    "0: none waits.",
                    Unit.SECONDS,
                    [Query("max(rapport_oldest_pending_notice_age_seconds)", "oldest notice")],
                ),
                Panel(
                    "Files of metrics that can't be read",
                    "What they had counted is missing in the graphs.",
                    Unit.COUNT,
                    [Query("sum(rapport_metric_files_damaged)", "damaged files")],
                    Look.NUMBER,
                    empty="All can be read",
                ),
            ),
        ),
    ),
)
