"""The embedded Redis: a server of this machine, or the wheel's Valkey, as a child process."""

from datetime import timedelta
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from api_stub.stack.environment import inherited_environment
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.secrets import load_secrets, write_private_file
from api_stub.stack.servers.embedded_server import EmbeddedServer
from api_stub.stack.servers.ports import LOOPBACK
from api_stub.stack.servers.redis_program import find_server
from worker.files import make_private_folder


class Redis(EmbeddedServer):
    """The Redis server of one data folder.

    A kill loses at most the last second. When memory is full, it refuses writes and evicts nothing.
    """

    START_TIMEOUT = timedelta(seconds=30)
    STOP_GRACE = timedelta(seconds=3)
    PORT_TAKEN = "Address already in use"

    def __init__(self, data_dir: Path, *, table: ProcessTable | None = None, port: int = 0) -> None:
        super().__init__(data_dir, table, port)
        self._password = load_secrets(self._data_dir).redis_password.get_secret_value()

    @property
    def url(self) -> str:
        """The address of database 0, with the password. Valid from start to stop."""
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"

    def start(self) -> None:
        """Start the server, and return when it has loaded its data and answers."""
        make_private_folder(self._data_dir / "redis")
        self._start_on_free_port(self._launch)

    def _prepare_restart(self) -> None:
        # Redis may lose its data: leases expire, and the quota's counters are rebuilt from Postgres.
        make_private_folder(self._data_dir / "redis")

    def _launch(self, port: int) -> Child:
        # In a file, because every user of the machine can see a process's arguments.
        config = self._data_dir / "redis.conf"
        write_private_file(config, self._config(port))
        return self._table.start(
            "redis",
            [find_server(), config],
            {**inherited_environment(), "TZ": "UTC"},  # for its log
            on_started=self._set_child,
            cwd=self._data_dir,
        )

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

    def _is_ready(self) -> bool:
        try:
            # wait_until repeats the check; retries of the client would only delay it.
            no_retries = Retry(NoBackoff(), 0)
            with redis.Redis.from_url(self.url, socket_timeout=2, retry=no_retries) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _quote(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
