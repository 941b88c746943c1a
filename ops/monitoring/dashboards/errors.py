"""What fails, by type and by service."""

from ops.monitoring.dashboards.expressions import hourly, rate, state
from ops.monitoring.dashboards.model import Dashboard, Look, Panel, Query, Row, Unit

ERRORS = Dashboard(
    "rapport-errors",
    "Rapport: errors",
    "What fails, where, and of which type. Types are the reasons that `rapport actions list` shows.",
    (
        Row(
            "Errors",
            (
                Panel(
                    "Errors by service",
                    "In each hour. A service is a part of Rapport, such as worker or api.",
                    Unit.COUNT,
                    [hourly("linkedin_errors_total", "service")],
                    stacked=True,
                ),
                Panel(
                    "Errors by type",
                    "In each hour. The reason of a failed action, or the status of a refused request.",
                    Unit.COUNT,
                    [hourly("linkedin_errors_total", "type")],
                    stacked=True,
                ),
                Panel(
                    "The ten most frequent in 24 hours",
                    "Type and service together.",
                    Unit.COUNT,
                    [
                        Query(
                            "topk(10, sum by (service, type) (increase(linkedin_errors_total[1d])))",
                            "{{service}}: {{type}}",
                        )
                    ],
                    Look.NUMBER,
                ),
                Panel(
                    "HTTP requests by status",
                    "Per second. 4xx is the caller's mistake, 5xx is ours.",
                    Unit.PER_SECOND,
                    [rate("linkedin_api_request_duration_seconds_count", "status")],
                    stacked=True,
                ),
                Panel(
                    "Tasks that didn't succeed",
                    "In each hour, by task and outcome.",
                    Unit.COUNT,
                    [hourly("rapport_tasks_total", "task, outcome", '{outcome!~"succeeded|success|ok"}')],
                    stacked=True,
                    empty="All tasks succeeded",
                ),
                Panel(
                    "Refused messages",
                    "In each hour, by reason. Somebody put something into a queue that is no task.",
                    Unit.COUNT,
                    [hourly("rapport_messages_refused_total", "reason")],
                    stacked=True,
                    empty="None was refused",
                ),
            ),
        ),
        Row(
            "The site's pages",
            (
                Panel(
                    "Elements that are found less than before",
                    "A site has changed. Workers stop the account rather than guess.",
                    Unit.COUNT,
                    [state("rapport_marks_missing", "site, mark, trend")],
                    Look.TABLE,
                    empty="All are found as before",
                ),
                Panel(
                    "Looks by the form that matched",
                    "In each hour. Another form than the first choice is an early sign of a changed page.",
                    Unit.COUNT,
                    [hourly("rapport_mark_matches_total", "version")],
                    stacked=True,
                    empty="No page of a real site was opened",
                ),
            ),
        ),
    ),
)
