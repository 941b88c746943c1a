"""The command line of a bench: its size, a folder of its own, its end by a signal, and its table."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn, TypeVar

from rich.console import Console  # noqa: TID251 -- prints only its own figures

from bench.report import Row, print_rows

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_T = TypeVar("_T")


class Form(StrEnum):
    """How much a bench does: only to show that it works, for the suite, or for a run of its own."""

    QUICK = "quick"
    USUAL = "usual"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Given:
    """What a bench is given.

    `folder` is empty, and deleted at the end. `say` shows what the bench is doing. `options` are the
    bench's own.
    """

    form: Form
    folder: Path
    say: Callable[[str], object]
    options: argparse.Namespace

    def pick(self, *, quick: _T, usual: _T, long: _T | None = None) -> _T:
        """Return the size for this form; a bench without a long form is given none."""
        sizes = {Form.QUICK: quick, Form.USUAL: usual, Form.LONG: usual if long is None else long}
        return sizes[self.form]


def run_bench(
    doc: str | None,
    measure: Callable[[Given], Iterable[Row]],
    *,
    long: str = "",
    add_options: Callable[[argparse.ArgumentParser], object] = lambda _: None,
) -> None:
    """Measure and print the table, whose title is the first line of `doc`.

    `long` says what the long form does, if there is one.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--quick", action="store_true", help="only show that it works: no figures")
    if long:
        form.add_argument("--long", action="store_true", help=long)
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/performance.md")
    add_options(parser)
    options = parser.parse_args()
    chosen = Form.QUICK if options.quick else Form.LONG if long and options.long else Form.USUAL
    end_on_signals()
    with (
        tempfile.TemporaryDirectory(prefix="rapport-bench-", ignore_cleanup_errors=True) as name,
        Console(stderr=True).status("starting") as status,
    ):
        rows = list(measure(Given(chosen, Path(name), status.update, options)))
    title = (doc or "").partition("\n")[0].rstrip(".")
    print_rows(Console(), rows, title=title, markdown=options.markdown)


def end_on_signals() -> None:
    """End this process by an exception at the first signal, so that it stops what it has started.

    Further signals are dropped, because they would interrupt that.
    """

    def end(number: int, _: FrameType | None) -> NoReturn:
        for each in SIGNALS:
            signal.signal(each, lambda *_: None)  # not SIG_IGN, which children would inherit
        sys.exit(128 + number)

    for each in SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:  # nohup
            signal.signal(each, end)
