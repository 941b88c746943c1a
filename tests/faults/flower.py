"""The real Flower of a fault test, as `rapport flower` runs it, and its HTTP API: what its buttons call.

`flower_pages.py` presses the buttons themselves, in a browser.
"""

import secrets
import socket
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx
import psutil

from api_stub.stack.environment import settings_environment
from api_stub.stack.servers.ports import check_http, find_free_port
from tests.faults.cluster import BROWSERS
from tests.faults.harness import Harness

GREET: Final = "tasks.birthday.greet"


class Flower:
    """A running Flower. It is started without the harness's supervision and ends with the block."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness
        port = find_free_port()
        self._url, self._auth = f"http://127.0.0.1:{port}", ("rapport", secrets.token_urlsafe(16))
        env = {**harness.env, **settings_environment({"flower_auth": ":".join(self._auth)})}
        argv = [sys.executable, "-m", "api_stub.cli", "flower", "--port", str(port)]
        self._child = harness.table.start("flower", argv, env)
        self._child.wait_until(check_http(port, "/healthcheck"), timedelta(seconds=60))
        self._client = httpx.Client(base_url=f"{self._url}/api", auth=self._auth, timeout=60)
        harness.wait_for("Flower to receive events", self._hears_all_workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End Flower."""
        self._client.close()
        self._child.stop(timedelta(seconds=5))
        self._harness.table.forget(self._child)

    def _hears_all_workers(self) -> bool:
        """Return whether every worker's heartbeat has arrived: then the events of tasks arrive, too."""
        alive = self._client.get("/workers", params={"status": "true"}).raise_for_status().json()
        return all(alive.get(node(name)) for name in (*BROWSERS, "control"))

    def press(self, button: str, worker: str, **fields: str | int) -> tuple[int, str]:
        """Press a button of a worker, once it runs and Flower knows it. Return its status and its words."""
        self._harness.wait_for(f"{worker} to run", lambda: " ready." in self._harness.log(worker))
        name = node(worker)

        def answers() -> list[httpx.Response]:
            if button.startswith("task/"):
                found = self._client.post(f"/{button}", params={**fields, "workername": name})
            else:
                found = self._client.post(f"/worker/{button}/{name}", params=fields)
            return [] if found.status_code == httpx.codes.NOT_FOUND else [found]

        (found,) = self._harness.wait_for(f"Flower to know {worker}", answers)
        return found.status_code, found.text

    def apply(self, task: str, **kwargs: object) -> str:
        """Start a task by its name, and return its id."""
        found = self._client.post(f"/task/async-apply/{task}", json={"kwargs": kwargs})
        return str(found.raise_for_status().json()["task-id"])

    def revoke(self, task_id: str) -> None:
        """Revoke a task that no worker has taken. Only the HTTP API can: its page has no button."""
        self._client.post(f"/task/revoke/{task_id}").raise_for_status()

    def revoke_received(self, task_id: str) -> None:
        """Revoke a task that a worker has taken and its child has not begun."""
        self.revoke(task_id)

    def terminate(self, task_id: str, signal: str) -> None:
        """Terminate a task with a signal. The button sends SIGTERM."""
        fields = {"terminate": "true", "signal": signal}
        self._client.post(f"/task/revoke/{task_id}", params=fields).raise_for_status()

    def tasks(self, state: str, worker: str | None = None) -> list[str]:
        """Return the ids of the greetings that Flower shows in this state; `worker` is optional."""
        fields = {"taskname": GREET, "state": state}
        if worker is not None:
            fields["workername"] = node(worker)
        return list(self._client.get("/tasks", params=fields).raise_for_status().json())

    def task(self, state: str, worker: str | None = None) -> str:
        """Return the id of such a greeting, once Flower shows one."""
        return self._harness.wait_for(
            f"Flower to show a {state} greeting", lambda: self.tasks(state, worker)
        )[0]

    def terminate_stopped(self, child: psutil.Process, signal: str) -> None:
        """Terminate the task of a child that is stopped at a failpoint, and wait for the child's end."""
        self.terminate(self.task("STARTED", self._harness.worker_of(child)), signal)
        self._harness.wait_for("the signal", lambda: _has_pending_signal(child))
        with suppress(psutil.NoSuchProcess):
            child.resume()
        self._harness.wait_for("the child to end", lambda: not child.is_running(), seconds=20)


def node(worker: str) -> str:
    """Return a worker's name in Celery."""
    return f"{worker}@{socket.gethostname()}"


def _has_pending_signal(process: psutil.Process) -> bool:
    """Return whether a signal waits for the stopped process, or has already ended it."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except FileNotFoundError:
        return True
    return any(int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd:", "ShdPnd:")))
