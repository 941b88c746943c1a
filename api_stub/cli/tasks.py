"""`rapport tasks`: refused messages."""

from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from api_stub.cli.context import DEFAULT_DATA, DataDir, open_session
from api_stub.cli.terminal import Console
from db.store import refused_messages as store
from worker.rules.wire.refusals import Refusal, RefusedMessage

app = typer.Typer(help="Messages from the broker. All times are UTC.", no_args_is_help=True)


@app.command()
def refused(
    reason: Annotated[Refusal | None, typer.Option(help="Only those refused for this reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many, newest first.")] = 50,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List the messages that workers refused, newest first: the reason and the stated sender.

    A refused message is removed from Redis, and its arguments are not stored. docs/tasks.md describes valid
    messages.
    """
    with open_session(data) as session:
        messages = store.list_refused_messages(session, limit=limit, reason=reason)
    console = Console()
    for message in messages:
        console.print(
            Text(f"{message.refused_at:%Y-%m-%d %H:%M:%S}  {message.queue}  {message.reason}", "bold")
        )
        console.print(Padding(Text(f"{message.detail}\n{_describe_message(message)}"), (0, 0, 0, 2)))
    if not messages:
        console.print("no message was refused")


def _describe_message(message: RefusedMessage) -> str:
    parts = [
        message.task or "no readable task name",
        f"id {message.message_id}" if message.message_id else "",
        f"from {message.origin}" if message.origin else "",
        f"{message.size_bytes} bytes",
        f"SHA-256 {message.sha256[:12]}",
    ]
    headers = f"\nheaders: {message.shape}" if message.shape else ""
    return ", ".join(part for part in parts if part) + headers
