"""Start Postgres, Redis and Rapport's processes in order, and stop them in reverse, whatever happens."""

import atexit
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from api_stub.stack.environment import inherited_environment, settings_environment
from api_stub.stack.environment_file import remove_environment
from api_stub.stack.errors import StackError
from api_stub.stack.interrupts import Interrupts
from api_stub.stack.lock import FolderLock, LockHolder, Purpose
from api_stub.stack.private_files import close_to_others
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.secrets import StackSecrets, load_secrets
from api_stub.stack.servers.embedded_server import EmbeddedServer
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.redis import Redis
from worker.clock import monotonic_seconds
from worker.processes import Process, unused_secret_variables

_STOP_TIMEOUT: Final = timedelta(seconds=10)
"""For all services together. With Redis' 3 s and Postgres' 8 s, a stop takes at most about 20 s."""


@dataclass(frozen=True, slots=True)
class Service:
    """One process of Rapport. `env` is added to the variables that the stack gives it.

    It gets only the secrets that `process` uses, and none if that is None. Without an `essential` service the
    others do their work, so the stack goes on if that one can't be kept running.
    """

    name: str
    argv: tuple[str | PathLike[str], ...]
    process: Process | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    cwd: Path | None = None
    grace: timedelta = timedelta(seconds=8)
    ready_within: timedelta = timedelta(seconds=60)
    essential: bool = True


