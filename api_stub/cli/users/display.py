"""Show users and their sessions."""

from collections.abc import Sequence

from api_stub.cli.formatting import UTC_ZONE, create_table, folding_text, format_time
from api_stub.cli.terminal import Console
from db.store.console.sessions import SessionRecord
from db.store.console.users import UserRecord


def print_users(users: Sequence[UserRecord]) -> None:
    """Print a table of users."""
    table = create_table("name", "role", "language", "password", "signed in", "state")
    for each in users:
        disabled = (
            f"disabled {format_time(each.disabled_at, UTC_ZONE)}" if each.disabled_at else "may sign in"
        )
        table.add_row(
            folding_text(each.name),
            each.role,
            each.language,
            "set" if each.has_password else "none: links only",
            f"in {each.sessions}" if each.sessions else "nowhere",
            folding_text(disabled),
        )
    Console().print(table if users else "there is no user yet: `rapport users add NAME --role owner`")


def print_sessions(sessions: Sequence[SessionRecord]) -> None:
    """Print a table of sessions."""
    table = create_table("user", "browser", "address", "signed in", "last used")
    for each in sessions:
        browser = " on ".join(filter(None, (each.client.browser, each.client.system)))
        table.add_row(
            folding_text(each.user),
            folding_text(browser or "unknown"),
            folding_text(each.client.address),
            format_time(each.created_at, UTC_ZONE),
            format_time(each.used_at, UTC_ZONE),
        )
    Console().print(table if sessions else "nobody is signed in")
