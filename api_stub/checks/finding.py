"""The result of one check of `rapport doctor`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. `advice` says what to do if it failed.

    `is_warning`: Rapport works nevertheless, so `ok` is true.
    """

    what: str
    ok: bool
    detail: str
    advice: str = ""
    is_warning: bool = False
