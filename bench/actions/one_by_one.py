"""Carry out actions in this process, one after the other.

It is a child of the bench `actions`, which counts meanwhile.
Each line on the standard input is a number of actions; the answer is a line with their seconds of processor
time.
"""

import sys
import time

from sqlalchemy import text

from tasks.actions.dispatch import dispatch_due
from tasks.entry.in_turn import perform_and_dispatch_next
from tasks.services import Services, get_services
from worker import logs
from worker.app import app
from worker.settings import get_settings

_QUEUED = text("select id from actions where state = 'queued' order by lease_until, id limit :most")


def perform_queued(services: Services, most: int) -> tuple[int, float]:
    """Carry out the queued actions, at most so many; return their number and the processor time."""
    with services.database.transaction() as session:
        action_ids = session.scalars(_QUEUED, {"most": most}).all()
    began = time.process_time()
    for action_id in action_ids:
        perform_and_dispatch_next(services, action_id)
    return len(action_ids), time.process_time() - began


def main() -> None:
    logs.configure(get_settings())
    app.loader.import_default_modules()
    services = get_services()
    dispatch_due(services)
    for line in sys.stdin:
        left, spent = int(line), 0.0
        while left:
            performed, seconds = perform_queued(services, left)
            if not performed:
                raise RuntimeError("nothing is queued: an action did not end as done")
            left, spent = left - performed, spent + seconds
        print(spent, flush=True)


if __name__ == "__main__":
    main()
