"""A Celery app whose only task does nothing. Its delivery settings are Rapport's own."""

import sys
from uuid import uuid4

from celery import Celery

import celeryconfig

_OURS_ALONE = ("imports", "task_routes", "beat_schedule", "get_settings")

QUEUE = "birthday"

app = Celery("empty")
app.config_from_object(
    {
        name: value
        for name, value in vars(celeryconfig).items()
        if name.islower() and not name.startswith("_") and name not in _OURS_ALONE
    }
)


@app.task(name="bench.empty")  # type: ignore[untyped-decorator]  # Celery ships no types
def do_nothing(action_id: str) -> None:
    """Do nothing."""


def main() -> None:
    """Send as many messages as the first argument says."""
    with app.connection_for_write() as connection, app.amqp.Producer(connection) as producer:
        for _ in range(int(sys.argv[1])):
            do_nothing.apply_async(kwargs={"action_id": str(uuid4())}, queue=QUEUE, producer=producer)


if __name__ == "__main__":
    main()
