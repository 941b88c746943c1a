"""One command for each process of ours: the stack, Compose and systemd all start them this way.

A stack starts eight at once, so little is imported here: each becomes another program anyway.
"""

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from cryptography.fernet import Fernet
from rich.console import Console

from api_stub.stack.environment import set_environment
from worker.errors import ConfigurationError
from worker.settings import get_settings

LOOPBACK = "127.0.0.1"

secrets_app = typer.Typer(help="Keys.", no_args_is_help=True)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


class Role(StrEnum):
    """What a worker does."""

    BROWSER = "browser"
    CONTROL = "control"


def worker(
    role: Annotated[
        Role, typer.Argument(help="browser: carries actions out; control: plans and dispatches.")
    ],
    name: Annotated[str | None, typer.Option(help="Its name; two workers on one machine need two.")] = None,
) -> None:
    """Run a worker. A SIGTERM lets it finish the action at hand."""
    import celeryconfig  # noqa: PLC0415 -- reads the settings, which only processes like this one have

    name = name or f"{role}-{os.getpid()}"
    queues = celeryconfig.BROWSER_QUEUES if role is Role.BROWSER else celeryconfig.CONTROL_QUEUES
    _become_celery(name, "worker", "--hostname", f"{name}@%h", "--queues", ",".join(queues))


def beat() -> None:
    """Run beat. It only ticks, so it keeps no file, and two of them are harmless."""
    _become_celery("beat", "beat", "--scheduler", "celery.beat:Scheduler", "--pidfile=")


def api(host: Host = LOOPBACK, port: Port = 8000) -> None:
    """Run the HTTP front door."""
    _keep_metrics("api")
    _become("api_stub.http", "--host", host, "--port", str(port))


def flower(host: Host = LOOPBACK, port: Port = 5555) -> None:
    """Run Flower, behind a password: without one, any page in your browser could start tasks."""
    auth = get_settings().flower_auth
    if auth is None:
        raise ConfigurationError("RAPPORT_FLOWER_AUTH is not set: give Flower a user:password to ask for")
    set_environment({"FLOWER_BASIC_AUTH": auth.get_secret_value()})  # an argument would show in `ps`
    _become_celery("flower", "flower", f"--address={host}", f"--port={port}")


def sandbox(
    state: Annotated[Path, typer.Option(help="The file that remembers everything.")] = Path(
        "sandbox.sqlite3"
    ),
    host: Host = LOOPBACK,
    port: Port = 8080,
    time_zone: Annotated[str, typer.Option(help="Zone in which its days begin.")] = "UTC",
) -> None:
    """Run the practice network."""
    from api_stub.sandbox.server import serve  # noqa: PLC0415 -- no other process needs a web framework here

    key = get_settings().sandbox_key
    if key is None:
        raise ConfigurationError("RAPPORT_SANDBOX_KEY is not set: it guards the practice network's controls")
    serve(host, port, state, time_zone, control_key=key.get_secret_value())


@secrets_app.command("new-key")
def new_key() -> None:
    """Print a fresh key for RAPPORT_SECRET_KEYS. Put it first to rotate; keep the old ones behind it."""
    Console().print(Fernet.generate_key().decode())


def _become_celery(name: str, *arguments: str) -> NoReturn:
    _keep_metrics(name)
    _become("celery", "--quiet", "--app", "worker.app", *arguments)


def _become(module: str, *arguments: str) -> NoReturn:
    """Replace this process by `python -m module`: whoever stops us then stops the real thing."""
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 -- no shell is the point


def _keep_metrics(name: str) -> None:
    """Give this process an empty metrics folder. The library wants it before its first import."""
    root = get_settings().metrics_dir
    if root is None:
        return
    folder = root / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    set_environment({"PROMETHEUS_MULTIPROC_DIR": str(folder)})
