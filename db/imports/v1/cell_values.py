"""Parses cells of untyped SQLite columns. An invalid cell is None, never an error."""

import json
import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from db.imports.v1.file import Cell

MAX_KEY_BYTES: Final = 1000
"""Fits into a Postgres B-tree together with the other key columns (8 kB pages: about 2700 bytes)."""

_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ALLOWED_AHEAD: Final = timedelta(days=2)
"""A machine in another zone may write tomorrow's date; a later date is invalid."""

_EPOCH_RANGE_S: Final = (946_684_800, 4_102_444_800)  # 2000 to 2100
_ISO: Final = re.compile(r"(\d{4})[-/](\d{2})[-/](\d{2})(?:[T ](.+))?")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[T ](.+))?")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NO_WORDS: Final = frozenset({"0", "0.0", "false", "no", "n", "f", "off", "non"})


def parse_text(cell: Cell) -> str | None:
    """Return a cell's text without characters that Postgres can't store, or None."""
    if isinstance(cell, bytes):
        try:
            cell = cell.decode()
        except UnicodeDecodeError:
            return None
    return _clean(str(cell)) or None if cell is not None else None


def parse_name(cell: Cell) -> str | None:
    """Return a name on one line, or None if it is empty or too long."""
    value = " ".join((parse_text(cell) or "").split())
    return value if value and fits_a_key(value) else None


def fits_a_key(value: str) -> bool:
    """Return whether the text fits into an index key."""
    return len(unicodedata.normalize("NFKC", value).encode()) <= MAX_KEY_BYTES


def parse_number(cell: Cell) -> float | None:
    """Return a finite number, also from a text, or None."""
    if isinstance(cell, bytes) or cell is None:
        return None
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def parse_whole_number(cell: Cell, lowest: int, highest: int) -> int | None:
    """Return a whole number between the bounds, inclusive, or None."""
    value = parse_number(cell)
    return int(value) if value is not None and lowest <= value <= highest and value == int(value) else None


def is_no(cell: Cell) -> bool:
    """Return whether a flag is clearly off; an empty or unreadable cell is not."""
    return cell is not None and (parse_text(cell) or "").lower() in _NO_WORDS


def parse_texts(cell: Cell) -> str | Sequence[str] | None:
    """Return the texts of a JSON list, or the cell's plain text, or None."""
    value = parse_text(cell)
    if value is None or not value.startswith("["):
        return value
    try:
        listed = json.loads(value)
    except (ValueError, RecursionError):
        return value
    if not listed or not all(isinstance(each, str) for each in listed):
        return value if listed else None
    return [cleaned for each in listed if (cleaned := _clean(each))] or None


def parse_instant(cell: Cell, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return an instant (UTC) from 2000 until `now`, or None.

    Accepts ISO 8601 with and without a zone, DD/MM/YYYY, YYYYMMDD, and seconds or milliseconds since 1970 as
    number or text. A time without a zone is in `zone`. A day without a time counts as its end, so that it
    stays in a quota window too long rather than too short.
    """
    value = _from_epoch(parse_number(cell)) or _from_text(parse_text(cell) or "", zone)
    if value is None or not _EARLIEST <= value <= now + _ALLOWED_AHEAD:
        return None
    return min(value, now)


def _from_epoch(value: float | None) -> datetime | None:
    for unit in (1, 1000):
        if value is not None and _EPOCH_RANGE_S[0] <= value / unit <= _EPOCH_RANGE_S[1]:
            return datetime.fromtimestamp(value / unit, tz=UTC)
    return None


def _from_text(value: str, zone: ZoneInfo) -> datetime | None:
    if match := _ISO.fullmatch(value) or _COMPACT.fullmatch(value):
        year, month, day, *rest = match.groups()
    elif match := _DAY_FIRST.fullmatch(value):
        day, month, year, *rest = match.groups()
    else:
        return None
    if not 1999 <= int(year) <= 2100:
        return None
    try:
        on = date(int(year), int(month), int(day))
        at = time.fromisoformat(rest[0].strip()) if rest and rest[0] else time(23, 59, 59)
    except ValueError:
        return None
    return datetime.combine(on, at, at.tzinfo or zone).astimezone(UTC)


def _clean(value: str) -> str:
    return "".join(c for c in value if c != "\0" and not "\ud800" <= c <= "\udfff").strip()
