"""Celery's command line, with a Flower that knows each form of REDIS_URL: `python -m worker.flower`.

Flower's own reader of queues ignores the database of a Unix socket and of Sentinels, and all Sentinels but
one. Its metrics, which name workers and tasks, need the password here as all else does. Some of its buttons
fail without a word; here they work, or say why not.
"""

import flower.views
import flower.views.monitor
from celery.__main__ import main
from flower.api import BaseApiHandler
from flower.api.control import TaskTimout
from tornado.web import authenticated

from worker.flower import request_log
from worker.flower.handlers import QueueReader, as_markup, asking_for_password
from worker.settings import get_settings

if __name__ == "__main__":
    flower.views.Broker = QueueReader
    BaseApiHandler.write_error = asking_for_password(BaseApiHandler.write_error)
    TaskTimout.write = as_markup(TaskTimout.write)
    flower.views.monitor.Metrics.get = authenticated(flower.views.monitor.Metrics.get)
    request_log.install(get_settings())
    main()