class Stack:
    """Postgres, Redis and Rapport's processes on one data folder.

    Everything runs within the `with` block, and nothing runs after it, also if Ctrl-C or SIGTERM (both arrive
    as KeyboardInterrupt) ends the block or interrupts the start. A second Ctrl-C during the stop is ignored.
    If a stack was killed, the next start kills the processes that it left.

    With a `database_url` or `redis_url`, that server is used and none is started. `settings` are fields of
    worker.settings.Settings; they override the environment and the keys of this folder. `on_notice` is called
    for unusual steps. `purpose` is what others are told who find the data folder in use. `ports` are those of
    Postgres and Redis, if they are free; 0 is any free one.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        database_url: str | None = None,
        redis_url: str | None = None,
        settings: Mapping[str, Any] | None = None,
        migrate: Callable[[str], object] | None = None,
        durable: bool = True,
        ports: tuple[int, int] = (0, 0),
        on_step: Callable[[str], object] = lambda _text: None,
        on_notice: Callable[[str], object] | None = None,
        purpose: Purpose = Purpose.STACK,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._given_database_url = database_url
        self._given_redis_url = redis_url
        self._settings = dict(settings or {})
        self._migrate = migrate
        self._durable = durable
        self._ports = ports
        self._on_step = on_step
        self._on_notice = on_notice or on_step
        self._interrupts = Interrupts()
        self._exit = ExitStack()
        self._table = ProcessTable(self.data_dir, self._interrupts, continue_logs=True)
        self._purpose = purpose
        self._lock = FolderLock(self.data_dir, purpose)
        self._secrets: StackSecrets | None = None
        self._servers: dict[str, EmbeddedServer] = {}
        self._services: dict[str, Service] = {}
        self._children: dict[str, Child] = {}
        self._batch: list[Service] = []
        self._stop_deadline = 0.0
        self._database_url = self._owner_url = ""
        self._redis_url = ""

    def __enter__(self) -> Self:
        atexit.register(self._stop)  # for an interrupt just before the first line of __exit__
        self._interrupts.install()
        try:
            self._start()
            return self  # noqa: TRY300 - an interrupt just before this return must find the clean-up
        except BaseException:
            self._stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def database_url(self) -> str:
        """The address of Postgres for processes and commands, with the password."""
        return self._database_url

    @property
    def owner_url(self) -> str:
        """The address of Postgres for migrations: as the owner of the embedded database."""
        return self._owner_url or self._database_url

    @property
    def redis_url(self) -> str:
        """The address of Redis, with the password."""
        return self._redis_url

    @property
    def secrets(self) -> StackSecrets:
        """The keys and passwords of this folder. Raises StackError outside the `with` block."""
        if self._secrets is None:
            raise StackError("the stack is not started")
        return self._secrets

    @property
    def children(self) -> Mapping[str, Child]:
        """The child processes that should run, by name: servers first."""
        return dict(self._children)

    @property
    def services(self) -> Mapping[str, Service]:
        """The started services by name."""
        return dict(self._services)

    @property
    def environment(self) -> dict[str, str]:
        """The variables for commands in another terminal: a few inherited ones, addresses, keys, settings.

        A service gets fewer: see `service_environment`.
        """
        keys = {
            "secret_keys": self.secrets.secret_key,
            "notice_keys": self.secrets.notice_key,
            "console_keys": self.secrets.console_key,
            "api_key": self.secrets.api_key,
        }
        urls = {"database_url": self._database_url, "redis_url": self._redis_url}
        return {
            **settings_environment(keys),
            **inherited_environment(also=settings_environment(keys).keys()),
            **settings_environment({**self._settings, **urls}),
        }

    def service_environment(self, service: Service) -> dict[str, str]:
        """Return the variables of a service: the settings, and only the secrets that it uses."""
        hidden = unused_secret_variables(service.process)
        shared = {name: value for name, value in self.environment.items() if name not in hidden}
        return {**shared, **service.env}

    def start(self, *services: Service) -> None:
        """Launch services and wait until all are ready. Raises as `wait_until_ready`."""
        self.launch(*services)
        self.wait_until_ready(*services)

    def launch(self, *services: Service) -> None:
        """Start services, which may not be ready yet. They stop together, before earlier ones."""
        self._batch = list(services)
        self._exit.callback(self._stop_batch, self._batch)
        for service in services:
            self._on_step(f"starting {service.name}")
            self._launch(service)

    def launch_later(self, *services: Service) -> None:
        """Start more services, without announcing them. They stop together with those launched before."""
        self._batch.extend(services)
        for service in services:
            self._launch(service)

    def wait_until_ready(self, *services: Service) -> None:
        """Wait until launched services are ready.

        Raises ChildDiedError or StackError, with the tail of the log, if one doesn't become ready.
        """
        for service in services:
            child = self._children[service.name]
            child.wait_until(service.ready or child.alive, service.ready_within)

    def restart(self, name: str) -> None:
        """Start a process again that ended by itself.

        Waits until a server is ready, but not for a service. Raises StackError if it can't be started.
        """
        if name in self._servers:
            try:
                self._servers[name].restart()
            finally:
                self._add_server(self._servers[name])
            return
        self._table.forget(self._children[name])
        self._launch(self._services[name])

    def _launch(self, service: Service) -> None:
        self._services[service.name] = service
        self._table.start(
            service.name,
            service.argv,
            self.service_environment(service),
            on_started=partial(self._children.__setitem__, service.name),
            cwd=service.cwd,
        )

    def run(self, service: Service) -> None:
        """Start a program that ends by itself, and wait until it has succeeded.

        Raises StackError, with the tail of its log, if it fails or takes longer than `ready_within`.
        """
        child = self._table.start(
            service.name, service.argv, self.service_environment(service), cwd=service.cwd
        )
        try:
            code = child.wait(service.ready_within)
        finally:
            with self._interrupts.deferred():
                child.stop(timedelta(0))
                self._table.forget(child)
        if code:
            raise StackError(f"{service.name} failed:\n{child.tail(5)}")

    def stop(self, name: str) -> None:
        """Stop one service, which may have ended already. It can be started again."""
        child = self._children.pop(name)
        child.stop(_STOP_TIMEOUT)
        self._table.forget(child)

    def check(self) -> None:
        """Raise ChildDiedError, with the tail of its log, if any process that should run does not."""
        for child in self._children.values():
            child.check()

    def _start(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._exit.callback(self._lock.release)
        self._lock.acquire(self._say_waiting)
        remove_environment(self.data_dir)  # of a stack that was killed
        if self._purpose is Purpose.STACK:
            self._table.rotate_logs()
        self._exit.callback(self._table.kill_leftovers, timedelta(0))
        ended = self._table.kill_leftovers()
        if ended:
            self._on_notice(f"ended {ended} processes that an earlier run had left")
        close_to_others(self.data_dir)
        self._secrets = load_secrets(self.data_dir)
        postgres_port, redis_port = self._ports
        is_new = not (self.data_dir / "postgres").exists()
        self._database_url = self._given_database_url or ""
        if not self._database_url:
            postgres = Postgres(self.data_dir, table=self._table, durable=self._durable, port=postgres_port)
            self._start_server("Postgres", postgres)
            self._database_url, self._owner_url = postgres.app_url, postgres.url
        if is_new and (link := self.data_dir / "postgres").is_symlink():
            self._on_step(
                f"as root, the database's files are in {link.resolve()}; `rapport destroy` removes them"
            )
        self._redis_url = self._given_redis_url or ""
        if not self._redis_url:
            redis = Redis(self.data_dir, table=self._table, port=redis_port)
            self._start_server("Redis", redis)
            self._redis_url = redis.url
        if self._migrate is not None:
            self._on_step("bringing the tables up to date")
            self._migrate(self.owner_url)

    def _start_server(self, name: str, server: EmbeddedServer) -> None:
        self._on_step(f"starting {name}")
        self._exit.callback(server.stop)
        server.start()
        self._add_server(server)

    def _add_server(self, server: EmbeddedServer) -> None:
        if server.child is not None:
            self._children[server.child.name] = server.child
            self._servers[server.child.name] = server

    def _say_waiting(self, holder: LockHolder) -> None:
        self._on_notice(f"waiting for another command that uses the database (pid {holder.pid})")

    def _stop_batch(self, services: Sequence[Service]) -> None:
        began = monotonic_seconds()
        batch = [
            (service, self._children[service.name]) for service in services if service.name in self._children
        ]
        for _, child in batch:
            child.request_stop()
        for service, child in batch:
            deadline = min(began + service.grace.total_seconds(), self._stop_deadline)
            child.stop(timedelta(seconds=max(0.0, deadline - monotonic_seconds())))

    def _stop(self) -> None:
        self._interrupts.ignore()
        self._stop_deadline = monotonic_seconds() + _STOP_TIMEOUT.total_seconds()
        if self._children:
            self._exit.callback(self._on_step, "stopping everything")
        try:
            self._exit.close()
        finally:
            self._children.clear()
            self._interrupts.restore()
            atexit.unregister(self._stop)
