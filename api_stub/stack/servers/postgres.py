"""The embedded Postgres: a server of this machine, or the wheel's, as a child process."""

import shutil
import signal
from datetime import timedelta
from pathlib import Path
from typing import Final

import psutil
import psycopg
from psycopg import sql

from api_stub.stack.environment import inherited_environment
from api_stub.stack.errors import DataLostError, StackError
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.secrets import load_secrets, write_private_file
from api_stub.stack.servers.embedded_server import EmbeddedServer
from api_stub.stack.servers.ports import LOOPBACK
from api_stub.stack.servers.postgres_programs import find_programs
from api_stub.stack.servers.unprivileged import (
    find_server_identity,
    prepare_cluster_folder,
    remove_cluster,
)
from db.role_names import APP, READER

USER: Final = "rapport"
DATABASE: Final = "rapport"

_OPTIONS: Final = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] ",
    "log_error_verbosity": "terse",  # else errors quote the refused row, with names and texts
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_NOT_DURABLE: Final = {"fsync": "off", "full_page_writes": "off"}


class Postgres(EmbeddedServer):
    """The Postgres server of one data folder.

    With `durable`, commits survive a power cut. Tests pass `durable=False`, which is faster; then commits
    survive a kill of the server, but not a crash of the machine.
    """

    START_TIMEOUT = timedelta(seconds=60)  # after a crash there may be much to replay
    STOP_GRACE = timedelta(seconds=4)
    PORT_TAKEN = "could not create any TCP/IP sockets"

    def __init__(
        self, data_dir: Path, *, table: ProcessTable | None = None, durable: bool = True, port: int = 0
    ) -> None:
        super().__init__(data_dir, table, port)
        self._durable = durable
        secrets = load_secrets(self._data_dir)
        self._password = secrets.postgres_password.get_secret_value()
        self._app_password = secrets.app_password.get_secret_value()
        self._identity = find_server_identity()
        self._link = self._data_dir / "postgres"

    @property
    def url(self) -> str:
        """The address of Rapport's database, as its owner. Valid from start to stop."""
        return self.database_url_of(DATABASE)

    @property
    def app_url(self) -> str:
        """The address of Rapport's database for its processes, whose role has the least rights."""
        return f"postgresql://{APP}:{self._app_password}@{LOOPBACK}:{self._port}/{DATABASE}"

    def database_url_of(self, database: str) -> str:
        """Return the address of a database on this server."""
        return f"postgresql://{USER}:{self._password}@{LOOPBACK}:{self._port}/{database}"

    def start(self) -> None:
        """Create the cluster if there is none, start the server, and return when the database can be used."""
        home = prepare_cluster_folder(self._link, self._identity, durable=self._durable)
        cluster = home / "data"
        programs = find_programs(cluster, self._identity)
        if not cluster.exists():
            self._initialise(programs / "initdb", cluster)
        _remove_stale_pid_file(cluster)
        self._start_on_free_port(lambda port: self._launch(programs / "postgres", cluster, port))
        self.create_database(DATABASE)
        self._create_roles()

    def _create_roles(self) -> None:
        """Create the roles that are missing, and let the processes' role log in with its password."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            known = {str(name) for (name,) in connection.execute("select rolname from pg_roles")}
            for role in {APP, READER} - known:
                connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
            login = sql.SQL("alter role {} login password {}")
            connection.execute(login.format(sql.Identifier(APP), sql.Literal(self._app_password)))

    def create_database(self, name: str) -> str:
        """Create the database if it doesn't exist; return its address."""
        with psycopg.connect(self.database_url_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if known.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.database_url_of(name)

    def remove_data(self) -> None:
        """Delete all data of this server. For tests; the server must be stopped."""
        remove_cluster(self._link)

    def _prepare_restart(self) -> None:
        cluster = self._link / "data"
        if not (cluster / "PG_VERSION").exists():  # never an empty one for processes that work on this one
            raise DataLostError(f"the database's files are missing: {cluster}")
        _remove_stale_pid_file(cluster.resolve())

    def _initialise(self, initdb: Path, cluster: Path) -> None:
        # In another folder first, so that an interrupted initdb is not taken for a cluster.
        draft, passwords = cluster.with_name("draft"), cluster.with_name("password")
        shutil.rmtree(draft, ignore_errors=True)
        write_private_file(passwords, self._password)
        self._identity.chown(passwords)
        try:
            child = self._table.start(
                "initdb",
                [
                    initdb, f"--pgdata={draft}", f"--username={USER}", f"--pwfile={passwords}",
                    "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale",
                    # Byte order, the same on every system, but with lower('É') = 'é'.
                    "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                    *([] if self._durable else ["--no-sync"]),
                ],
                inherited_environment(),
                on_started=self._set_child,
                cwd=cluster.parent,
                identity=self._identity,
            )  # fmt: skip
            if child.wait(self.START_TIMEOUT) != 0:
                raise StackError(
                    f"the database could not be created. Log of initdb, {child.log}:\n{child.tail()}"
                )
            self._table.forget(child)
        finally:
            passwords.unlink(missing_ok=True)
        draft.rename(cluster)

    def _launch(self, postgres: Path, cluster: Path, port: int) -> Child:
        options = {**_OPTIONS, "port": str(port), **({} if self._durable else _NOT_DURABLE)}
        return self._table.start(
            "postgres",
            [
                postgres,
                "-D",
                cluster,
                *(part for name in options for part in ("-c", f"{name}={options[name]}")),
            ],
            inherited_environment(),
            on_started=self._set_child,
            stop_signals=(signal.SIGINT, signal.SIGQUIT),
            cwd=cluster.parent,
            identity=self._identity,
        )

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self.database_url_of("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StackError(
                    f"the password in {self._data_dir / 'secrets.json'} does not match the database beside "
                    "it. Restore the secrets.json that was made with it, or move the data folder away."
                ) from None
            return False
        return True


def _remove_stale_pid_file(cluster: Path) -> None:
    """Remove the pid file of a killed server if another process has its id now.

    Postgres itself only checks whether the id is in use, and in a container small ids are reused.
    """
    file = cluster / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n", 1)[0])
        arguments = psutil.Process(pid).cmdline()
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return
    except psutil.AccessDenied:
        arguments = []
    if str(cluster) not in arguments:
        file.unlink(missing_ok=True)
