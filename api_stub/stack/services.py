"""Rapport's own processes as the embedded default runs them, and their readiness checks."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any

from api_stub.stack.environment_file import remove_environment, write_environment
from api_stub.stack.log_reader import LOG_COMMAND
from api_stub.stack.servers.ports import check_http, choose_port
from api_stub.stack.stack import Service, Stack
from worker import queues
from worker.extras import Extra, is_installed
from worker.processes import Process
from worker.servers import redis_address

FLOWER_USER = "rapport"
_FIRST = frozenset({"control", "browser1"})
"""The services that a campaign needs until its first action has ended."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the stack's servers listen, all on loopback."""

    api: str
    flower: str
    sandbox: str


class Ports(IntEnum):
    """The stack's ports, if they are free. IANA has assigned none of 7709 to 7719."""

    API = 7710
    FLOWER = 7711
    PRACTICE_NETWORK = 7712
    POSTGRES = 7713
    REDIS = 7714


def choose_addresses(
    reserved: ExitStack, on_taken: Callable[[str], object] = lambda _text: None
) -> Addresses:
    """Choose the addresses: the usual ports, or free ones if these are taken; see `choose_port`."""
    return Addresses(
        *(
            f"http://127.0.0.1:{choose_port(port, name, on_taken, reserved)}"
            for port, name in (
                (Ports.API, "the API"),
                (Ports.FLOWER, "Flower"),
                (Ports.PRACTICE_NETWORK, "the practice network"),
            )
        )
    )


def embedded_settings(data_dir: Path, addresses: Addresses) -> Mapping[str, Any]:
    """Return the settings of the embedded default: short intervals and leases, all files below `data_dir`."""
    return {
        "sandbox_url": addresses.sandbox,
        "evidence_dir": data_dir / "evidence",
        "upload_dir": data_dir / "uploads",
        "metrics_dir": data_dir / "metrics",
        "open_metrics": True,
        "action_time_limit": timedelta(seconds=60),
        "lease": timedelta(seconds=25),
        "dispatch_every": timedelta(seconds=1),
        "settle_time": timedelta(seconds=3),
        "log_format": "json",
        "log_command": LOG_COMMAND,
    }


def sandbox(stack: Stack, addresses: Addresses) -> Service:
    """Return the service of the practice network."""
    return Service(
        "sandbox",
        _rapport_command(
            "sandbox",
            "--port",
            str(_port_of(addresses.sandbox)),
            "--state",
            str(stack.data_dir / "sandbox.sqlite3"),
        ),
        process=Process.SANDBOX,
        env={"RAPPORT_SANDBOX_KEY": stack.secrets.sandbox_key.get_secret_value()},
        ready=check_http(_port_of(addresses.sandbox), "/_sandbox/health"),
    )


def rapport_services(stack: Stack, addresses: Addresses, *, browser_workers: int) -> list[Service]:
    """Return beat, the workers, the notifier, the HTTP process and, if it is installed, Flower.

    Ready: servers answer, and workers consume.
    """
    browsers = [f"browser{number}" for number in range(1, browser_workers + 1)]
    consuming = _WorkerReadiness(stack.redis_url)
    return [
        Service(
            "control",
            _rapport_command("worker", "control", "--name", "control"),
            process=Process.CONTROL_WORKER,
            ready=consuming.by("control"),
        ),
        *(
            Service(
                name,
                _rapport_command("worker", "browser", "--name", name),
                process=Process.BROWSER_WORKER,
                ready=consuming.by(name),
            )
            for name in browsers
        ),
        Service("beat", _rapport_command("beat"), process=Process.BEAT),
        Service("notifier", _rapport_command("notifier"), process=Process.NOTIFIER, essential=False),
        Service(
            "api",
            _rapport_command("api", "--port", str(_port_of(addresses.api))),
            process=Process.API,
            env={"RAPPORT_FLOWER_URL": addresses.flower} if is_installed(Extra.MONITORING) else {},
            ready=check_http(_port_of(addresses.api), "/health"),
        ),
        *_flower(stack, addresses),
    ]


def _flower(stack: Stack, addresses: Addresses) -> Iterator[Service]:
    """Yield Flower's service, if Flower is installed."""
    if is_installed(Extra.MONITORING):
        flower_auth = f"{FLOWER_USER}:{stack.secrets.flower_password.get_secret_value()}"
        yield Service(
            "flower",
            _rapport_command(
                "flower",
                "--port",
                str(_port_of(addresses.flower)),
                "--state",
                str(stack.data_dir / "flower" / "state"),
            ),
            process=Process.FLOWER,
            env={"RAPPORT_FLOWER_AUTH": flower_auth},
            essential=False,
            ready=check_http(_port_of(addresses.flower), "/healthcheck"),
        )


class _WorkerReadiness:
    """Checks whether a worker has begun to consume since this object was created, by Redis' clock."""

    def __init__(self, redis_url: str) -> None:
        self._redis_at = redis_address.parse(redis_url)
        self._since = queues.take_snapshot_at(self._redis_at).at

    def by(self, name: str) -> Callable[[], bool]:
        def ready() -> bool:
            consumers = queues.take_snapshot_at(self._redis_at).consumers
            return any(
                worker.partition("@")[0] == name and consumer.is_consuming and consumer.at > self._since
                for worker, consumer in consumers.items()
            )

        return ready


def _rapport_command(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "api_stub.cli", *arguments)


def _port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


@contextmanager
def run_rapport_stack(
    data_dir: Path,
    *,
    migrate: Callable[[str], object],
    browser_workers: int,
    on_step: Callable[[str], object],
    hasty: bool = False,
) -> Iterator[tuple[Stack, Addresses, Sequence[Service]]]:
    """Run all processes of the embedded default, and stop them at the end of the block.

    The block begins when all are ready. With `hasty` it begins when the practice network answers, while the
    workers of a campaign's first action start; the third value are the services that the caller starts later.
    """
    reserved = ExitStack()
    addresses = choose_addresses(reserved, on_step)
    stack = Stack(
        data_dir,
        settings=embedded_settings(data_dir, addresses),
        ports=(
            choose_port(Ports.POSTGRES, "Postgres", on_step, reserved),
            choose_port(Ports.REDIS, "Redis", on_step, reserved),
        ),
        on_step=on_step,
    )
    with reserved, stack:
        network = sandbox(stack, addresses)
        stack.launch(network)  # it needs no database
        on_step("bringing the tables up to date")
        migrate(stack.owner_url)
        _void_leases(stack.database_url)
        services = rapport_services(stack, addresses, browser_workers=browser_workers)
        first = [service for service in services if service.name in _FIRST] if hasty else services
        stack.launch(*first)
        stack.wait_until_ready(network, *([] if hasty else first))
        later = [service for service in services if service not in first]
        write_environment(data_dir, stack.environment)
        try:
            yield stack, addresses, later
        finally:
            remove_environment(data_dir)


def _void_leases(database_url: str) -> None:
    # Imported while the practice network starts: these modules take longer than all others here.
    from db.engine import Database  # noqa: PLC0415
    from db.store.actions import leases  # noqa: PLC0415

    # No worker runs on this data folder now, so their leases needn't expire first.
    database = Database(database_url, application_name="rapport stack")
    with database.transaction() as session:
        leases.void_leases(session)
    database.close()
