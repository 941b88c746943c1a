"""Reports of imports for display. Earlier versions of Rapport stored fewer counts."""

from collections.abc import Mapping
from typing import Any, Final

_COUNTS: Final = (
    "new", "changed", "same", "repeated", "doubts", "asked", "maybe_same", "died", "differing", "gone",
    "forgotten", "refused", "lost",
)  # fmt: skip
_EMPTY: Final[Mapping[str, Any]] = {
    **dict.fromkeys(_COUNTS, 0),
    "skipped": {}, "unused": {}, "refusals": (), "losses": (), "differing_lines": (), "gone_names": (),
}  # fmt: skip


def fill_report(report: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return a stored report with all its counts and lists; None for one by table, or of a running import."""
    return {**_EMPTY, **report} if "read" in report else None
