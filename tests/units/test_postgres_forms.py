"""DATABASE_URL with TLS, a socket's folder, and several hosts: real servers, of which one is a standby."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api_stub.checks.servers import check_postgres
from api_stub.stack.servers import postgres
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.unprivileged import find_server_identity
from db.engine import Database
from tests.conftest import migrated_cluster
from tests.servers import copy_cluster
from tests.tls import Certificate, certificate
from worker import postgres_address


@dataclass(frozen=True)
class OwnServer:
    """A server with TLS and a socket in `folder`. `parts` are those of its address."""

    parts: dict[str, str]
    folder: Path
    own: Certificate
    other: Certificate


class Standby(Postgres):
    """A server that takes no changes, not even those with which an embedded one starts."""

    def _create_roles(self) -> None: ...


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    # Not pytest's folder: only its owner may enter that, and under root Postgres is another user.
    with tempfile.TemporaryDirectory(prefix="rapport-tests-") as place, pytest.MonkeyPatch.context() as patch:
        data = Path(place) / "data"
        copy_cluster(migrated_cluster(), data)
        folder = (data / "postgres").resolve()
        own = certificate(folder, "own", for_loopback=True)
        for file in (own.file, own.key):
            file.chmod(0o600)
            find_server_identity().chown(file)
        more = {"ssl": "on", "ssl_cert_file": str(own.file), "ssl_key_file": str(own.key)}
        more["unix_socket_directories"] = str(folder)
        patch.setattr(postgres, "_OPTIONS", {**postgres._OPTIONS, **more})
        with Postgres(data, durable=False) as started:
            parts = {name: str(value) for name, value in conninfo_to_dict(started.url).items()}
            yield OwnServer(parts, folder, own, certificate(Path(place), "other", for_loopback=True))
        started.remove_data()


@pytest.fixture(scope="module")
def standby() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="rapport-tests-") as place:
        data = Path(place) / "data"
        copy_cluster(migrated_cluster(), data)
        signal = data / "postgres" / "data" / "standby.signal"
        signal.touch()
        find_server_identity().chown(signal)
        with Standby(data, durable=False) as started:
            yield started
        started.remove_data()


def ask(address: str, question: str) -> object:
    """Return the answer of the server that the address leads to."""
    postgres_address.check(address)
    with closing(Database(address, application_name="tests")) as database, database.transaction() as session:
        return session.scalar(text(question))


WITH_TLS = [
    "postgresql://{user}:{password}@{host}:{port}/{dbname}?sslmode=verify-full&sslrootcert={authority}",
    "host={host} port={port} dbname={dbname} user={user} password={password} sslrootcert={authority}"
    " sslmode=verify-ca",
]


@pytest.mark.parametrize("form", WITH_TLS)
def test_a_server_with_tls_is_verified_and_used(server: OwnServer, form: str) -> None:
    address = form.format(**server.parts, authority=server.own.file)
    assert ask(address, "select ssl from pg_stat_ssl where pid = pg_backend_pid()") is True


@pytest.mark.parametrize("form", WITH_TLS)
def test_a_server_of_another_authority_is_refused_and_doctor_says_so(server: OwnServer, form: str) -> None:
    address = form.format(**server.parts, authority=server.other.file)
    with pytest.raises(OperationalError, match="certificate verify failed"):
        ask(address, "select 1")
    with closing(Database(address, application_name="tests")) as database:
        found = check_postgres(database)
    assert (found.ok, found.detail) == (False, "OperationalError")
    assert server.parts["password"] not in repr(found)


def test_the_authorities_of_the_system_do_not_know_it(server: OwnServer) -> None:
    with pytest.raises(OperationalError, match="certificate verify failed"):
        ask(WITH_TLS[0].format(**server.parts, authority="system"), "select 1")


def test_a_server_of_another_name_is_refused(server: OwnServer) -> None:
    named = {**server.parts, "host": "localhost"}  # its certificate is for 127.0.0.1
    with pytest.raises(OperationalError, match="does not match host name"):
        ask(WITH_TLS[0].format(**named, authority=server.own.file), "select 1")


@pytest.mark.parametrize(
    "form",
    [
        "postgresql://{user}:{password}@/{dbname}?host={folder}&port={port}",
        "host={folder} port={port} dbname={dbname} user={user} password='{password}'",
    ],
)
def test_a_socket_is_found_in_its_folder(server: OwnServer, form: str) -> None:
    address = form.format(**server.parts, folder=server.folder)
    assert ask(address, "select inet_server_addr() is null") is True


@pytest.mark.parametrize("wanted", ["read-write", "primary"])
def test_of_several_hosts_the_one_that_takes_writes_is_used(
    server: OwnServer, standby: Postgres, wanted: str
) -> None:
    second = conninfo_to_dict(standby.url)["port"]
    form = "postgresql://{user}:{password}@{hosts}/{dbname}?target_session_attrs={wanted}"
    both = f"127.0.0.1:{second},127.0.0.1:{server.parts['port']}"
    address = form.format(**server.parts, hosts=both, wanted=wanted)
    assert ask(address, "select inet_server_port()") == int(server.parts["port"])
    with pytest.raises(OperationalError, match=r"read-only|recovery"):
        ask(form.format(**server.parts, hosts=f"127.0.0.1:{second}", wanted=wanted), "select 1")
