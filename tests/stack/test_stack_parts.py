import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import pytest
from pydantic import SecretStr

from api_stub.stack.environment import inherited_environment, settings_environment
from api_stub.stack.environment_file import read_environment, write_environment
from api_stub.stack.errors import AlreadyRunningError, ChildDiedError, StackError
from api_stub.stack.interrupts import Interrupts
from api_stub.stack.lock import FolderLock, LockHolder, Purpose, read_holder
from api_stub.stack.processes import ProcessTable
from api_stub.stack.secrets import load_secrets
from api_stub.stack.servers.ports import check_http, check_tcp, choose_port, find_free_port
from api_stub.stack.services import Ports
from tests.cluster import wait_for
from worker.secrets import Vault
from worker.settings import SECRET_FIELDS, Settings, variable_name


def test_secrets_are_made_once_and_shown_to_nobody(tmp_path: Path) -> None:
    first = load_secrets(tmp_path)
    assert load_secrets(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert first.api_key.get_secret_value() not in repr(first)
    Vault(first.secret_key)  # raises if it is not a key


def test_a_secret_of_a_later_version_is_added_and_the_others_kept(tmp_path: Path) -> None:
    first = load_secrets(tmp_path)
    path = tmp_path / "secrets.json"
    stored = json.loads(path.read_text())
    del stored["sandbox_key"]
    path.write_text(json.dumps({**stored, "from_the_future": "x"}))
    second = load_secrets(tmp_path)
    assert second.secret_key == first.secret_key
    assert second.sandbox_key.get_secret_value()
    assert json.loads(path.read_text())["from_the_future"] == "x"


@pytest.mark.parametrize("text", ["{", "[]"])
def test_broken_secrets_are_not_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets.json").write_text(text)
    with pytest.raises(StackError, match="restore it"):
        load_secrets(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == text


def test_a_second_stack_is_told_who_runs(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()
    with pytest.raises(AlreadyRunningError, match=rf"already running here \(pid {os.getpid()}\)"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_start_waits_for_a_command_that_has_the_folder(tmp_path: Path) -> None:
    command, stack = FolderLock(tmp_path, Purpose.COMMAND), FolderLock(tmp_path)
    command.acquire()

    def end(holder: LockHolder) -> None:
        assert (holder.pid, holder.purpose) == (os.getpid(), Purpose.COMMAND)
        command.release()

    stack.acquire(end)
    assert read_holder(tmp_path) is not None
    stack.release()
    assert read_holder(tmp_path) is None


def test_the_environment_of_a_stack_counts_only_while_it_runs(tmp_path: Path) -> None:
    write_environment(tmp_path, {"DATABASE_URL": "postgresql://here", "OTHER": "not ours"})
    assert read_environment(tmp_path) == {}
    for purpose, found in ((Purpose.COMMAND, {}), (Purpose.STACK, {"DATABASE_URL": "postgresql://here"})):
        lock = FolderLock(tmp_path, purpose)
        lock.acquire()
        assert read_environment(tmp_path) == found
        lock.release()


def test_children_inherit_no_token_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_CLOUD_TOKEN", "x")
    monkeypatch.setenv("RAPPORT_LOG_LEVEL", "DEBUG")
    secrets = {variable_name(name) for name in SECRET_FIELDS}
    for name in secrets:
        monkeypatch.setenv(name, "x")
    inherited = inherited_environment()
    assert "SOME_CLOUD_TOKEN" not in inherited
    assert not secrets & inherited.keys()
    assert inherited["RAPPORT_LOG_LEVEL"] == "DEBUG"
    assert inherited["PATH"]


def test_settings_come_back_as_they_went_out(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "database_url": "postgresql://h/d",
        "redis_url": SecretStr("redis://h"),
        "secret_keys": SecretStr("k"),
        "browser_timeout": timedelta(seconds=2.5),
        "headless": False,
        "evidence_dir": Path("some where"),
        "evidence_days": 3,
        "sandbox_url": None,
    }
    for name, value in settings_environment(values).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.required("database_url").get_secret_value() == "postgresql://h/d"
    assert settings.required("redis_url").get_secret_value() == "redis://h"
    assert settings.browser_timeout == timedelta(seconds=2.5)
    assert (settings.headless, settings.evidence_dir, settings.evidence_days) == (
        False,
        Path("some where"),
        3,
    )
    assert settings.sandbox_url is None


def test_a_setting_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        settings_environment({"headles": True})


def test_an_interrupt_waits_for_the_end_of_what_must_not_be_torn_and_is_not_lost() -> None:
    interrupts = Interrupts()
    before = signal.getsignal(signal.SIGTERM)
    hangup = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
    interrupts.install()
    done = False

    def tell_us_and_go_on() -> None:
        nonlocal done
        with interrupts.deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            done = True

    try:
        with pytest.raises(KeyboardInterrupt):
            tell_us_and_go_on()
        assert done
        with suppress(KeyboardInterrupt):  # as a library may
            os.kill(os.getpid(), signal.SIGHUP)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt), interrupts.deferred():
                pass
        interrupts.ignore()
        os.kill(os.getpid(), signal.SIGINT)
        with interrupts.deferred():
            pass
    finally:
        interrupts.restore()
        signal.signal(signal.SIGHUP, hangup)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("line", range(1, 21))
def test_an_interrupt_while_a_child_is_looked_at_leaves_its_end_to_be_seen(tmp_path: Path, line: int) -> None:
    interrupts, former = Interrupts(), sys.gettrace()
    interrupts.install()
    try:
        child = ProcessTable(tmp_path, interrupts).start("slow", ["sleep", "600"], inherited_environment())
        sys.settrace(_interrupting(line))
        with suppress(KeyboardInterrupt, StackError):
            child.wait(timedelta(0))
        sys.settrace(former)
        interrupts.ignore()
        os.kill(child.pid, signal.SIGKILL)
        wait_for("its end to be seen", lambda: not child.alive(), patience=timedelta(seconds=5))
    finally:
        sys.settrace(former)
        interrupts.restore()


def _interrupting(number: int) -> Callable[..., Any]:
    """Return a tracer that sends us a SIGINT before so many lines of subprocess.py have been run."""
    seen = 0

    def trace(frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        nonlocal seen
        if frame.f_code.co_filename != subprocess.__file__:
            return None
        seen += event == "line"
        if seen == number:
            seen += 1
            os.kill(os.getpid(), signal.SIGINT)
        return trace

    return trace


def test_a_child_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    table = ProcessTable(tmp_path)
    for name, script, how in (
        ("quits", "echo some words; exit 3", "exit code 3"),
        ("falls", "kill -9 $$", "signal 9"),
    ):
        child = table.start(name, ["sh", "-c", script], inherited_environment())
        with pytest.raises(ChildDiedError, match=how):
            child.wait_until(lambda: False, timedelta(seconds=10))
    assert "some words" in (tmp_path / "logs/quits.log").read_text()


def test_a_child_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    child = ProcessTable(tmp_path).start("slow", ["sleep", "600"], inherited_environment())
    with pytest.raises(StackError, match="not ready after 0 s"):
        child.wait_until(lambda: False, timedelta(milliseconds=100))
    with pytest.raises(StackError, match="did not end"):
        child.wait(timedelta(milliseconds=10))
    child.stop(timedelta(seconds=5))
    assert not child.alive()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="ghost can't be started"):
        ProcessTable(tmp_path).start("ghost", [tmp_path / "no such program"], {})


def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    table = ProcessTable(tmp_path)
    for word in ("one", "two"):
        table.start("echo", ["echo", word], inherited_environment()).wait(timedelta(seconds=10))
    assert (tmp_path / "logs/echo.log").read_text() == "two\n"
    assert (tmp_path / "logs/echo.log.1").read_text() == "one\n"


def test_readiness_of_a_web_server(tmp_path: Path) -> None:
    port = find_free_port()
    assert not check_tcp(port)()
    assert not check_http(port)()
    argv = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    child = ProcessTable(tmp_path).start("web", argv, inherited_environment(), cwd=tmp_path)
    child.wait_until(check_http(port), timedelta(seconds=20))
    assert check_tcp(port)()
    assert not check_http(port, "/nothing")()
    child.stop(timedelta(seconds=5))


def test_a_taken_port_is_replaced_and_its_holder_named() -> None:
    said: list[str] = []
    with socket.socket() as other, ExitStack() as reserved:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        port = choose_port(taken, "the API", said.append, reserved)
        assert port != taken
        name = psutil.Process().name()
        assert said == [f"port {taken} is taken by {name} (pid {os.getpid()}), so the API uses port {port}"]


def test_a_port_whose_server_has_just_closed_a_connection_is_used_again() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server does
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # closed here first, so that its end waits on this port
    said: list[str] = []
    with ExitStack() as reserved:
        assert choose_port(port, "the API", said.append, reserved) == port
    assert said == []


def test_two_stacks_that_start_at_once_choose_different_ports() -> None:
    port = find_free_port()
    with ExitStack() as one, ExitStack() as other:
        assert choose_port(port, "the API", lambda _: None, one) == port
        assert choose_port(port, "the API", lambda _: None, other) != port
    with ExitStack() as later:
        assert choose_port(port, "the API", lambda _: None, later) == port


def test_the_usual_ports_are_the_same_every_time() -> None:
    assert [int(port) for port in Ports] == [7710, 7711, 7712, 7713, 7714]
