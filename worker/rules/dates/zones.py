"""Time zones as a person types them."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker.errors import RequestRefusedError


def parse_zone(text: str) -> ZoneInfo:
    """Return the time zone of this IANA name. Raises RequestRefusedError if there is none."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder, or a name that is too long
        raise RequestRefusedError(f"{text!r} isn't an IANA time zone, such as Europe/Paris") from None
