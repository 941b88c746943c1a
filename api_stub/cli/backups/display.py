"""What the commands of backups print."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

from api_stub.cli.contacts.export import handle_signals
from api_stub.cli.formatting import UTC_ZONE, format_time
from api_stub.cli.screen.progress import create_progress
from db.backup.make import BackupReport
from db.backup.targets import LocalBackup, open_locally
from worker.rules.wording.counts import format_count

_KIB = 1024
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def format_bytes(size: int) -> str:
    """Return a size in a unit that fits: `3.4 MiB`."""
    amount, unit = float(size), 0
    while amount >= _KIB and unit < len(_UNITS) - 1:
        amount, unit = amount / _KIB, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{size} bytes"


def format_age(age: timedelta) -> str:
    """Return an age in whole days, hours or minutes."""
    if age >= timedelta(days=1):
        return format_count(age.days, "day", "days")
    if age >= timedelta(hours=1):
        return format_count(int(age / timedelta(hours=1)), "hour", "hours")
    return format_count(max(0, int(age / timedelta(minutes=1))), "minute", "minutes")


def format_instant(at: datetime) -> str:
    """Return an instant in UTC with its day."""
    return format_time(at, UTC_ZONE)


def describe_report(report: BackupReport) -> Iterator[str]:
    """Yield what was written, what is missing in it, and what was deleted."""
    pictures = f" and {format_count(report.files, 'file', 'files')} of evidence" if report.files else ""
    yield (
        f"{report.file}: {format_count(report.rows, 'row', 'rows')} of {report.tables} tables{pictures}, "
        f"{format_bytes(report.bytes)}, in {report.seconds:.1f} s"
    )
    if report.left_out:
        yield f"not in it, because this role may not read it: {', '.join(report.left_out)}"
    if report.deleted:
        yield f"deleted, because newer ones are enough: {', '.join(report.deleted)}"


@contextmanager
def show_bytes(what: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show how many bytes were worked on; call the result with the bytes of each step."""
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with create_progress(*columns) as progress:
        task = progress.add_task(what, total=total)
        yield lambda size: progress.advance(task, size)


@contextmanager
def open_for_reading(place: str) -> Iterator[LocalBackup]:
    """Yield the backup in a file or at an address. SIGTERM and SIGHUP delete the copy of the latter, too."""
    with ExitStack() as stack:
        if "://" not in place:
            yield stack.enter_context(open_locally(place))
            return
        stack.enter_context(handle_signals())
        with show_bytes("fetching") as progress:
            backup = stack.enter_context(open_locally(place, progress=progress))
        yield backup


def file_size(path: Path) -> int | None:
    """Return the size of a file, or None if it can't be asked."""
    try:
        return path.stat().st_size
    except OSError:
        return None
