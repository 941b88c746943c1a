"""Campaign options in words, and what commands say about occasions."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from api_stub.cli.hints import as_typed
from api_stub.occasions import describe_occasion, format_day

__all__ = ("describe_occasion", "format_day")  # for all commands

_SWITCHES: Final[Mapping[str, Mapping[bool, str]]] = {
    "approval": {True: "each greeting needs approval", False: ""},
    "dry_run": {True: "dry run", False: ""},
    "keep_replies": {True: "stores the texts of replies", False: ""},
    "read_site": {True: "reads the site's birthdays page", False: "uses only the known contacts"},
}
_NUMBERS: Final = {
    "late_days": "up to {} days late",
    "limit": "at most {} people",
    "stop_after": "stops after {} pages without anybody new",
    "no_repeat_days": "nobody twice within {} days",
    "not_seen_months": "connections not visited for {} months",
    "older_than_days": "at least {} days old",
}
_MAX_LISTED: Final = 5


def describe_away(until: date, profile_url: str) -> str:
    """Return until when a person is away by an automatic answer, and how to hold them until then."""
    hold = f"`rapport contacts hold {profile_url} --until {until}`"
    return as_typed(f"until {format_day(until)}, as their automatic answer says: {hold}")


def describe_options(options: Mapping[str, object]) -> Iterator[str]:
    """Yield a campaign's options in words; criteria one by one, long lists shortened."""
    for name, value in sorted(options.items()):
        if isinstance(value, Mapping):
            yield from describe_options(value)
        elif isinstance(value, bool):
            words = _SWITCHES.get(name, {True: _spell(name), False: f"not {_spell(name)}"})[value]
            yield from [words] if words else ()
        elif isinstance(value, list) and value:
            more = f" and {len(value) - _MAX_LISTED} more" if len(value) > _MAX_LISTED else ""
            yield f"{_spell(name)} {' / '.join(map(str, value[:_MAX_LISTED]))}{more}"
        elif value not in (None, "", []):
            yield _NUMBERS[name].format(value) if name in _NUMBERS else f"{_spell(name)} {value}"


def _spell(name: str) -> str:
    return name.replace("_", " ")
