"""Show the keys of the HTTP API."""

from collections.abc import Sequence

from api_stub.cli.formatting import UTC_ZONE, create_table, folding_text, format_time
from api_stub.cli.terminal import Console
from db.store.api_keys import KeyRecord
from worker.rules.api_keys import BUILT_IN_KEY


def print_keys(keys: Sequence[KeyRecord]) -> None:
    """Print a table of keys."""
    table = create_table("name", "scopes", "state", "expires", "last used", "limit", "public id")
    for each in keys:
        table.add_row(
            folding_text(each.name),
            folding_text(" ".join(each.scopes)),
            folding_text(_describe_state(each)),
            format_time(each.expires_at, UTC_ZONE) if each.expires_at else "never",
            format_time(each.used_at, UTC_ZONE) if each.used_at else "never",
            folding_text(f"{each.per_minute} a minute, {each.burst} at once"),
            each.public_id,
        )
    none = f"there is no named key; the one in RAPPORT_API_KEY is {BUILT_IN_KEY!r}"
    Console().print(table if keys else none)


def _describe_state(key: KeyRecord) -> str:
    if key.revoked_at is not None:
        return f"revoked {format_time(key.revoked_at, UTC_ZONE)}"
    if key.former_until is not None:
        return f"{key.state}; former secret until {format_time(key.former_until, UTC_ZONE)}"
    return key.state
