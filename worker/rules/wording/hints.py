"""Commands in our texts, shown as they are to be typed.

Our texts write `rapport WORDS` in backticks. If another program starts Rapport here, its name is shown.
"""

import re
from typing import Final

PROGRAM: Final = "rapport"
HINT: Final = re.compile(r"`rapport(?= [a-z])")
CORRELATION_ID: Final = re.compile(r"\bID\b")
"""Where a command that shows logs is given the correlation id."""


def with_program(text: str, program: str) -> str:
    """Return one of our texts with the hints' program replaced. Names and messages are not ours."""
    return text if program == PROGRAM else HINT.sub(lambda _: f"`{program}", text)


def fill_log_command(command: str, correlation_id: str) -> str:
    """Return the command that shows what was logged about this correlation id."""
    return CORRELATION_ID.sub(lambda _: correlation_id, command)
