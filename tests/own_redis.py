"""Redis servers with a configuration of their own: a Unix socket, access lists, replicas, Sentinels."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import redis

from api_stub.stack.servers.ports import find_free_port
from api_stub.stack.servers.redis_program import find_server
from tests.cluster import wait_for
from tests.tls import Certificate

PASSWORD = "redis-secret"
SENTINEL_PASSWORD = "sentinel-secret"
SERVICE = "rapport-main"
DEBIAN_REDIS = shutil.which("redis-server")
"""A server with TLS; the one of the wheel is built without it."""


@dataclass
class RedisProcess:
    """A server that can be killed and started again with its data."""

    folder: Path
    port: int
    config: str
    arguments: Sequence[str] = ()
    password: str = PASSWORD
    tls: Certificate | None = None
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.folder.mkdir(exist_ok=True)
        file = self.folder / "redis.conf"
        if not file.exists():  # a Sentinel writes its state there
            own = f'{self._listen()}\nbind 127.0.0.1\ndir "{self.folder}"\nsave ""\nset-proc-title no\n'
            file.write_text(f"{own}requirepass {self.password}\n{self.config}\n")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(DEBIAN_REDIS if self.tls else find_server()), str(file), *self.arguments],
                stdout=log,
                stderr=log,
            )
        wait_for("Redis", self._answers)

    def stop(self) -> None:
        """Kill it, as a machine that fails would."""
        self.process.kill()
        self.process.wait()

    def client(self) -> redis.Redis:
        """Return a client of the default user."""
        return redis.Redis(
            host="127.0.0.1", port=self.port, password=self.password, decode_responses=True,
            ssl=self.tls is not None, ssl_ca_certs=str(self.tls.file) if self.tls else None,
        )  # fmt: skip

    def _listen(self) -> str:
        if self.tls is None:
            return f"port {self.port}"
        files = (
            f"tls-cert-file {self.tls.file}\ntls-key-file {self.tls.key}\ntls-ca-cert-file {self.tls.file}"
        )
        return f"port 0\ntls-port {self.port}\ntls-auth-clients no\ntls-replication yes\n{files}"

    def _answers(self) -> bool:
        with self.client() as client, suppress(redis.ConnectionError):
            return bool(client.ping())
        return False


@contextmanager
def own_redis(folder: Path, config: str = "") -> Iterator[RedisProcess]:
    """Run a server with this configuration, besides a port and a password."""
    server = RedisProcess(folder, find_free_port(), config)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@dataclass
class Watched:
    """A master, its replica and the address of two Sentinels, of which one runs."""

    master: RedisProcess
    replica: RedisProcess
    sentinel: RedisProcess
    url: str

    def fail_over(self) -> None:
        """Kill the master, and wait until the replica has taken over."""
        self.master.stop()
        with self.replica.client() as client:
            wait_for("the failover", lambda: client.role()[0] == "master")


@contextmanager
def watched_redis(folder: Path, database: int = 0) -> Iterator[Watched]:
    """Run a master, a replica and a Sentinel with a password of its own."""
    with ExitStack() as running:
        master = running.enter_context(own_redis(folder / "master", f"masterauth {PASSWORD}"))
        copy = f"replicaof 127.0.0.1 {master.port}\nmasterauth {PASSWORD}\nrepl-diskless-sync-delay 0"
        replica = running.enter_context(own_redis(folder / "replica", copy))
        watch = (
            f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} 1\nsentinel auth-pass {SERVICE} {PASSWORD}\n"
            f"sentinel down-after-milliseconds {SERVICE} 300\nsentinel failover-timeout {SERVICE} 3000"
        )
        sentinel = RedisProcess(
            folder / "sentinel", find_free_port(), watch, ["--sentinel"], SENTINEL_PASSWORD
        )
        sentinel.start()
        running.callback(sentinel.stop)
        with sentinel.client() as asked:
            wait_for("a replica", lambda: len(asked.sentinel_slaves(SERVICE)) == 1)
        with replica.client() as copied:
            wait_for("the copy", lambda: copied.info("replication")["master_link_status"] == "up")
        hosts = f"127.0.0.1:{find_free_port()},127.0.0.1:{sentinel.port}"  # nobody answers at the first
        yield Watched(
            master,
            replica,
            sentinel,
            f"sentinel://:{PASSWORD}@{hosts}/{SERVICE}/{database}?sentinel_password={SENTINEL_PASSWORD}",
        )
