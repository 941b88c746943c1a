"""Show what a command waits for: seconds beside a spinner on a terminal, else a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from rich.status import Status

from api_stub.cli.terminal import Console
from worker.clock import monotonic_seconds

_FIRST_LINE_S = 2.0
_LINE_EVERY_S = 5.0


class Wait:
    """A wait in progress. Its text, `what`, may be changed at any time."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._began = monotonic_seconds()

    def describe(self) -> str:
        """Return what is waited for, and since when."""
        return f"{self.what} ({monotonic_seconds() - self._began:.0f} s)"


@contextmanager
def show_wait(what: str) -> Iterator[Wait]:
    """Show on standard error what the block waits for, until it ends. A short wait prints no line."""
    console, wait, ended = Console(stderr=True), Wait(what), Event()
    if console.is_terminal:
        with console.status(what) as status, _in_background(lambda: _update(status, wait, ended), ended):
            yield wait
    else:
        with _in_background(lambda: _print_lines(console, wait, ended), ended):
            yield wait


def _update(status: Status, wait: Wait, ended: Event) -> None:
    while not ended.wait(0.2):
        status.update(wait.describe())


def _print_lines(console: Console, wait: Wait, ended: Event) -> None:
    pause = _FIRST_LINE_S
    while not ended.wait(pause):
        console.print(wait.describe(), soft_wrap=True)
        pause = _LINE_EVERY_S


@contextmanager
def _in_background(show: Callable[[], None], ended: Event) -> Iterator[None]:
    thread = Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
