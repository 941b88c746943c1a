"""`rapport stop-everything` and `rapport resume-everything`: the kill switch."""

from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from api_stub.cli.context import DEFAULT_DATA, DataDir, get_terminal_user, open_database, open_session
from api_stub.cli.formatting import UTC_ZONE, format_time, print_text
from db.store.kill_switch import get_kill_switch, pull_kill_switch, release_kill_switch
from tasks.contract import ActorName
from worker.errors import RequestRefusedError


def stop_everything(
    by: Annotated[str | None, typer.Option(help="Who stops it; default: user@host of this terminal.")] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Stop every account at once, until `rapport resume-everything`. Nothing is dropped.

    Nothing more is dispatched, and a worker that is typing stops before the click on send. A click that was
    made in this very second can't be undone; it is recorded.
    """
    who = _validate_actor(by) if by is not None else get_terminal_user()
    with open_database(data) as database:
        with database.transaction() as session:
            pull_kill_switch(session, who)
        with database.transaction() as session:
            pulled = get_kill_switch(session)
    if pulled is not None:
        print_text(
            f"everything is stopped, since {format_time(pulled.at, UTC_ZONE)}, by {pulled.by}; "
            "next: `rapport resume-everything`",
            "bold red",
        )


def resume_everything(data: DataDir = DEFAULT_DATA) -> None:
    """Release the kill switch. Accounts and campaigns that were paused individually stay paused."""
    with open_session(data) as session:
        was_on = release_kill_switch(session)
    print_text("everything is running again" if was_on else "the kill switch was not on; nothing changed")


def _validate_actor(by: str) -> str:
    try:
        return TypeAdapter[str](ActorName).validate_python(by)
    except ValidationError:
        raise RequestRefusedError(
            f"{by[:80]!r} can't be who stops it: one line of at most 200 characters that can be seen"
        ) from None
