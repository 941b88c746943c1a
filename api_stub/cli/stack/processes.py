"""One command for each process of ours: the stack, Compose and systemd all start them this way.

A stack starts eight at once, so little is imported here: each becomes another program anyway.
"""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from api_stub.stack.environment import set_environment, unset_environment
from worker.files import make_private_folder
from worker.processes import Process, load_settings, unused_secret_variables
from worker.queues import BROWSER_QUEUES, CONTROL_QUEUES
from worker.secrets import Vault
from worker.settings import Settings, get_settings

LOOPBACK = "127.0.0.1"

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
    settings = _prepare_environment(
        Process.BROWSER_WORKER if role is Role.BROWSER else Process.CONTROL_WORKER
    )
    if role is Role.BROWSER:
        Vault(settings.required("secret_keys"))  # which refuses what are no keys
    name = name or f"{role}-{os.getpid()}"
    queues = BROWSER_QUEUES if role is Role.BROWSER else CONTROL_QUEUES
    _configure_metrics()
    _exec_celery("worker", "--hostname", f"{name}@%h", "--queues", ",".join(queues))


def beat() -> None:
    """Run beat. It only ticks, so it keeps no file, and two of them are harmless."""
    _prepare_environment(Process.BEAT)
    _configure_metrics()
    _exec_celery("beat", "--scheduler", "celery.beat:Scheduler", "--pidfile=")


def api(host: Host = LOOPBACK, port: Port = 8000) -> None:
    """Run the HTTP front door."""
    _prepare_environment(Process.API)
    _configure_metrics()
    _exec_module("api_stub.http", "--host", host, "--port", str(port))


def flower(host: Host = LOOPBACK, port: Port = 5555) -> None:
    """Run Flower, behind a password: without one, any page in your browser could start tasks.

    Its metrics stay with it, at its own /metrics: they name each worker that it ever saw, and would pile up.
    """
    auth = _prepare_environment(Process.FLOWER).required("flower_auth").get_secret_value()
    set_environment({"FLOWER_BASIC_AUTH": auth})  # an argument would show in `ps`
    _exec_celery("flower", f"--address={host}", f"--port={port}")


def sandbox(
    state: Annotated[Path, typer.Option(help="The file that remembers everything.")] = Path(
        "sandbox.sqlite3"
    ),
    host: Host = LOOPBACK,
    port: Port = 8080,
    time_zone: Annotated[str, typer.Option(help="Zone in which its days begin.")] = "UTC",
) -> None:
    """Run the practice network."""
    key = _prepare_environment(Process.SANDBOX).required("sandbox_key").get_secret_value()
    from api_stub.sandbox.server import serve  # noqa: PLC0415 -- no other process needs a web framework here

    serve(host, port, state, time_zone, control_key=key)


def _prepare_environment(process: Process) -> Settings:
    """Check the settings, and drop the secrets of other processes before this one becomes what it runs."""
    settings = load_settings(process)
    unset_environment(unused_secret_variables(process))
    return settings


def _exec_celery(*arguments: str) -> NoReturn:
    _exec_module("celery", "--quiet", "--app", "worker.app", *arguments)


def _exec_module(module: str, *arguments: str) -> NoReturn:
    """Replace this process by `python -m module`: whoever stops us then stops the real thing."""
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 -- no shell is the point


def _configure_metrics() -> None:
    """Say where this process's metrics go. The library wants to know before its first import."""
    root = get_settings().metrics_dir
    if root is None:
        return
    folder = root / "slots"
    make_private_folder(folder)
    set_environment({"PROMETHEUS_MULTIPROC_DIR": str(folder)})
    for kind in ("counter", "histogram", "gauge_*"):
        for left in root.glob(f"*/{kind}_[0-9]*.db"):
            if left.parent != folder:  # an earlier version's, which kept files of every child it ever had
                left.unlink(missing_ok=True)
