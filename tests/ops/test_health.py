"""The containers' health checks: healthy, hanging and missing processes."""

import importlib.util
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from uuid import uuid4

import psutil
import pytest

from tests.cluster import wait_for
from worker.settings import get_settings

SOURCE = Path(__file__).parents[2] / "ops" / "health.py"


@pytest.fixture
def health() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ops_health", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_address_is_well_when_it_answers_200(health: ModuleType) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        try:
            assert health.check_http(f"{address}/health") is None
            assert "503" in health.check_http(f"{address}/ready")
        finally:
            server.shutdown()
            thread.join()
    assert "does not answer" in health.check_http(f"{address}/health")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc, as containers have it")
def test_a_process_that_wakes_is_well_and_one_that_hangs_is_not(health: ModuleType) -> None:
    ticking = "import time; print(flush=True)\nwhile True: time.sleep(0.01)"
    name = f"beat-of-{uuid4().hex}"  # the check searches the whole machine
    beat = subprocess.Popen(
        [sys.executable, "-c", ticking, "celery", name], stdout=subprocess.PIPE, text=True
    )
    with beat:
        try:
            assert beat.stdout is not None
            beat.stdout.readline()
            assert health.check_wakes(name, watch_s=0.5) is None
            beat.send_signal(signal.SIGSTOP)
            stopped = psutil.Process(beat.pid)
            wait_for("it to stop", lambda: stopped.status() == psutil.STATUS_STOPPED)
            assert "has not woken" in health.check_wakes(name, watch_s=0.5)
        finally:
            beat.kill()
    assert "there is no process" in health.check_wakes(name)


def test_a_worker_that_is_not_there_takes_no_messages(
    health: ModuleType, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    get_settings.cache_clear()
    try:
        assert health.check_worker("browser").endswith(" takes no messages of: birthday, visitor, sourcing")
        monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
        get_settings.cache_clear()
        assert "Redis does not answer" in health.check_worker("browser")
    finally:
        get_settings.cache_clear()
