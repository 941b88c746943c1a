"""Validate correlation ids that callers send, over HTTP or in a message's header."""

import re
from typing import Final

CORRELATION_HEADER: Final = "rapport_correlation"
"""Message header that carries the correlation id from the caller into the worker's log lines and rows."""

_VALID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def valid_correlation_id(given: object) -> str | None:
    """Return `given` if it is safe in logs and rows, else None: the caller then makes a new one."""
    return given if isinstance(given, str) and _VALID.fullmatch(given) else None
