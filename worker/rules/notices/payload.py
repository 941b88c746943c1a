"""Read an event's payload for its text: a value may be missing, or be of another version's type."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker.errors import Reason
from worker.rules.notices.page import clean_line
from worker.rules.wording.reasons import describe_reason

_LONGEST_DETAIL: Final = 200


class Payload:
    """The values of an event. Those of another version may be missing, or of another type."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def line(self, name: str, otherwise: str = "") -> str:
        """Return a value as one clean line."""
        value = self._values.get(name)
        return otherwise if value is None else clean_line(value, _LONGEST_DETAIL)

    def flag(self, name: str) -> bool:
        """Return whether a value is true."""
        return self._values.get(name) is True

    def number(self, name: str) -> int:
        """Return a count."""
        value = self._values.get(name)
        return value if isinstance(value, int) else 0

    def lines(self, name: str) -> list[str]:
        """Return a list of values as clean lines."""
        value = self._values.get(name)
        return [clean_line(each) for each in value] if isinstance(value, list) else []

    @property
    def account(self) -> str:
        """The account's name."""
        return self.line("account", "?")

    @property
    def reason(self) -> Reason | None:
        """The reason, None if this version doesn't know it."""
        code = self._values.get("reason")
        return Reason(code) if code in set(Reason) else None

    @property
    def because(self) -> str:
        """The reason in words."""
        return describe_reason(self.reason) if self.reason else self.line("reason", "the logs say more")

    def time(self, name: str) -> str:
        """Return an instant in the zone of the payload: "28 Nov 07:49 Europe/Paris"."""
        try:
            zone = ZoneInfo(self.line("zone", "UTC"))
            local = datetime.fromisoformat(self.line(name)).astimezone(zone)
        except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError):
            return self.line(name, "an unknown time")
        return f"{local.day} {local:%b %H:%M} {zone.key}"
