"""`rapport demo` and `rapport up`: the whole system with the practice network on this machine.

The modules of the database and the demo take half a second to import. They are imported inside functions,
while the first processes start.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from api_stub.cli.servers.data_folder import DEFAULT_DATA, DataDir
from api_stub.cli.terminal import Console
from api_stub.stack.background import start_in_background
from api_stub.stack.errors import DemoNameTakenError
from api_stub.stack.running import RunningStack
from api_stub.stack.services import run_rapport_stack
from worker.settings import get_settings

_CHECK_SECONDS = 0.5
_BACKGROUND_HINT = (
    "running in the background (pid {pid}): `rapport status`, `rapport logs --follow`, `rapport down`"
)

Workers = Annotated[int, typer.Option(min=1, max=8, help="Browser workers, one Chromium each.")]


def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when everything is ready, and run in the background.")
    ] = False,
    in_background: Annotated[bool, typer.Option("--in-background", hidden=True)] = False,
    data: DataDir = DEFAULT_DATA,
    workers: Workers = 2,
) -> None:
    """Start everything and run until Ctrl-C, or with --detach until `rapport down`.

    A process that ends is started again, after a delay that grows from half a second to half a minute. If
    one ends 6 times in a row, everything is stopped, and the reason is printed. Without Flower the others go
    on.
    """
    console = Console()
    if detach:
        started = start_in_background(data, workers=workers, on_line=partial(console.print, soft_wrap=True))
        from api_stub.cli.users.address import describe_console  # noqa: PLC0415 -- see above

        # Printed here, because what the background prints is kept in a log.
        console.print(describe_console(data), style="bold", soft_wrap=True)
        console.print(_BACKGROUND_HINT.format(pid=started.pid), style="bold", soft_wrap=True)
        return
    with _run_stack(console, data, workers) as running:
        from api_stub.cli.stack import demo as steps  # noqa: PLC0415 -- see above

        with suppress(DemoNameTakenError):  # the others are served all the same
            steps.prepare_demo_account(running, console)
        steps.print_addresses(running, console, data, in_background=in_background)
        if not in_background:
            steps.print_console_address(running, console)
            console.print("running; Ctrl-C stops everything", style="bold")
        running.mark_ready()
        while True:
            running.check()
            time.sleep(_CHECK_SECONDS)


def demo(
    data: DataDir = DEFAULT_DATA,
    workers: Workers = 2,
    again: Annotated[
        bool, typer.Option("--again", help="First give more people of the practice network a birthday.")
    ] = False,
) -> None:
    """Greet the birthdays of the practice network, and verify that each greeting arrived once."""
    console = Console()
    events: list[str] = []
    with _run_stack(console, data, workers, hasty=True, on_event=events.append) as running:
        from api_stub.cli.stack import demo as steps  # noqa: PLC0415 -- see above

        result = steps.run_demo(running, console, again=again, events=events)
    for event in events:
        console.print(event, style="yellow", soft_wrap=True)
    steps.print_result(result, console, data)


@contextmanager
def _run_stack(
    console: Console,
    data: Path,
    workers: int,
    *,
    hasty: bool = False,
    on_event: Callable[[str], object] | None = None,
) -> Iterator[RunningStack]:
    get_settings()  # reports a wrong variable before anything starts

    def say(step: str) -> None:
        console.print(step, style="dim")

    def warn(event: str) -> None:
        console.print(event, style="yellow", soft_wrap=True)

    def migrate(database_url: str) -> None:
        from api_stub.cli.stack.migrate import migrate_and_seed  # noqa: PLC0415 -- see above

        migrate_and_seed(database_url)

    with run_rapport_stack(
        data, migrate=migrate, browser_workers=workers, on_step=say, hasty=hasty
    ) as started:
        running = RunningStack(*started, on_event=on_event or warn)
        try:
            yield running
        finally:
            running.mark_stopping()
