"""Flower for those who run Rapport: it keeps its state, its metrics need the password, a role only reads."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from celery import Celery
from flower import urls
from flower.api import BaseApiHandler
from flower.views.error import NotFoundErrorHandler
from flower.views.tasks import TasksDataTable
from playwright.sync_api import Browser, expect
from tornado.web import url

from api_stub.stack.environment import settings_environment
from api_stub.stack.servers.ports import find_free_port
from tests.cluster import untraced, wait_for
from worker.browser.pool import BrowserPool
from worker.flower.handlers import as_markup

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


def revoke(browser: Browser, flower: httpx.Client) -> str:
    """Press Revoke on the task's page, which is the first that the browser opens. Return what it says."""
    sent = {"username": AUTH[0], "password": AUTH[1]}
    with browser.new_context(http_credentials=sent) as context:  # type: ignore[arg-type]  # a TypedDict
        page = context.new_page()
        page.goto(f"{flower.base_url}/task/{TASK}")
        page.get_by_role("button", name="Revoke").click()
        said = page.locator("#toast-container .toast-body")
        expect(said).to_be_visible()
        return said.inner_text()


def knows_task(client: httpx.Client) -> bool:
    return client.get(f"/api/task/info/{TASK}", auth=AUTH).status_code == 200


@pytest.mark.soak
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
        assert revoke(browser_pool._get_browser(), flower) == f"Revoked '{TASK}'"
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


def test_what_the_buttons_of_time_limits_answer_is_markup() -> None:
    written: list[object] = []
    write = as_markup(lambda _handler, chunk: written.append(chunk))
    write(None, "'birthday' < 1")
    write(None, {"message": "ok"})
    assert written == ["<p>&#x27;birthday&#x27; &lt; 1</p>", {"message": "ok"}]


def test_flower_changes_something_by_post_only() -> None:
    handlers = [each.handler_class if isinstance(each, url) else each[1] for each in urls.handlers]
    changing = {"post", "put", "patch", "delete"}
    used = {method for handler in handlers for method in changing if method in vars(handler)}
    assert used == {"post"}
    posted = {each for each in handlers if "post" in vars(each) and not issubclass(each, BaseApiHandler)}
    assert posted == {TasksDataTable, NotFoundErrorHandler}  # these change nothing
