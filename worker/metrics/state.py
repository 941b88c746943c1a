"""What is read from Postgres at each scrape: it is true now, also after a restart, a sign-in or a removal."""

from typing import Final

from worker.metrics.families import StateCounter, StateGauge

MOST_ACCOUNTS: Final = 200
"""Accounts whose windows are read at a scrape, and series of a metric that names accounts."""

BIRTHDAY_MESSAGES = StateCounter(
    "linkedin_birthday_messages_sent_total",
    "Effects of greetings, never denials. success: the message was sent, as the site proved, a later look "
    "found or a person confirmed. failed: an attempt that two looks or a person found to have sent nothing, "
    "or a greeting that was given up after repeated faults.",
    ("status",),
)
RATE_LIMIT_REMAINING = StateGauge(
    "linkedin_rate_limit_remaining",
    "Greetings left today and in 7 days by the ledger, also within the limits for all kinds together: the "
    "lowest of the active accounts; 0 if none is active.",
    ("period",),
)
CONTACTS_PROCESSED = StateCounter(
    "linkedin_contacts_processed_total",
    "People processed. birthday, visitor: actions on a person that ended as done, skipped or failed. "
    "sourcing: success is a person found; skip and failed are its visits and pages that ended so. import: "
    "success is an entry that added or changed a contact, failed one that was refused, skip any other.",
    ("source", "outcome"),
)

ACTIONS = StateGauge("rapport_actions", "Actions that have not ended, by kind and state.", ("kind", "state"))
ACTION_TRANSITIONS = StateCounter(
    "rapport_action_transitions_total",
    "Times that an action came into a state, with the reason; an empty reason is none. planned with a reason "
    "that limits or gates give is a denial.",
    ("kind", "state", "reason"),
)
OLDEST_ACTION = StateGauge(
    "rapport_oldest_action_age_seconds",
    "How long the action that has been in the state for the longest time has been in it; 0 without one.",
    ("state",),
)
OLDEST_DUE_ACTION = StateGauge(
    "rapport_oldest_due_action_age_seconds",
    "How late the oldest due action is that could be dispatched: its account is active, its campaign is not "
    "paused, and the kill switch is off. 0: none is due.",
    ("kind",),
)
OLDEST_LEASE = StateGauge(
    "rapport_oldest_lease_age_seconds",
    "How long ago the oldest action in flight (queued, claimed or acting) was queued; 0 if none is.",
)

ACCOUNTS = StateGauge(
    "rapport_accounts",
    "Accounts by site, status and why they are not active; the reason of an active one is empty.",
    ("site", "status", "reason"),
)
STOPPED = StateGauge(
    "rapport_account_stopped",
    "Accounts that do nothing until a person acts, by name and why. No series: none is stopped.",
    ("account", "reason"),
)
SIGN_IN_EXPIRES = StateGauge(
    "rapport_sign_in_expires_timestamp_seconds",
    "When the key cookie of an account's stored sign-in expires. No series: not known.",
    ("account",),
)
SESSIONS = StateGauge(
    "rapport_sessions",
    "Accounts by the age of their stored sign-in. older: also one of an age that was not recorded. none: not "
    "signed in.",
    ("age",),
)

QUOTA_REMAINING = StateGauge(
    "rapport_quota_remaining",
    "Units left in a window, by the ledger: the lowest of the active accounts. run: the campaign that used "
    "the kind last today; all_day and all_week: all kinds together, without what is reserved for other "
    "kinds. RAPPORT_METRICS_ACCOUNT_LABELS adds the account.",
    ("kind", "window"),
)
QUOTA_USED = StateGauge(
    "rapport_quota_used",
    "Units used in a window, by the ledger: the highest of the active accounts. "
    "RAPPORT_METRICS_ACCOUNT_LABELS adds the account.",
    ("kind", "window"),
)
BREAKERS = StateGauge(
    "rapport_breakers",
    "Circuit breakers of accounts, by kind of action. half_open: one action is let through as a probe.",
    ("kind", "state"),
)

MARKS_MISSING = StateGauge(
    "rapport_marks_missing",
    "Elements of a site's pages that are found less than they were. No series: none is.",
    ("site", "mark", "trend"),
)
UPKEEP_SUCCEEDED = StateGauge(
    "rapport_upkeep_last_success_timestamp_seconds", "When an upkeep job last succeeded.", ("job",)
)
UPKEEP_FAILED = StateGauge(
    "rapport_upkeep_last_failure_timestamp_seconds", "When an upkeep job last failed.", ("job",)
)
UPKEEP_LATE = StateGauge(
    "rapport_upkeep_late",
    "Upkeep jobs that should have succeeded long ago. No series: none is late.",
    ("job",),
)

BUILD = StateGauge(
    "rapport_build_info",
    "1, for the version of Rapport and of Python.",
    ("version", "python"),
    read_from="code",
)
POSTGRES_UP = StateGauge("rapport_postgres_up", "1 if Postgres answered at the scrape, else 0.")
REDIS_UP = StateGauge("rapport_redis_up", "1 if Redis answered at the scrape, else 0.", read_from="Redis")
QUEUE_LENGTH = StateGauge(
    "rapport_queue_length", "Messages that wait in a queue.", ("queue",), read_from="Redis"
)
QUEUE_OLDEST = StateGauge(
    "rapport_queue_oldest_message_age_seconds",
    "For how long, at least, the next message of a queue has been first in line; 0 if none waits.",
    ("queue",),
    read_from="Redis",
)
QUEUE_CONSUMERS = StateGauge(
    "rapport_queue_consumers", "Workers that take messages of a queue.", ("queue",), read_from="Redis"
)
WORKERS_ALIVE = StateGauge(
    "rapport_workers_alive", "Workers that recorded themselves in the last seconds.", read_from="Redis"
)
NOTICES = StateGauge(
    "rapport_notices",
    "Notices to each target that wait (pending), and those of the last 30 days that were given up (failed).",
    ("state",),
)
OLDEST_NOTICE = StateGauge(
    "rapport_oldest_pending_notice_age_seconds",
    "How long ago the oldest event happened that waits to be sent to somebody; 0: none waits.",
)
NOTICES_TOTAL = StateCounter(
    "rapport_notices_total",
    "Notices by how they ended. maybe_twice: sent, and maybe once before. failed: given up. dropped: too old "
    "before they were first sent.",
    ("kind", "outcome"),
)

QUOTA_FALLBACK = StateGauge(
    "rapport_quota_fallback_in_force",
    "1 while Redis doesn't answer, so that Postgres decides about the quota; else 0.",
    read_from="Redis",
)
