"""A worker that says when it is ready, when its child is forked, and when a task has a page.

It is a child of the bench `worker_start`. `python -m bench.system.timed_worker ROLE` runs `rapport worker
ROLE` with a task of its own; with a second argument a child ends after one task. Each line of its standard
output is JSON.
"""

import json
import os
import runpy
import sys
from typing import Any

from celery import Task, shared_task, signals  # which the worker imports, too

from worker import clock

OPEN_PAGE = "bench.open_page"
_imported_before: set[str] = set()


def tell(what: str, **more: object) -> None:
    """Print that it happened now. The clock is the same for all processes of the machine."""
    print(json.dumps({"what": what, "at": clock.monotonic_seconds(), **more}), flush=True)


def begin_child() -> None:
    """Say that the child is forked, and note what it needs not import."""
    _imported_before.update(sys.modules)
    tell("forked")


@signals.worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]  # Celery ships no types
def tell_ready(**_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    tell("ready", modules=len(sys.modules))


@signals.worker_process_init.connect(weak=False)  # type: ignore[untyped-decorator]
def tell_child(**_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    tell("child")


@shared_task(name=OPEN_PAGE, base=Task)  # type: ignore[untyped-decorator]
def open_page(*, recycle: bool) -> None:
    """Open a page as a task does that greets; with `recycle`, close the browser as a worn one is closed."""
    from tasks.services import get_services  # noqa: PLC0415 -- the worker imports it in its own order

    tell("begun")
    pool = get_services().browser_pool
    pool.page_for(1, None)
    tell("page", imported=sorted(set(sys.modules) - _imported_before))
    if recycle:
        pool.close()


def main() -> None:
    """Run the worker as its command does."""
    _, role, *ends = sys.argv
    os.register_at_fork(after_in_child=begin_child)
    if ends:

        @signals.celeryd_init.connect(weak=False)  # type: ignore[untyped-decorator]
        def end_children(conf: Any, **_: Any) -> None:  # noqa: ANN401 -- Celery's signature
            conf.worker_max_tasks_per_child = 1

    sys.argv[1:] = ["worker", role]
    runpy.run_module("api_stub.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
