"""Exit codes of every command. docs/operations.md has them as a table.

Typer exits with 2 for wrong usage, and a shell sees 130 after Ctrl-C.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    REFUSED = 1
    """It was refused or it failed; the last line on standard error says why."""
    USAGE = 2
    NOT_RUNNING = 3
    """Rapport, or a server that the command needs, isn't running or doesn't answer."""
    FOUND = 4
    """The command is a check, and it found something wrong."""
