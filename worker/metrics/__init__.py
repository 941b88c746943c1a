"""All metrics and their labels. Existing dashboards rely on the five that begin with linkedin_.

`processes.py` has what the processes count, `state.py` what is read from Postgres at each scrape.
"""

from worker.metrics.processes import (
    BROWSER_CRASHES,
    BROWSER_STARTS,
    DB_WAIT,
    DISPATCH_LAG,
    DISPATCHED,
    DUPLICATE_DELIVERIES,
    ERRORS,
    FREEZES,
    HTTP_SECONDS,
    MARK_MATCHES,
    MESSAGES_REFUSED,
    QUOTA_DECISIONS,
    QUOTA_DISAGREEMENTS,
    QUOTA_FALLBACK,
    QUOTA_REBUILDS,
    REPLIES,
    RESERVATION_SECONDS,
    SITE_VERB_SECONDS,
    SUBSCRIPTION_READINGS,
    TASK_SECONDS,
    TASKS,
)

__all__ = [
    "BROWSER_CRASHES",
    "BROWSER_STARTS",
    "DB_WAIT",
    "DISPATCHED",
    "DISPATCH_LAG",
    "DUPLICATE_DELIVERIES",
    "ERRORS",
    "FREEZES",
    "HTTP_SECONDS",
    "MARK_MATCHES",
    "MESSAGES_REFUSED",
    "QUOTA_DECISIONS",
    "QUOTA_DISAGREEMENTS",
    "QUOTA_FALLBACK",
    "QUOTA_REBUILDS",
    "REPLIES",
    "RESERVATION_SECONDS",
    "SITE_VERB_SECONDS",
    "SUBSCRIPTION_READINGS",
    "TASKS",
    "TASK_SECONDS",
]
