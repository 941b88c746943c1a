"""Follow campaigns until they end: a live screen on a terminal, one line per change anywhere else."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from api_stub.cli.formatting import format_time, print_text
from api_stub.cli.screen.keyboard import RESIZED
from api_stub.cli.screen.live_screen import LiveScreen, Row, open_live_screen
from api_stub.cli.terminal import Console
from api_stub.cli.watch.display import explain_state, render_view
from api_stub.cli.watch.view import View
from api_stub.cli.wording import describe_occasion
from db.store.reports.overview import ActionLine
from worker import clock

_POLL_INTERVAL: Final = timedelta(milliseconds=250)
_QUIT: Final = "q"

Read = Callable[[], View]
Ended = Callable[[View], bool]
Render = Callable[[View, int, int], Sequence[Row]]
PrintChange = Callable[[View, ActionLine], None]


def follow(
    read: Read,
    ended: Ended,
    *,
    header: Sequence[str] = (),
    hint: str = "q stops watching; the work continues",
    print_change: PrintChange | None = None,
) -> View | None:
    """Show what `read` returns until `ended`; return the last view, or None if the person left with q.

    With `print_change`, or without a terminal, each change of an action is one line instead. Ctrl-C raises
    KeyboardInterrupt after the terminal is as it was.
    """
    console = Console()
    if print_change is None and console.is_terminal:
        with open_live_screen(console) as screen:
            return _show(screen, read, ended, partial(render_view, header=header, hint=hint))
    return _print_changes(read, ended, print_change or _print_line)


def _show(screen: LiveScreen, read: Read, ended: Ended, render: Render) -> View | None:
    drawn: Sequence[Row] | None = None
    while True:
        view = read()
        rows = render(view, *screen.size)
        if rows != drawn:
            screen.draw(rows)
            drawn = rows
        if ended(view):
            return view
        try:
            key = screen.read_key(_POLL_INTERVAL)
        except EOFError:
            return None
        if key == _QUIT:
            return None
        if key == RESIZED:
            drawn = None


def _print_changes(read: Read, ended: Ended, print_change: PrintChange) -> View:
    seen: dict[UUID, tuple[object, ...]] = {}
    note = ""
    while True:
        view = read()
        now = view.stopped if view.actions else view.note  # without actions there is nothing else to say
        if print_change is _print_line and now != note:
            if now:
                print_text(now)
            note = now
        for line in _take_changes(view, seen):
            print_change(view, line)
        if ended(view):
            return view
        time.sleep(_POLL_INTERVAL.total_seconds())


def _take_changes(view: View, seen: dict[UUID, tuple[object, ...]]) -> Iterator[ActionLine]:
    """Yield the actions that are not as they were `seen`, and remember them."""
    for line in view.actions:
        now = (line.state, line.reason, line.detail)
        if seen.get(line.id) != now:
            seen[line.id] = now
            yield line


def _print_line(view: View, line: ActionLine) -> None:
    why = explain_state(view, line)
    occasion = describe_occasion(line.occasion, line.occasion_on)
    at = format_time(clock.now(), view.zone, seconds=True)
    print_text(f"{at}  {line.contact}, {occasion}: {line.state}{f', {why}' if why else ''}")
