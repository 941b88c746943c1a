"""`rapport logs`: the logs of all processes as one, readable, filtered, followed."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.text import Text

from api_stub.cli.context import DEFAULT_DATA, DataDir
from api_stub.cli.formatting import print_json
from api_stub.cli.hints import as_typed
from api_stub.cli.terminal import Console
from api_stub.stack.errors import NotRunningError
from api_stub.stack.log_reader import LOG_COMMAND, LogFilter, LogReader, TimedLine
from worker import clock
from worker.errors import RequestRefusedError
from worker.settings import get_settings

_STYLES: Final = {"debug": "dim", "warning": "yellow", "error": "bold red", "critical": "bold red"}
_COLOURS: Final = ("cyan", "green", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_NAME_WIDTH: Final = 9
_USUAL_LINES: Final = 100
_MOST_NAMED: Final = 3


class Level(StrEnum):
    """The least level of shown lines."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def logs(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME…", help="Only these processes, such as browser1 beat.")
    ] = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing new lines until Ctrl-C.")
    ] = False,
    correlation: Annotated[
        str, typer.Option(help="Only what one request or campaign caused, by the beginning of its id.")
    ] = "",
    level: Annotated[Level, typer.Option(help="Only lines of this level or above.")] = Level.DEBUG,
    since: Annotated[
        str | None, typer.Option(metavar="AGO|TIME", help="Such as 10m, 2h, 3d, or 2026-11-28T09:00 in UTC.")
    ] = None,
    lines: Annotated[
        int | None,
        typer.Option(
            "--lines", "-n", min=0, help="At most this many, the newest: 100, or all with --correlation."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines as they are in the logs.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show what all processes logged, by time: of the stack that runs or ran last, and the one before.

    Times are UTC. Of an error, only the last line of its traceback is shown; --json prints all of it.

    Examples:
    rapport logs --follow
    rapport logs browser1 --level warning --since 1h
    rapport logs --correlation 5a21

    """
    wanted = LogFilter(frozenset(names or ()), correlation, level, _parse_since(since))
    most = lines if lines is not None or correlation else _USUAL_LINES
    with LogReader(data, wanted) as reader:
        _check_names(reader, names or [])
        console = Console()
        found = reader.read_newest(most)
        for timed in found:
            _print_line(console, timed, as_json=as_json)
        if not found and lines != 0:
            _say_nothing_found(wanted, follow=follow)
        _warn_of_several({timed.line.correlation_id for timed in found} if correlation else set())
        for timed in reader.follow() if follow else ():
            _print_line(console, timed, as_json=as_json)


def _check_names(reader: LogReader, names: list[str]) -> None:
    known = reader.list_names()
    command = get_settings().log_command
    if not known and command is not None and command != LOG_COMMAND:
        raise NotRunningError(
            "`rapport up` was never started here, so it has no logs. To see what other processes logged "
            f"about one correlation id: {command}"
        )
    if not known:
        raise NotRunningError(
            "nothing was ever started here, so there are no logs: start it with `rapport up`"
        )
    for name in names:
        if name not in known:
            raise RequestRefusedError(f"there is no log of {name!r}; there are: {', '.join(known)}")


def _say_nothing_found(wanted: LogFilter, *, follow: bool) -> None:
    what, advice = "no line matches these options", ""
    if wanted == LogFilter(wanted.names, wanted.correlation_id):
        what = f"no line has a correlation id that begins with {wanted.correlation_id!r}"
        advice = (
            ". The logs hold this run and the one before; `rapport actions show ID` prints an action's "
            "correlation id and, from Postgres, its history"
        )
    text = f"{what}{' yet' if follow else as_typed(advice)}"
    Console(stderr=True).print(text, style="yellow", soft_wrap=True)


def _warn_of_several(ids: Collection[str]) -> None:
    several = sorted(filter(None, ids))
    if len(several) > 1:
        text = f"{len(several)} correlation ids begin like this: {', '.join(several[:_MOST_NAMED])}"
        Console(stderr=True).print(f"{text}; give more digits", style="yellow", soft_wrap=True)


def _parse_since(given: str | None) -> datetime | None:
    if given is None:
        return None
    if found := re.fullmatch(r"(\d{1,6})([smhd])", given):
        try:
            return clock.now() - timedelta(**{_UNITS[found[2]]: int(found[1])})
        except OverflowError:  # before there were years
            return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise RequestRefusedError(
            f"--since {given!r} isn't a time: give one such as 10m, 2h, 3d or 2026-11-28T09:00"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=clock.now().tzinfo)


def _print_line(console: Console, timed: TimedLine, *, as_json: bool) -> None:
    if as_json:
        print_json(timed.line.raw)
        return
    line = timed.line
    style = _STYLES.get(line.level, "")
    text = Text(f"{timed.at:%Y-%m-%d %H:%M:%S}Z ", "dim")
    text.append(f"{timed.name:<{_NAME_WIDTH}} ", _COLOURS[sum(timed.name.encode()) % len(_COLOURS)])
    text.append(f"{line.level if line.at else '':<8} ", style)
    text.append(line.message, style)
    for name, value in line.fields.items():
        text.append(f" {name}=", "dim").append(value)
    if line.correlation_id:
        text.append(f" correlation_id={line.correlation_id}", "dim")
    console.print(text, soft_wrap=True)
