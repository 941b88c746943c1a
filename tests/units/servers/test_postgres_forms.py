"""DATABASE_URL with TLS, a socket's folder, and several hosts of which one is a standby: real servers."""

import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api_stub.checks.servers import check_postgres
from api_stub.stack.servers import postgres
from api_stub.stack.servers.ports import find_free_port
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.unprivileged import find_server_identity
from db.engine import Database
from tests.cluster import wait_for
from tests.conftest import migrated_cluster
from tests.servers import Servers, copy_cluster
from tests.tls import PostgresTlsProxy, certificate
from worker.servers import postgres_address

BY_ADDRESS = "postgresql://{user}:{password}@{host}:{port}/{dbname}?sslmode={mode}&sslrootcert={authority}"
BY_VALUES = "host={host} port={port} dbname={dbname} user={user} password={password} sslmode={mode}"

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


class Standby(Postgres):
    """A server that takes no changes, not even those with which an embedded one starts."""

    def _create_roles(self) -> None: ...


def parts_of(url: str) -> dict[str, str]:
    return {name: str(value) for name, value in conninfo_to_dict(url).items()}


@pytest.fixture
def encrypted(servers: Servers, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """The parts of the address of a server with TLS, with the file of its `authority` and of `another`."""
    own, another = (certificate(tmp_path, name, for_loopback=True) for name in ("own", "another"))
    with PostgresTlsProxy(servers.postgres_url, own) as proxy:
        files = {"authority": str(own.file), "another": str(another.file)}
        yield {**parts_of(servers.postgres_url), "port": str(proxy.port), **files}


@pytest.fixture(scope="module")
def standby() -> Iterator[tuple[Mapping[str, str], Path]]:
    """The parts of the address of a standby, and the folder of its socket."""
    with ExitStack() as stack:
        # Not pytest's folder: only its owner may enter that, and under root Postgres is another user. And the
        # path of a socket must be short.
        data, sockets = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rapport-tests-", dir=folder)))
            for folder in (None, "/tmp")
        )
        copy_cluster(migrated_cluster(), data)
        signal_file = data / "postgres" / "data" / "standby.signal"
        signal_file.touch()
        for path in (sockets, signal_file):
            find_server_identity().chown(path)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setitem(postgres._OPTIONS, "unix_socket_directories", str(sockets))
        with Standby(data, durable=False) as started:
            yield parts_of(started.url), sockets
        started.remove_data()


def ask(address: str, question: str = "select 1") -> object:
    """Return the answer of the server that the address leads to."""
    postgres_address.check(address)
    with closing(Database(address, application_name="tests")) as database, database.transaction() as session:
        return session.scalar(text(question))


@pytest.mark.parametrize("form", [BY_ADDRESS, BY_VALUES + " sslrootcert={authority}"])
def test_a_server_of_the_named_authority_is_used(encrypted: Mapping[str, str], form: str) -> None:
    assert ask(form.format_map({**encrypted, "mode": "verify-full"})) == 1


def assert_refused(address: str, words: str, *, says: str, advises: str) -> None:
    """Assert that the server is not used, and that the doctor says why and what to do."""
    with pytest.raises(OperationalError, match=words):
        ask(address)
    with closing(Database(address, application_name="tests")) as database:
        found = check_postgres(database)
    assert not found.ok
    assert says in found.detail
    assert advises in found.advice


@pytest.mark.parametrize("authority", ["another", "system"])
def test_a_server_of_another_authority_is_refused(encrypted: Mapping[str, str], authority: str) -> None:
    named = encrypted.get(authority, authority)
    assert_refused(
        BY_ADDRESS.format_map({**encrypted, "mode": "verify-full", "authority": named}),
        "certificate verify failed", says="no authority that is trusted here", advises="sslrootcert",
    )  # fmt: skip


def test_the_name_of_the_server_is_verified_only_if_that_is_asked_for(encrypted: Mapping[str, str]) -> None:
    named = {**encrypted, "host": "localhost"}  # the certificate is for 127.0.0.1
    assert ask(BY_ADDRESS.format_map({**named, "mode": "verify-ca"})) == 1
    assert_refused(
        BY_ADDRESS.format_map({**named, "mode": "verify-full"}),
        "does not match host name", says="another host name", advises="name the host in DATABASE_URL",
    )  # fmt: skip


