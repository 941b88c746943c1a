"""Queues, workers and browsers."""

from ops.monitoring.dashboards.expressions import hourly, state
from ops.monitoring.dashboards.model import Dashboard, Look, Panel, Query, Row, Unit

WORKERS = Dashboard(
    "rapport-workers",
    "Rapport: queues and workers",
    "Whether work is taken up, by how many workers, and how they end it.",
    (
        Row(
            "Now",
            (
                Panel(
                    "Workers alive",
                    "Workers that have reported in the last seconds.",
                    Unit.COUNT,
                    [Query("max(rapport_workers_alive)", "workers")],
                    Look.NUMBER,
                    width=8,
                ),
                Panel(
                    "Consumers of each queue",
                    "Workers that take messages from it. 0: nothing of this queue happens.",
                    Unit.COUNT,
                    [state("rapport_queue_consumers", "queue")],
                    Look.NUMBER,
                    width=16,
                ),
            ),
        ),
        Row(
            "Queues",
            (
                Panel(
                    "Messages waiting",
                    "Length of each queue. A message is only an id; the plan is in Postgres.",
                    Unit.COUNT,
                    [state("rapport_queue_length", "queue")],
                ),
                Panel(
                    "How long the oldest message has waited",
                    "In each queue. 0: it is empty.",
                    Unit.SECONDS,
                    [state("rapport_queue_oldest_message_age_seconds", "queue")],
                ),
                Panel(
                    "Actions handed to workers in each hour",
                    "What the dispatcher published, by kind.",
                    Unit.COUNT,
                    [hourly("rapport_actions_dispatched_total", "kind")],
                    stacked=True,
                ),
                Panel(
                    "The oldest lease",
                    "How long a worker has held its action. 0: none is held.",
                    Unit.SECONDS,
                    [Query("max(rapport_oldest_lease_age_seconds)", "oldest lease")],
                ),
            ),
        ),
        Row(
            "Workers",
            (
                Panel(
                    "Workers over time",
                    "A step down: a worker ended and was not replaced.",
                    Unit.COUNT,
                    [Query("max(rapport_workers_alive)", "workers")],
                ),
                Panel(
                    "Tasks in each hour",
                    "By how they ended.",
                    Unit.COUNT,
                    [hourly("rapport_tasks_total", "outcome")],
                    stacked=True,
                ),
                Panel(
                    "Workers that restarted themselves",
                    "In each hour, because they left a queue's messages waiting.",
                    Unit.COUNT,
                    [hourly("rapport_worker_freezes_total", "queue")],
                    empty="None did",
                ),
                Panel(
                    "Versions that run",
                    "More than one row: some processes have not been restarted since an update.",
                    Unit.COUNT,
                    [Query("sum by (version, python) (rapport_build_info)", "{{version}} {{python}}")],
                    Look.TABLE,
                ),
            ),
        ),
    ),
)
