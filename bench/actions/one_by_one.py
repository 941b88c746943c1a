"""Carry out actions in this process, one after the other.

It is a child of the bench `actions`, which counts meanwhile. Each line on the standard input is a number of
actions; the answer is a line with their seconds of processor time. What is queued is read when it is asked
for and nothing is left of the last reading: 0 reads it and carries nothing out.
"""

import sys
import time
from collections import deque
from uuid import UUID

from sqlalchemy import text

from tasks.actions.dispatch import dispatch_due
from tasks.entry.in_turn import perform_and_dispatch_next
from tasks.services import Services, get_services
from worker import logs
from worker.app import app
from worker.settings import get_settings

_QUEUED = text("select id from actions where state = 'queued' order by lease_until, id")


def read_queue(services: Services) -> deque[UUID]:
    """Return the queued actions; those that their ends queue are in the next reading."""
    with services.database.transaction() as session:
        return deque(session.scalars(_QUEUED).all())


def main() -> None:
    logs.configure(get_settings())
    app.loader.import_default_modules()
    services = get_services()
    dispatch_due(services)
    queue: deque[UUID] = deque()
    for line in sys.stdin:
        queue, spent = queue or read_queue(services), 0.0
        for _ in range(int(line)):
            queue = queue or read_queue(services)
            if not queue:
                raise RuntimeError("nothing is queued: an action did not end as done")
            began = time.process_time()
            perform_and_dispatch_next(services, queue.popleft())
            spent += time.process_time() - began
        print(spent, flush=True)


if __name__ == "__main__":
    main()