def test_a_file_that_is_no_certificate_is_named(encrypted: Mapping[str, str]) -> None:
    wrong = Path(encrypted["authority"]).with_name("wrong.pem")
    wrong.write_text("no certificate")
    assert_refused(
        BY_ADDRESS.format_map({**encrypted, "mode": "verify-full", "authority": str(wrong)}),
        "root certificate file", says="sslrootcert is no certificate", advises="PEM",
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["require", "verify-full"])
def test_a_server_without_tls_is_not_used_where_tls_is_asked_for(
    servers: Servers, encrypted: Mapping[str, str], mode: str
) -> None:
    plain = {**encrypted, "port": parts_of(servers.postgres_url)["port"], "mode": mode}
    assert_refused(
        BY_ADDRESS.format_map(plain), "does not support SSL", says="doesn't speak TLS", advises="ssl = on"
    )


@pytest.mark.soak
@pytest.mark.skipif(
    not DEBIAN, reason="needs a Postgres with TLS, which the wheel's isn't (Debian: postgresql)"
)
def test_a_server_that_speaks_tls_itself_is_used() -> None:
    identity, port = find_server_identity(), find_free_port()
    with tempfile.TemporaryDirectory(prefix="rapport-tests-") as place:
        folder = Path(place)
        own = certificate(folder, "own", for_loopback=True)
        other = certificate(folder, "other", for_loopback=True)
        password = folder / "password"
        password.write_text("secret")
        for path in (folder, own.file, own.key, password):
            identity.chown(path)
        own.key.chmod(0o600)
        data = folder / "data"
        for_user = {"cwd": folder, "env": {}, **identity.popen_arguments()}
        made = f"{DEBIAN[-1].with_name('initdb')} --pgdata={data} --username=rapport --pwfile={password}"
        made += " --auth=scram-sha-256 --encoding=UTF8 --no-sync"
        subprocess.run(made.split(), check=True, capture_output=True, **for_user)
        options = {
            "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder,
            "ssl": "on", "ssl_cert_file": own.file, "ssl_key_file": own.key, "fsync": "off",
        }  # fmt: skip
        given = [str(DEBIAN[-1]), "-D", str(data), *(f"--{name}={value}" for name, value in options.items())]
        parts = {
            "user": "rapport",
            "password": "secret",
            "host": "127.0.0.1",
            "port": port,
            "dbname": "postgres",
        }
        address = BY_ADDRESS.format(**parts, mode="verify-full", authority=own.file)
        with subprocess.Popen(given, stderr=subprocess.DEVNULL, **for_user) as server:
            try:
                wait_for("Postgres", lambda: can_connect(address))
                assert ask(address, "select ssl from pg_stat_ssl where pid = pg_backend_pid()") is True
                with pytest.raises(OperationalError, match="certificate verify failed"):
                    ask(BY_ADDRESS.format(**parts, mode="verify-full", authority=other.file))
            finally:
                server.send_signal(signal.SIGINT)


def can_connect(address: str) -> bool:
    with suppress(psycopg.OperationalError):
        psycopg.connect(address).close()
        return True
    return False


@pytest.mark.parametrize(
    "form",
    [
        "postgresql://{user}:{password}@/{dbname}?host={folder}&port={port}",
        "host={folder} port={port} dbname={dbname} user={user} password='{password}'",
    ],
)
def test_a_socket_is_found_in_its_folder(standby: tuple[Mapping[str, str], Path], form: str) -> None:
    parts, folder = standby
    assert ask(form.format(**parts, folder=folder), "select inet_server_addr() is null") is True


@pytest.mark.parametrize("wanted", ["read-write", "primary"])
def test_a_standby_is_passed_over(
    servers: Servers, standby: tuple[Mapping[str, str], Path], tmp_path: Path, wanted: str
) -> None:
    first, second = standby[0], parts_of(servers.postgres_url)
    passwords = tmp_path / "pgpass"
    passwords.touch(mode=0o600)
    passwords.write_text("".join(f"*:{each['port']}:*:*:{each['password']}\n" for each in (first, second)))
    form = f"postgresql://{first['user']}@{{hosts}}/{first['dbname']}?passfile={passwords}"
    alone, both = f"127.0.0.1:{first['port']}", f"127.0.0.1:{first['port']},127.0.0.1:{second['port']}"
    ports = "select inet_server_port()::text"
    assert ask(form.format(hosts=both), ports) == first["port"]
    assert ask(f"{form.format(hosts=both)}&target_session_attrs={wanted}", ports) == second["port"]
    with pytest.raises(OperationalError, match=r"read-only|hot standby"):
        ask(f"{form.format(hosts=alone)}&target_session_attrs={wanted}")
