"""Progress bars on standard error, shown on a terminal only."""

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from api_stub.cli.terminal import Console


def create_progress(*columns: ProgressColumn, shown: bool = True) -> Progress:
    """Create a progress bar: description, then `columns`, by default a bar, the count and the time left."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        *(columns or (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())),
        console=console,
        transient=True,
        disable=not (shown and console.is_terminal),
    )
