"""Flower for those who run Rapport: it keeps its state, its metrics need the password, a role only reads."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from celery import Celery
from playwright.sync_api import Browser, expect

from api_stub.stack.environment import settings_environment
from api_stub.stack.servers.ports import find_free_port
from tests.cluster import untraced, wait_for
from worker.browser.pool import BrowserPool

AUTH = ("rapport", "the-password-of-the-tests")
TASK = "7c1f9a04-3d0e-4c63-9a30-5b7d1c2e8f11"


@contextmanager
def run_flower(redis_url: str, *options: str) -> Iterator[httpx.Client]:
    port = find_free_port()
    command = [sys.executable, "-m", "api_stub.cli", "flower", "--port", str(port), *options]
    env = {**untraced(), **settings_environment({"redis_url": redis_url, "flower_auth": ":".join(AUTH)})}
    with (
        subprocess.Popen(command, env=env) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):

        def answers() -> bool:
            assert process.poll() is None
            try:
                return client.get("/healthcheck").status_code == 200
            except httpx.TransportError:
                return False

        try:
            wait_for("Flower", answers)
            yield client
        finally:
            process.terminate()


def list_buttons(browser: Browser, flower: httpx.Client) -> list[str]:
    """Return the buttons of the task's page, as a person sees it."""
    sent = {"username": AUTH[0], "password": AUTH[1]}
    with browser.new_context(http_credentials=sent) as context:  # type: ignore[arg-type]  # a TypedDict
        page = context.new_page()
        page.goto(f"{flower.base_url}/task/{TASK}")
        expect(page.get_by_text("tasks.dispatch").first).to_be_visible()
        return page.locator(".detail-actions").get_by_role("button").all_inner_texts()


def knows_task(client: httpx.Client) -> bool:
    return client.get(f"/api/task/info/{TASK}", auth=AUTH).status_code == 200


def test_what_flower_shows_outlives_it_and_who_may_only_read_presses_no_button(
    redis_url: str, tmp_path: Path, browser_pool: BrowserPool
) -> None:
    state = tmp_path / "flower" / "state"
    with run_flower(redis_url, "--state", str(state)) as flower, Celery(broker=redis_url) as sender:
        assert flower.get("/metrics").status_code == 401
        metrics = flower.get("/metrics", auth=AUTH)
        assert (metrics.status_code, "python_info" in metrics.text) == (200, True)

        def is_received() -> bool:
            with sender.events.default_dispatcher(hostname="a-worker@here") as events:
                events.send("task-received", uuid=TASK, name="tasks.dispatch")
            return knows_task(flower)

        wait_for("the task's event", is_received)
        assert list_buttons(browser_pool._get_browser(), flower) == ["Revoke"]
    assert state.parent.stat().st_mode & 0o077 == 0  # it is a pickle
    with run_flower(redis_url, "--state", str(state), "--read-only") as flower:
        assert knows_task(flower)
        assert list_buttons(browser_pool._get_browser(), flower) == []
        for button in (
            f"task/revoke/{TASK}",
            "task/async-apply/tasks.dispatch",
            "worker/shutdown/a-worker@here",
        ):
            assert flower.post(f"/api/{button}", auth=AUTH, json={}).status_code == 403, button
