"""Read input files of commands: criteria, options, profile addresses."""

import json
from pathlib import Path
from typing import Any, Final

from api_stub.cli.campaigns.start import validate_model
from worker.errors import RequestRefusedError
from worker.files import open_regular_file
from worker.rules.people.addresses import normalise_profile_url
from worker.rules.sourcing.criteria import Criteria

_CRITERIA_BYTES: Final = 100_000
"""Ten times the size of the longest criteria."""

_MAX_BYTES: Final = 1_000_000
"""Twice the size of a thousand addresses."""

_MAX_LISTED: Final = 5


def read_criteria(path: Path) -> Criteria:
    """Read criteria from a JSON file. Raises RequestRefusedError that names the fault."""
    values = _parse_object(path, _read_text(path, most_bytes=_CRITERIA_BYTES, what="criteria"))
    try:
        return validate_model(Criteria, **values)
    except RequestRefusedError as error:
        raise RequestRefusedError(f"{path.name}: {error}") from None


def read_options(path: Path) -> dict[str, Any]:
    """Read campaign options from a JSON file. Raises RequestRefusedError that names the fault."""
    return _parse_object(path, _read_text(path, most_bytes=_MAX_BYTES, what="options"))


def read_addresses(path: Path, site: str) -> tuple[str, ...]:
    """Read profile addresses from a file, one a line, without duplicates, blank lines and '#' comments.

    Raises RequestRefusedError that lists the lines without a profile address of `site`.
    """
    text = _read_text(path, most_bytes=_MAX_BYTES, what="a list of addresses")
    addresses: dict[str, None] = {}
    bad: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        given = line.split("#", 1)[0].strip()
        if not given:
            continue
        address = normalise_profile_url(given, site)
        if address is None:
            bad.append(f"line {number}: {given[:80]!r}")
        else:
            addresses[address] = None
    if bad:
        more = f" and {len(bad) - _MAX_LISTED} more" if len(bad) > _MAX_LISTED else ""
        raise RequestRefusedError(
            f"{path.name}: these aren't profile addresses of {site}: {'; '.join(bad[:_MAX_LISTED])}{more}"
        )
    if not addresses:
        raise RequestRefusedError(f"{path.name}: it has no profile address")
    return tuple(addresses)


def _parse_object(path: Path, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise RequestRefusedError(
            f"{path.name}: this isn't valid JSON: line {error.lineno}: {error.msg}"
        ) from None
    except (ValueError, RecursionError):  # a number with thousands of digits, or as deep a nesting
        raise RequestRefusedError(f"{path.name}: a number is too long, or it is nested too deeply") from None
    if not isinstance(found, dict):
        raise RequestRefusedError(f'{path.name}: it must be an object, such as {{"title": "Engineer"}}')
    return found


def _read_text(path: Path, *, most_bytes: int, what: str) -> str:
    try:
        with open(path, "rb", opener=open_regular_file) as file:
            content = file.read(most_bytes + 1)
        if len(content) <= most_bytes:
            return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestRefusedError(f"{path.name}: this isn't UTF-8 text") from None
    except OSError as error:
        raise RequestRefusedError(f"{path} can't be read: {error.strerror}") from None
    raise RequestRefusedError(f"{path.name}: it is too long for {what}")
