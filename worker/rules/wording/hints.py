"""Commands in our texts, shown as they are to be typed.

Our texts write `rapport WORDS` in backticks. If another program starts Rapport here, its name is shown.
"""

import re
from typing import Final

PROGRAM: Final = "rapport"
HINT: Final = re.compile(r"`rapport(?= [a-z])")


def with_program(text: str, program: str) -> str:
    """Return one of our texts with the hints' program replaced. Names and messages are not ours."""
    return text if program == PROGRAM else HINT.sub(lambda _: f"`{program}", text)
