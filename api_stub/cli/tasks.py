"""`rapport tasks`: refused messages, and what a message may say."""

from typing import Annotated

import typer
from rich.text import Text

from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, open_session, print_answer
from api_stub.cli.formatting import UTC_ZONE, format_time, print_json
from api_stub.cli.terminal import Console
from db.store import refused_messages as store
from tasks.task_schemas import TASK_ARGUMENTS, format_schemas, format_task_schema
from worker.errors import RequestRefusedError
from worker.rules.texts.suggestions import did_you_mean, suggest_names
from worker.rules.wire.refusals import Refusal, RefusedMessage

app = typer.Typer(help="Tasks by name: what a message may say, and what was refused.", no_args_is_help=True)


@app.command()
def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="TASK", help="One task, such as tasks.birthday.campaign.")
    ] = None,
) -> None:
    """Print the JSON Schema of a task's arguments, or of all tasks' under their names.

    docs/tasks.schema.json is the same as this prints without a name.
    """
    if name is not None and name not in TASK_ARGUMENTS:
        near = did_you_mean(suggest_names(name, sorted(TASK_ARGUMENTS)))
        known = near or "without a name, all tasks are printed"
        raise RequestRefusedError(f"there is no task {name!r}; {known}")
    print_json(format_schemas() if name is None else format_task_schema(name))


@app.command()
def refused(
    reason: Annotated[Refusal | None, typer.Option(help="Only those refused for this reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many, newest first.")] = 50,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List the messages that workers refused, newest first: the reason and the stated sender.

    A refused message is removed from Redis, and its arguments are not stored. docs/tasks.md describes valid
    messages.
    """
    with open_session(data) as session:
        messages = store.list_refused_messages(session, limit=limit, reason=reason)
    if as_json:
        print_answer(messages)
        return
    console = Console()
    for message in messages:
        at = format_time(message.refused_at, UTC_ZONE, seconds=True)
        console.print(Text(f"{at}  {message.queue}  {message.reason}", "bold"))
        console.print(Text(f"  {message.detail}\n  {_describe_message(message)}"))
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
    headers = f"\n  headers: {message.shape}" if message.shape else ""
    return ", ".join(part for part in parts if part) + headers
