"""The one rule for correlation ids that callers send, over HTTP or in a message's header."""

import re
from typing import Final

_GOOD: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def valid_correlation_id(given: object) -> str | None:
    """Return `given` if it may stand in logs and rows as it is; else None, and the caller makes one."""
    return given if isinstance(given, str) and _GOOD.fullmatch(given) else None
