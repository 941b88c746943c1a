"""The units of single processes, for a Postgres and a Redis that run already."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api_stub.stack.units.embedded import STATE, STATE_FOLDER, Installation
from api_stub.stack.units.hardening import harden_system, limit
from api_stub.stack.units.unit import Lines, Unit, command, quote
from worker.extras import Extra, is_installed
from worker.processes import SECRETS_OF_PROCESS, Process
from worker.secret_files import file_variable
from worker.settings import variable_name

TARGET: Final = "rapport.target"
SECRETS_FOLDER: Final = "%E/rapport/secrets"
OWNERS_ADDRESS: Final = "DATABASE_URL_OF_OWNER"
"""The file with the address as which `migrate` owns the tables."""
LOG_COMMAND: Final = "journalctl --unit='rapport-*' --grep=ID"
"""The command that shows what the units logged about a correlation id."""
_SERVERS: Final = "network-online.target postgresql.service redis-server.service valkey-server.service"


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one process runs."""

    process: Process
    memory: str
    words: Sequence[str] = ()
    tasks: int = 256


_SHAPES: Final[Mapping[str, _Shape]] = {
    "beat": _Shape(Process.BEAT, "384M"),
    "notifier": _Shape(Process.NOTIFIER, "512M"),
    "worker-control": _Shape(Process.CONTROL_WORKER, "768M", ("--name", "control-%H")),
    "worker-browser@": _Shape(Process.BROWSER_WORKER, "1536M", ("--name", "browser-%i-%H"), tasks=1024),
    "api": _Shape(Process.API, "768M"),
    "metrics": _Shape(Process.METRICS, "384M"),
    "flower": _Shape(Process.FLOWER, "512M", ("--state", f"%S/{STATE}/flower/state")),
}


class Part(StrEnum):
    """What a machine may run, by the name of its unit. Where Rapport has several, they share these."""

    MIGRATE = "migrate"
    BEAT = "beat"
    NOTIFIER = "notifier"
    CONTROL = "worker-control"
    BROWSER = "worker-browser"
    API = "api"
    FLOWER = "flower"
    METRICS = "metrics"


def list_usual_parts() -> Sequence[Part]:
    """Return what the only machine runs. Its HTTP process serves the metrics; Flower may not be installed."""
    left_out = {Part.METRICS} if is_installed(Extra.MONITORING) else {Part.METRICS, Part.FLOWER}
    return [part for part in Part if part not in left_out]


def process_units(installed: Installation, parts: Collection[Part], *, workers: int) -> Sequence[Unit]:
    """Return the target, and a service for each part; `workers` of them are browsers."""
    services = [_service(installed, name, _SHAPES[name]) for name in _SHAPES if _part_of(name) in parts]
    migrations = [_migration(installed)] if Part.MIGRATE in parts else []
    wanted = [each.name for each in services if "@" not in each.name]
    if Part.BROWSER in parts:
        wanted += [f"rapport-worker-browser@{number}.service" for number in range(1, workers + 1)]
    wanted += [each.name for each in migrations]
    target = (
        ("Description", "Rapport"),
        ("Wants", " ".join(wanted)),
        ("After", "network-online.target"),
    )
    install = (("WantedBy", "multi-user.target"),)
    return (Unit(TARGET, {"Unit": target, "Install": install}), *migrations, *services)


def _part_of(name: str) -> Part:
    return Part(name.removesuffix("@"))


def _migration(installed: Installation) -> Unit:
    return Unit(
        "rapport-migrate.service",
        {
            "Unit": (
                ("Description", "Rapport: bring the tables up to date"),
                ("Wants", "network-online.target"),
                ("After", _SERVERS),
                ("PartOf", TARGET),
            ),
            "Service": (
                ("Type", "oneshot"),
                ("RemainAfterExit", "yes"),
                *installed.start,
                ("LoadCredential", f"DATABASE_URL:{SECRETS_FOLDER}/{OWNERS_ADDRESS}"),
                ("Environment", f"{file_variable('DATABASE_URL')}=%d/DATABASE_URL"),
                ("ExecStart", command(installed.program, "migrate", "--roles")),
                ("Restart", "on-failure"),  # Postgres may still be starting
                ("RestartSec", "10s"),
                *limit(memory="512M", tasks=64),
                *harden_system(browser=False, reads=installed.program),
            ),
        },
    )


def _service(installed: Installation, name: str, shape: _Shape) -> Unit:
    browser = shape.process is Process.BROWSER_WORKER
    run = f"{command(installed.program, *shape.process.split())} {' '.join(shape.words)}".rstrip()
    return Unit(
        f"rapport-{name}.service",
        {
            "Unit": (
                ("Description", f"Rapport: {shape.process}{' %i' if browser else ''}"),
                ("Wants", "rapport-migrate.service"),  # not Requires: it may need more than one try
                ("After", f"{_SERVERS} rapport-migrate.service"),
                ("PartOf", TARGET),
                ("StartLimitIntervalSec", "0"),  # it waits for its servers as long as it takes
            ),
            "Service": (
                ("Type", "exec"),
                *installed.start,
                *_folders(),
                *_secrets(shape.process),
                ("ExecStart", run),
                ("Restart", "always"),
                ("RestartSec", "5s"),
                ("KillMode", "mixed"),
                # Longer than an action may take (RAPPORT_ACTION_TIME_LIMIT): a worker ends its current one.
                ("TimeoutStopSec", "210s"),
                *limit(memory=shape.memory, tasks=shape.tasks),
                *harden_system(browser=browser, reads=installed.program),
            ),
        },
    )


def _folders() -> Lines:
    folders = {
        "RAPPORT_EVIDENCE_DIR": "evidence",
        "RAPPORT_UPLOAD_DIR": "uploads",
        "RAPPORT_METRICS_DIR": "metrics",
    }
    return (
        *STATE_FOLDER,
        ("Environment", quote(f"RAPPORT_LOG_COMMAND={LOG_COMMAND}")),
        *(("Environment", f"{name}=%S/{STATE}/{folder}") for name, folder in folders.items()),
    )


def _secrets(process: Process) -> Iterator[tuple[str, str]]:
    """Yield the credentials of this process: each may read only its own secrets, and none is a variable."""
    for name in sorted(map(variable_name, SECRETS_OF_PROCESS[process])):
        yield "LoadCredential", f"{name}:{SECRETS_FOLDER}/{name}"
        yield "Environment", f"{file_variable(name)}=%d/{name}"
