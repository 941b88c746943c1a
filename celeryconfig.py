"""Celery's settings, each with its reason. Measured on Celery 5.7.0.

Postgres is the queue of record. A Redis message only carries an id, so losing or duplicating one does no
harm: the database, not Celery, ensures that an effect happens once. These settings make both rare and bound
every wait.
"""

from kombu import Exchange, Queue

from worker.queues import BROWSER_QUEUES, CONTROL_QUEUES
from worker.settings import get_settings

_settings = get_settings()

# --- message format
task_serializer = event_serializer = result_serializer = "json"
accept_content = ["json"]  # pickle would run code from anyone who can write to Redis
task_protocol = 2  # has headers, which carry the correlation id
task_ignore_result = True  # results are in Postgres
result_backend = None
timezone = "UTC"  # accounts have their own zones; schedules are rows in Postgres
enable_utc = True

# --- queues
# Each has its own exchange and routing key: a bare Queue(name) uses those of the default queue, so every
# message would be delivered to every queue.
_queues = (*BROWSER_QUEUES, *CONTROL_QUEUES)
task_queues = tuple(Queue(name, Exchange(name, type="direct"), routing_key=name) for name in _queues)
task_default_queue = "control"
task_create_missing_queues = False  # a mistyped name raises instead of making an unconsumed queue
task_routes = {
    "tasks.birthday.campaign": {"queue": "control"},  # planning needs no browser
    "tasks.birthday.*": {"queue": "birthday"},
    "tasks.visitor.campaign": {"queue": "control"},
    "tasks.visitor.*": {"queue": "visitor"},
    "tasks.sourcing.campaign": {"queue": "control"},
    "tasks.sourcing.*": {"queue": "sourcing"},
    "tasks.invitations.campaign": {"queue": "control"},
    "tasks.invitations.*": {"queue": "visitor"},
    "tasks.imports.*": {"queue": "sourcing"},  # only browser workers hold the keys of its addresses
    "tasks.*": {"queue": "control"},
}
imports = (
    "tasks.hooks", "tasks.entry.birthday", "tasks.entry.visitor", "tasks.entry.sourcing",
    "tasks.entry.invitations", "tasks.entry.imports", "tasks.entry.actions", "tasks.entry.upkeep",
)  # fmt: skip

# --- broker; its own database instead of a key prefix, so that any Celery client can enqueue by task name
_broker = _settings.redis.broker_settings()
broker_url = _broker["broker_url"]
broker_use_ssl = _broker["broker_use_ssl"]  # verifies the certificate; Kombu alone would not
broker_transport_options = {
    "visibility_timeout": 120,  # with early acknowledgement a message is unacknowledged for milliseconds
    "unacked_restore_interval": 10,  # the default adds up to 100 s to the timeout (kombu#2558)
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,  # without it, publishing on a half-open connection hangs for ever
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,  # a half-open BRPOP is detected within two or three intervals
    "retry_on_timeout": False,  # would publish twice if only the reply was lost
}
broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # retry for ever
broker_pool_acquire_timeout = 30  # bounds a publisher's wait on a full pool (celery#10174)
task_publish_retry = True
task_publish_retry_policy = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}

# --- delivery
task_acks_late = False  # late acknowledgement was measured to run tasks twice, and to lose some
task_reject_on_worker_lost = False  # otherwise a task that kills its child is redelivered for ever
task_retry_on_worker_lost = False  # Postgres decides about retries
worker_disable_prefetch = True  # no message waits behind a long action, despite early acknowledgement
worker_prefetch_multiplier = 1  # in case the line above is ignored
worker_cancel_long_running_tasks_on_connection_loss = False  # otherwise a short outage kills running actions
worker_deduplicate_successful_tasks = False  # needs a result backend, and doesn't prevent parallel copies
worker_eta_task_limit = 100  # ETAs are not used; bounds the memory that a flood of them takes

# --- pool
worker_concurrency = 1  # one browser per worker process; scale by adding workers
worker_proc_alive_timeout = 30  # importing Playwright and SQLAlchemy is slow
# A child has no limit of tasks: what grows is the browser, which is closed in place (worker/browser/wear.py).
worker_max_memory_per_child = 1_000_000  # KiB of the child alone; the last resort against an unknown leak
# A hung child is killed; its action is recovered when the lease expires.
task_time_limit = _settings.action_time_limit.total_seconds()
task_soft_time_limit = None  # could raise inside COMMIT and leave its outcome unknown (celery#10271)
worker_soft_shutdown_timeout = 0  # SIGTERM alone lets the running task finish

# --- monitoring
worker_send_task_events = True  # Flower
worker_consumer = "worker.celery_extensions.event_batches:BatchingConsumer"
task_send_sent_event = (
    False  # a second call of Redis for each message: Flower shows a task once it is received
)
worker_hijack_root_logger = False  # worker/logs.py sets up logging
worker_redirect_stdouts = False

# --- beat: ticks only; losing or duplicating one does no harm
# Bounds the backlog while no control worker runs. It is long because beat's clock sets the expiry and the
# worker's clock checks it: with a minute, a control worker whose clock was ahead discarded every tick.
_stale = {"expires": 6 * 3600}
_dispatch_s = _settings.dispatch_every.total_seconds()
# Beat counts an interval from its own start and forgets it at its end, so a long one might never pass. Work
# that is due less often is due by a row in Postgres (db/store/upkeep.py).
beat_schedule = {
    "schedules": {"task": "tasks.upkeep.schedules", "schedule": 15.0, "options": _stale},
    "dispatch": {"task": "tasks.dispatch", "schedule": _dispatch_s, "options": _stale},
    "recover": {"task": "tasks.recover", "schedule": 15.0, "options": _stale},
    "upkeep": {"task": "tasks.upkeep.due", "schedule": 15.0, "options": _stale},
}
beat_max_loop_interval = 1.0
