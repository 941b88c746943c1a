"""`rapport import`: what other programs know of people."""

import typer

from api_stub.cli import import_v1

app = typer.Typer(help="Bring contacts and history in, and take an import back.", no_args_is_help=True)
app.command("v1")(import_v1.import_v1)
