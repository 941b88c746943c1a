"""What the processes count themselves. Each process stores its values in files below RAPPORT_METRICS_DIR.

This is the library's multiprocess mode, switched on by PROMETHEUS_MULTIPROC_DIR before Python starts. The
files outlive their process (`worker/metrics/slots.py`), so counters never decrease. What describes a state is
read at each scrape instead: the last value that some process has set is wrong as soon as the state changes.
"""

from prometheus_client import Counter, Histogram

from worker.metrics.slots import use_slots

use_slots()

HTTP_SECONDS = Histogram(
    "linkedin_api_request_duration_seconds",
    "How long the HTTP API took for a request, to the end of its answer. route: the template, or 'unknown'.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
ERRORS = Counter(
    "linkedin_errors_total",
    "Failures by type and service. http: answers of 400 and above, as http_STATUS. Actions, looks and "
    "readings of a site: the reason code. task: what ended a task, or 'unexpected'.",
    ["type", "service"],
)

SITE_VERB_SECONDS = Histogram(
    "rapport_site_verb_seconds",
    "How long one operation on a site took in the browser. outcome: ok, or what the worker does next "
    "(try_again, stop_account, never), or error.",
    ["site", "verb", "outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
BROWSER_STARTS = Counter(
    "rapport_browser_starts_total",
    "Chromiums that were started: the first of a process, in place of a worn one, or after a crash.",
    ["reason"],
)
BROWSER_CRASHES = Counter("rapport_browser_crashes_total", "Times that Chromium or one of its pages died.")

TASKS = Counter("rapport_tasks_total", "Tasks by how they ended.", ["task", "outcome"])
TASK_SECONDS = Histogram(
    "rapport_task_seconds",
    "How long a task ran.",
    ["task"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180),
)
DISPATCH_LAG = Histogram(
    "rapport_dispatch_lag_seconds",
    "From the time at which an action was due to the worker's claim.",
    ["kind"],
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200),
)
RESERVATION_SECONDS = Histogram(
    "rapport_reservation_seconds",
    "How long a worker waited for the quota's answer, by what decided: Redis, or Postgres without it.",
    ["engine"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
DB_WAIT = Histogram(
    "rapport_db_connection_wait_seconds",
    "How long a transaction waited for a connection to Postgres: for a place in the pool, and to open one.",
    ["service"],
    buckets=(0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)

REPLIES = Counter("rapport_replies_total", "Greetings that were answered, each counted once.")
SUBSCRIPTION_READINGS = Counter(
    "rapport_subscription_readings_total", "Readings of address books and calendars.", ["outcome"]
)
DISPATCHED = Counter("rapport_actions_dispatched_total", "Actions handed to the browser workers.", ["kind"])
DUPLICATE_DELIVERIES = Counter("rapport_duplicate_deliveries_total", "Messages that found nothing to claim.")
QUOTA_DECISIONS = Counter(
    "rapport_quota_decisions_total",
    "Answers of the quota: granted, replay, or the reason of the denial.",
    ["kind", "answer"],
)
QUOTA_FALLBACK = Counter("rapport_quota_fallback_total", "Decisions that Postgres made while Redis was away.")
QUOTA_REBUILDS = Counter(
    "rapport_quota_rebuilds_total", "Rebuilds of an account's counters from the ledger.", ["engine"]
)
QUOTA_DISAGREEMENTS = Counter(
    "rapport_quota_disagreements_total", "Times that Redis and the ledger disagreed.", ["kind"]
)
MARK_MATCHES = Counter(
    "rapport_mark_matches_total",
    "Looks for an element of a site's pages, by the form that matched; none: no form did.",
    ["site", "mark", "version"],
)
FREEZES = Counter(
    "rapport_worker_freezes_total",
    "Times that a worker left a queue's messages waiting and restarted itself.",
    ["queue"],
)
MESSAGES_REFUSED = Counter(
    "rapport_messages_refused_total", "Messages from the broker that are malformed, by why.", ["reason"]
)
