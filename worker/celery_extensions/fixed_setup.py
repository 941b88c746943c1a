"""Keep a worker as it was started: one child process, its own queues and limits.

Options of Celery's command line that would change this are refused at the start, and so are the commands of
remote control (Flower, `celery control`), whose answer says what to do instead.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from celery import bootsteps
from celery.concurrency.prefork import TaskPool
from celery.worker import control

from worker import logs

log = logs.get_logger(__name__)

_ONE_PROCESS: Final = "a worker has one process with one browser; start another worker instead"
_REFUSED_COMMANDS: Final[Mapping[str, str]] = {
    "pool_grow": _ONE_PROCESS,
    # A worker without a process would take messages and run none.
    "pool_shrink": f"{_ONE_PROCESS}, or shut this one down",
    "autoscale": _ONE_PROCESS,
    "pool_restart": "shut the worker down instead; it finishes its action and is started again",
    # Limited tasks would wait in the worker's memory, where nothing sees them.
    "rate_limit": "the quota paces actions: `rapport quota set`",
    # A short limit would kill every action, and a soft one could interrupt a COMMIT.
    "time_limit": "set RAPPORT_ACTION_TIME_LIMIT for all processes, and restart them",
}

Command = Callable[..., Mapping[str, str]]


class FixedSetup(bootsteps.Step):  # type: ignore[misc]  # Celery ships no types
    """Refuses the worker's wrong options, and replaces commands that would change it while it runs."""

    requires = ("celery.worker.components:Pool",)  # which reads the option of autoscale

    def __init__(self, worker: Any, **options: object) -> None:  # noqa: ANN401 -- Celery's signature
        super().__init__(worker, **options)
        if problem := _find_wrong_option(worker):
            raise SystemExit(f"This worker can't start: {problem}.")
        for name, instead in _REFUSED_COMMANDS.items():
            control.control_command(name=name)(_refusal(name, instead))
        own_queues = tuple(worker.app.amqp.queues.consume_from)
        control.control_command(name="add_consumer")(_add_consumer_of(own_queues))


def _find_wrong_option(worker: Any) -> str | None:  # noqa: ANN401 -- Celery ships no types
    if worker.concurrency != 1 or worker.autoscale:
        return f"its concurrency must be 1, since {_ONE_PROCESS}"
    if not issubclass(worker.pool_cls, TaskPool):
        return "its pool must be prefork, since other pools can't stop an action that hangs"
    if worker.soft_time_limit:
        return "it can't have a soft time limit, which could interrupt a COMMIT"
    return None


def _refusal(name: str, instead: str) -> Command:
    def refuse(state: object, **_: object) -> Mapping[str, str]:
        log.warning("command_refused", command=name, text=instead)
        return {"error": instead}

    return refuse


def _add_consumer_of(own_queues: Collection[str]) -> Command:
    """Return the command that consumes a cancelled queue again, and no other.

    A control worker has no browser and no keys: it would take greetings and fail each of them.
    """
    consume = control.add_consumer

    def add_consumer(state: object, queue: str, **_: object) -> Mapping[str, str]:
        if queue not in own_queues:
            instead = f"this worker's queues are {', '.join(own_queues)}; start another worker for {queue}"
            return _refusal("add_consumer", instead)(state)
        added: Mapping[str, str] = consume(state, queue)
        return added

    return add_consumer
