"""Show hints as they are to be typed: `rapport why` becomes `./run why` if ./run started this process.

Our texts write `rapport WORDS` in backticks. Only our own texts are changed: plain strings that a command
prints, errors and help. Tables, Text objects and JSON hold names and messages, so they stay as they are.
"""

import re
import shlex
import sys
from collections.abc import Collection
from functools import cache

from typer.core import TyperCommand, TyperGroup

from api_stub.stack.environment import read_typed_program
from worker.rules.wording.hints import HINT, PROGRAM, fill_log_command, with_program
from worker.settings import get_settings


@cache
def program() -> str:
    """Return what a person types to start this program, quoted for a shell."""
    typed = read_typed_program()
    return shlex.quote(typed) if typed else PROGRAM


def as_typed(text: str) -> str:
    """Return one of our texts with its hints as they are to be typed.

    A text may quote an argument of this command. If an argument looks like a hint, nothing is changed.
    """
    if any(HINT.search(word) for word in sys.argv[1:]):
        return text
    return with_program(text, program())


def show_in_help(command: TyperCommand | TyperGroup, words: Collection[str]) -> None:
    """Change the help texts of a command and its sub-commands. Examples there have no backticks."""
    example = re.compile(rf"\brapport(?= (?:{'|'.join(words)})\b)")
    for part in (command, *command.params):
        for name in ("help", "short_help", "epilog"):
            if text := getattr(part, name, None):
                setattr(part, name, example.sub(lambda _: program(), _join_lines(text)))
    if isinstance(command, TyperGroup):
        for sub_command in command.commands.values():
            if isinstance(sub_command, TyperCommand | TyperGroup):
                show_in_help(sub_command, words)


def _join_lines(text: str) -> str:
    """Return a help text with each paragraph in one line, which Typer does for the first one only."""
    parts = text.split("\n\n")
    return "\n\n".join(part if part.startswith("Example") else part.replace("\n", " ") for part in parts)


def describe_log(correlation_id: str) -> str:
    """Return the command that shows what all processes logged about an action or a campaign.

    If no setting says how these processes' logs are read here, return what to look for in them.
    """
    command = get_settings().log_command
    if command is None:
        return f"correlation id in the processes' logs: {correlation_id}"
    if command.startswith(f"{PROGRAM} "):
        command = program() + command.removeprefix(PROGRAM)
    return f"log: {fill_log_command(command, correlation_id)}"
