"""Celery's settings, each with its reason. Measured on Celery 5.7.0; none makes an effect happen once.

Postgres is the queue of record and a Redis message only carries an id, so a message may be
lost or doubled at no cost. These settings make both rare and keep every wait bounded.
"""

from kombu import Exchange, Queue

from worker.queues import BROWSER_QUEUES, CONTROL_QUEUES
from worker.settings import get_settings

_settings = get_settings()

# --- what travels
task_serializer = event_serializer = result_serializer = "json"
accept_content = ["json"]  # pickle would run code for anyone who can write to Redis
task_protocol = 2  # carries headers, and the correlation id in them
task_ignore_result = True  # the truth is Postgres
result_backend = None
timezone = "UTC"  # zones belong to accounts; their schedules are rows in Postgres
enable_utc = True

# --- queues
# Each with an exchange and key of its own: a bare Queue(name) takes the default queue's, and then every
# message is delivered to every queue.
_queues = (*BROWSER_QUEUES, *CONTROL_QUEUES)
task_queues = tuple(Queue(name, Exchange(name, type="direct"), routing_key=name) for name in _queues)
task_default_queue = "control"
task_create_missing_queues = False  # a mistyped queue raises instead of making a black hole
task_routes = {
    "tasks.birthday.campaign": {"queue": "control"},  # planning needs no browser
    "tasks.birthday.*": {"queue": "birthday"},
    "tasks.visitor.campaign": {"queue": "control"},
    "tasks.visitor.*": {"queue": "visitor"},
    "tasks.sourcing.campaign": {"queue": "control"},
    "tasks.sourcing.*": {"queue": "sourcing"},
    "tasks.invitations.campaign": {"queue": "control"},
    "tasks.invitations.*": {"queue": "visitor"},
    "tasks.*": {"queue": "control"},
}
imports = (
    "tasks.hooks", "tasks.entry.birthday", "tasks.entry.visitor", "tasks.entry.sourcing",
    "tasks.entry.invitations", "tasks.entry.actions", "tasks.entry.upkeep",
)  # fmt: skip

# --- broker; a database of its own instead of a key prefix, so that a bare client can enqueue by name
_broker = _settings.redis.broker_settings()
broker_url = _broker["broker_url"]
broker_use_ssl = _broker["broker_use_ssl"]  # verified: without it, Kombu trusts whoever answers
broker_transport_options = {
    "visibility_timeout": 120,  # with early acknowledgement a message is unacknowledged for milliseconds
    "unacked_restore_interval": 10,  # else recovery takes the timeout and up to 100 s more (kombu#2558)
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,  # else a publish to a half-open connection hangs for ever
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,  # a half-open BRPOP is found within two or three of these
    "retry_on_timeout": False,  # would push a message twice when only the reply was lost
}
broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # wait for Redis as long as it takes
broker_pool_acquire_timeout = 30  # a publisher never waits for ever on a full pool (celery#10174)
task_publish_retry = True
task_publish_retry_policy = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}

# --- delivery
task_acks_late = False  # late acknowledgement was measured to run a task twice at once, and to lose some
task_reject_on_worker_lost = False  # else a task that kills its child runs in a loop
task_retry_on_worker_lost = False  # retries are decided in Postgres
worker_disable_prefetch = True  # nothing waits behind a long action, acknowledged early all the same
worker_prefetch_multiplier = 1  # where the line above is ignored
worker_cancel_long_running_tasks_on_connection_loss = False  # else a blip kills an action in its middle
worker_deduplicate_successful_tasks = False  # needs a result backend and can't stop parallel copies
worker_eta_task_limit = 100  # we use no ETA; a stray flood must not eat memory

# --- pool
worker_concurrency = 1  # one browser for each worker process; more workers, not more children
worker_proc_alive_timeout = 30  # importing Playwright and SQLAlchemy takes its time
worker_max_tasks_per_child = 50  # bounds what a browser leaks; the memory setting doesn't see Chromium
task_time_limit = _settings.action_time_limit.total_seconds()  # a wedged child is killed; its lease tells
task_soft_time_limit = None  # raises inside COMMIT, whose outcome is then unknown (celery#10271)
worker_soft_shutdown_timeout = 0  # a plain SIGTERM lets the running task finish

# --- what is seen
worker_send_task_events = True  # Flower
task_send_sent_event = True
worker_hijack_root_logger = False  # worker.logs owns logging
worker_redirect_stdouts = False

# --- beat: ticks only; any of them may be lost or doubled
# Bounds what piles up while no control worker runs. Long, because beat's clock sets it and the worker's own
# judges it: with a minute, a control worker whose clock was ahead discarded every tick.
_stale = {"expires": 6 * 3600}
_dispatch_s = _settings.dispatch_every.total_seconds()
beat_schedule = {
    "schedules": {"task": "tasks.upkeep.schedules", "schedule": 15.0, "options": _stale},
    "dispatch": {"task": "tasks.dispatch", "schedule": _dispatch_s, "options": _stale},
    "recover": {"task": "tasks.recover", "schedule": 15.0, "options": _stale},
    "expiry": {"task": "tasks.upkeep.expiry", "schedule": 300.0, "options": _stale},
    "replies": {"task": "tasks.upkeep.replies", "schedule": 300.0, "options": _stale},
    "summaries": {"task": "tasks.upkeep.summaries", "schedule": 300.0, "options": _stale},
    "quota": {"task": "tasks.upkeep.quota", "schedule": 3600.0, "options": _stale},
    # four times a day, as beat counts from its own start; it does nothing where nothing is old
    "retention": {"task": "tasks.upkeep.retention", "schedule": 6 * 3600.0, "options": _stale},
    "evidence": {"task": "tasks.upkeep.evidence", "schedule": 3600.0, "options": _stale},
}
beat_max_loop_interval = 1.0
