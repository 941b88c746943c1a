"""Carry out actions in this process, one after the other, and print the processor time of each.

A child of `bench.actions`, which counts meanwhile what it asks of the servers. Each line on the standard input is
a number of actions; the answer is a line with the processor time in seconds.
"""

import sys
import time

from sqlalchemy import text

from tasks.actions.dispatch import dispatch_due
from tasks.actions.perform import perform_and_dispatch_next
from tasks.services import Services, get_services
from worker import logs
from worker.app import app
from worker.settings import get_settings

OLDEST_QUEUED = text("select id from actions where state = 'queued' order by lease_until, id limit 1")


def perform_next(services: Services) -> None:
    """Carry out the action that a message of the queue would name."""
    with services.database.transaction() as session:
        action_id = session.scalars(OLDEST_QUEUED).one()
    began = time.process_time()
    perform_and_dispatch_next(services, action_id)
    global spent  # noqa: PLW0603
    spent += time.process_time() - began


spent = 0.0


def main() -> None:
    global spent  # noqa: PLW0603
    logs.configure(get_settings())
    app.loader.import_default_modules()
    services = get_services()
    dispatch_due(services)
    for line in sys.stdin:
        spent = 0.0
        for _ in range(int(line)):
            perform_next(services)
        print(spent, flush=True)


if __name__ == "__main__":
    main()
