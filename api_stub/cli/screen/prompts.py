"""Questions to the person at the terminal."""

import sys
from collections.abc import Callable

import typer

from api_stub.cli.formatting import print_text
from worker.errors import RequestRefusedError


def is_interactive() -> bool:
    """Return whether a person can be asked: standard input and output are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask_secret(question: str) -> str:
    """Ask for a password without showing it. Returns an empty text after Ctrl-C."""
    try:
        return str(typer.prompt(question, default="", show_default=False, hide_input=True))
    except typer.Abort:
        return ""


def read_line(most: int) -> str:
    """Return the first line of standard input, at most `most` characters. Raises RequestRefusedError."""
    return _read(lambda: sys.stdin.readline(most))


def read_all() -> str:
    """Return all of standard input. Raises RequestRefusedError if it isn't text."""
    return _read(sys.stdin.read)


def _read(read: Callable[[], str]) -> str:
    try:
        return read()
    except UnicodeDecodeError as error:
        raise RequestRefusedError(f"what was piped in isn't text in {error.encoding}") from None


def require_typed_yes(warning: str, question: str, *, refusal: str) -> None:
    """Print the warning and ask for a typed yes. Raises RequestRefusedError with `refusal` without one."""
    print_text(warning)
    if ask(question) != "yes":
        raise RequestRefusedError(refusal)


def ask(question: str) -> str:
    """Ask a question and return the answer without blanks around it; empty at the end of the input.

    What is printed next stands on a line of its own.
    """
    try:
        answer = str(typer.prompt(question, default="", show_default=False)).strip()
    except typer.Abort:
        print_text("")
        return ""
    if not sys.stdin.isatty():
        print_text("")  # nobody pressed Enter on this screen
    return answer
