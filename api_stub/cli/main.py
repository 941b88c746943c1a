"""The `rapport` command: assembles the nouns and turns known errors into one clear line."""

import sys

import typer
from rich.console import Console
from rich.markup import escape

from api_stub.cli import (
    account,
    actions,
    audit,
    campaign,
    contacts,
    data,
    demo,
    doctor,
    doubts,
    export,
    forecast,
    forget,
    imports,
    invitations,
    killswitch,
    people,
    process,
    quota,
    review,
    saved,
    schedule,
    schema,
    sourcing,
    summary,
    templates,
    why,
)
from api_stub.stack.errors import StackError
from worker.errors import ConfigurationError, RapportError, RequestRefusedError

app = typer.Typer(
    name="rapport",
    help="Relationship campaigns from your own account: a quota that holds, each greeting once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("demo")(demo.demo)
app.command("up")(demo.up)
app.command("doctor")(doctor.doctor)
app.command("why")(why.why)
app.command("review")(review.review)
app.command("forecast")(forecast.forecast)
app.command("summary")(summary.summary)
app.command("stop-everything")(killswitch.stop_everything)
app.command("resume-everything")(killswitch.resume_everything)
app.add_typer(account.app, name="account")
app.add_typer(campaign.app, name="campaign")
app.add_typer(actions.app, name="actions")
app.add_typer(quota.app, name="quota")
app.add_typer(contacts.app, name="contacts")
app.add_typer(imports.app, name="import")
app.add_typer(export.app, name="export")
app.add_typer(templates.app, name="templates")
doubts.add_to(contacts.app)
people.add_to(contacts.app)
app.add_typer(sourcing.app, name="sourcing")
saved.add_to(sourcing.app)
app.add_typer(schedule.app, name="schedule")
app.add_typer(invitations.app, name="invitations")
forget.add_to(contacts.app)
app.add_typer(data.app, name="data")
app.add_typer(audit.app, name="audit")
app.add_typer(process.secrets_app, name="secrets")
app.command("migrate")(schema.migrate)
process.add_to(app)


def main() -> None:
    """Run the command; what we know how to say is said in one line, anything else keeps its traceback."""
    try:
        app(prog_name="rapport")  # also when it is run as a module
    except (ConfigurationError, RapportError, RequestRefusedError, StackError) as error:
        Console(stderr=True).print(
            f"[bold red]rapport:[/] {escape(str(error))}", highlight=False, soft_wrap=True
        )
        sys.exit(1)
