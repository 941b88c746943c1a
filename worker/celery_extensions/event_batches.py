"""A worker's consumer that sends the events of its tasks together, not one by one.

Celery sends each in the next turn of its event loop. For short tasks this costs the main process as much as
all else that it does for them. Flower shows them a moment later.
"""

from typing import Any, Final

from celery.worker.consumer import Consumer
from kombu.asynchronous.timer import Entry

FLUSH_AFTER_S: Final = 0.25


class BatchingConsumer(Consumer):  # type: ignore[misc]  # Celery ships no types
    """Celery's consumer; an event of a task waits at most `FLUSH_AFTER_S` for more. 24 are sent at once."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- Celery's signature
        super().__init__(*args, **options)
        self._flush_due: Entry | None = None

    def on_send_event_buffered(self) -> None:
        """Send what waits a moment later, unless that is due already."""
        if self.hub is not None and (self._flush_due is None or self._flush_due.cancelled):
            self._flush_due = self.hub.call_later(FLUSH_AFTER_S, self._flush_events)

    def _flush_events(self) -> None:
        self._flush_due = None
        super()._flush_events()

    def on_close(self) -> None:
        """Hand the waiting events on to the next connection. Celery hands on only what it failed to send."""
        if (sender := self.event_dispatcher) is not None:
            with sender.mutex:
                for group, events in sender._group_buffer.items():  # noqa: SLF001 -- where Celery keeps them
                    if events:
                        sender._outbound_buffer.append((list(events), f"{group}.multi"))  # noqa: SLF001 -- as above
                        events.clear()
        super().on_close()

    def shutdown(self) -> None:
        """Send what waits before the worker ends."""
        self._flush_events()
        super().shutdown()
