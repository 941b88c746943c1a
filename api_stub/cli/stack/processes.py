"""One command for each process. The stack, Compose and systemd all start them this way.

A stack starts nine at once, so this module imports little, and each process only what it needs.
"""

import os
import sys
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from api_stub.cli.hints import program
from api_stub.stack.environment import set_environment, unset_environment
from worker.collector import importing
from worker.errors import ConfigurationError
from worker.extras import Extra, how_to_install, is_installed
from worker.files import make_private_folder
from worker.processes import Process, load_settings, unused_secret_variables
from worker.queues import BROWSER_QUEUES, CONTROL_QUEUES
from worker.secrets import Vault, open_notice_vault
from worker.settings import Settings, get_settings, with_files

LOOPBACK = "127.0.0.1"

_FLOWER_TASKS = 10_000
"""How many tasks Flower shows and keeps: those of half a day. More would take seconds to save."""
_FLOWER_SAVES_MS = 60_000

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


class Role(StrEnum):
    """The kind of a worker."""

    BROWSER = "browser"
    CONTROL = "control"


def worker(
    role: Annotated[Role, typer.Argument(help="browser: performs actions; control: plans and dispatches.")],
    name: Annotated[
        str | None, typer.Option(help="Its name; workers on one machine need different names.")
    ] = None,
) -> None:
    """Run a worker. On SIGTERM it finishes the current action."""
    prepare_environment(Process.BROWSER_WORKER if role is Role.BROWSER else Process.CONTROL_WORKER)
    name = name or f"{role}-{os.getpid()}"
    queues = BROWSER_QUEUES if role is Role.BROWSER else CONTROL_QUEUES
    _configure_metrics()
    # Not by Celery's own command, which imports Flower and a shell first: a third of a worker's imports.
    with importing():
        from worker.app import run_worker  # noqa: PLC0415 -- the metrics' folder must be set before
    from worker.metrics.living import name_service  # noqa: PLC0415 -- as above

    name_service(role)
    _require_fitting_tables()
    sys.exit(run_worker(name, queues))


def beat() -> None:
    """Run beat. It only sends ticks and keeps no state, so two of them are harmless."""
    prepare_environment(Process.BEAT)
    _configure_metrics()
    with importing():
        from worker.app import run_beat  # noqa: PLC0415 -- the metrics' folder must be set before

    run_beat()


def notifier() -> None:
    """Run the notifier, which sends notices. Two of them are harmless."""
    settings = prepare_environment(Process.NOTIFIER)
    open_notice_vault(settings.required("notice_keys"))  # refuses invalid keys
    _configure_metrics()
    from tasks.notices.notifier import run_notifier  # noqa: PLC0415 -- only this process needs it

    _require_fitting_tables()
    run_notifier(settings, program=program())


def api(host: Host = LOOPBACK, port: Port = 8000) -> None:
    """Run the HTTP API."""
    prepare_environment(Process.API)
    _configure_metrics()
    _exec_module("api_stub.http", "--host", host, "--port", str(port))


def metrics(host: Host = LOOPBACK, port: Port = 9750) -> None:
    """Serve the metrics of this machine's processes, on a machine that runs workers but no HTTP API."""
    if prepare_environment(Process.METRICS).metrics_dir is None:
        raise ConfigurationError(
            "RAPPORT_METRICS_DIR is not set: the workers of this machine keep their metrics there"
        )
    _configure_metrics()
    _exec_module("api_stub.http", "--host", host, "--port", str(port), "--only-metrics")


def flower(
    *,
    host: Host = LOOPBACK,
    port: Port = 5555,
    state: Annotated[
        Path | None, typer.Option(help="Where it keeps the tasks that it shows, for its next start.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse every button.")] = False,
) -> None:
    """Run Flower with a password: without one, any page in your browser could start tasks.

    Its metrics are at its own /metrics, because they name every worker ever seen and would accumulate.
    """
    if not is_installed(Extra.MONITORING):
        raise ConfigurationError(f"Flower isn't installed: {how_to_install(Extra.MONITORING)}")
    auth = prepare_environment(Process.FLOWER).required("flower_auth").get_secret_value()
    set_environment({"FLOWER_BASIC_AUTH": auth})  # every user of the machine can see arguments
    flower_options = [f"--address={host}", f"--port={port}", f"--max_tasks={_FLOWER_TASKS}"]
    flower_options += ["--logging=none"]  # worker/flower/request_log.py logs
    if read_only:
        flower_options.append("--read_only=True")
    if state is not None:
        make_private_folder(state.parent)  # the file is a pickle: who can write it could run code
        flower_options += ["--persistent=True", f"--db={state}", f"--state_save_interval={_FLOWER_SAVES_MS}"]
    _exec_module("worker.flower", "--quiet", "--app", "worker.app", "flower", *flower_options)


def sandbox(
    state: Annotated[Path, typer.Option(help="The file with the state.")] = Path("sandbox.sqlite3"),
    host: Host = LOOPBACK,
    port: Port = 8080,
    time_zone: Annotated[str, typer.Option(help="Zone in which its days begin.")] = "UTC",
) -> None:
    """Run the practice network."""
    key = prepare_environment(Process.SANDBOX).required("sandbox_key").get_secret_value()
    from api_stub.sandbox.server import serve  # noqa: PLC0415 -- only this process needs the web framework

    serve(host, port, state, time_zone, control_key=key)


def prepare_environment(process: Process) -> Settings:
    """Check the settings. If the environment holds secrets of other processes, start again without them.

    A program's initial environment can be read in /proc as long as it runs.
    """
    settings = load_settings(process)
    if process is Process.BROWSER_WORKER:
        Vault(settings.required("secret_keys"))  # refuses invalid keys
    if unset_environment(with_files(unused_secret_variables(process))):
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 -- no shell is needed
    return settings


def _require_fitting_tables() -> None:
    """Raise ConfigurationError for tables that don't fit, on which actions would use up their attempts.

    A Postgres that doesn't answer is no reason: tasks wait for it.
    """
    with importing():
        from sqlalchemy.exc import OperationalError, ProgrammingError  # noqa: PLC0415 -- only these need it

        from db import migrate  # noqa: PLC0415 -- as above
        from db.engine import Database  # noqa: PLC0415 -- as above
    url = get_settings().required("database_url").get_secret_value()
    with closing(Database(url, application_name="rapport start", connect_timeout_s=3)) as database:
        try:
            remedy = migrate.find_remedy(database.engine)
        except OperationalError:
            return
        except ProgrammingError:  # the rights are granted after the tables are migrated
            remedy = "run `rapport migrate`"
    if remedy is not None:
        raise ConfigurationError(f"the tables in Postgres don't fit this version of Rapport: {remedy}")


def _exec_module(module: str, *arguments: str) -> NoReturn:
    """Replace this process by `python -m module`, so that signals reach it directly."""
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 -- no shell is needed


def _configure_metrics() -> None:
    """Set the folder of this process's metrics. The library reads it at its first import."""
    root = get_settings().metrics_dir
    if root is None:
        return
    folder = root / "slots"
    make_private_folder(folder)
    set_environment({"PROMETHEUS_MULTIPROC_DIR": str(folder)})
    for kind in ("counter", "histogram", "gauge_*"):
        for left in root.glob(f"*/{kind}_[0-9]*.db"):
            if left.parent != folder:  # from an earlier version, which kept a file for every child process
                left.unlink(missing_ok=True)
