"""The console of the real application: by requests, and in Chromium at three widths."""

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from cryptography.fernet import Fernet
from fastapi import FastAPI
from playwright.sync_api import Browser, Page
from pydantic import SecretStr
from starlette.types import ASGIApp, Scope

from api_stub.console.forms import CSRF_FIELD
from api_stub.console.gate import SessionGate, Visit
from api_stub.console.keys import ConsoleKeys, FormTokens
from api_stub.console.session import Role, SignedIn
from api_stub.http.limits.connection_limits import connection_settings
from api_stub.stack.environment import settings_environment
from api_stub.stack.servers.ports import find_free_port
from tests.applications import create_app
from tests.cluster import wait_for
from tests.http.conftest import KEY, TestClient
from worker.browser.pool import BrowserPool
from worker.settings import Settings

_KEY: Final = Fernet.generate_key().decode()
_SECRET_KEYS: Final = Fernet.generate_key().decode()
_TOKENS: Final = FormTokens(ConsoleKeys(SecretStr(_KEY)), "of the tests")
_SESSION_ID: Final = UUID(int=0)
UPLOADS: Final = Path(tempfile.gettempdir()) / f"rapport-test-uploads-{os.getpid()}"
atexit.register(shutil.rmtree, UPLOADS, ignore_errors=True)
PHONE, TABLET, DESK = 360, 768, 1440
WIDTHS: Final = (PHONE, TABLET, DESK)
_HEIGHTS: Final = {PHONE: 740, TABLET: 1024, DESK: 900}

_LEVELS: Final = (
    "wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice",
)  # fmt: skip
_AXE: Final = Axe().axe_script
_AXE_OPTIONS: Final = {
    "resultTypes": ["violations"],
    "preload": False,  # is for pages with films or with styles of other hosts
    "iframes": False,
    "runOnly": {"type": "tag", "values": _LEVELS},
    # It takes what scrolls below the fixed bar for covered; buttons have --touch, 44 px, from the stylesheet.
    "rules": {"target-size": {"enabled": False}},
}


class OpenGate(SessionGate):
    """A gate through which everybody comes as the same user. The real one: tests/console/entry."""

    def __init__(self, name: str, role: Role, locale: str) -> None:
        self._visit = Visit(SignedIn(name, role, locale, _TOKENS, _SESSION_ID), None)

    async def find(self, scope: Scope) -> Visit | None:
        return self._visit

    async def is_open(self, session_id: UUID) -> bool:
        return True


def sign_in(app: FastAPI, name: str, role: Role, locale: str) -> None:
    """Let everybody in as this user. The application has been started."""
    app.state.console = replace(app.state.console, gate=OpenGate(name, role, locale))


def create_test_app(database_url: str, redis_url: str, **changed: object) -> FastAPI:
    given: dict[str, object] = {
        "database_url": database_url, "redis_url": redis_url, "api_key": KEY, "console_keys": _KEY,
        "secret_keys": _SECRET_KEYS, "upload_dir": UPLOADS,
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for field in Settings.model_fields:
            patch.delenv(f"RAPPORT_{field.upper()}", raising=False)
        for name, value in settings_environment({**given, **changed}).items():
            patch.setenv(name, value)
        return create_app(Settings())


Console = Callable[..., TestClient]


@pytest.fixture
def console(database_url: str, redis_url: str) -> Iterator[Console]:
    """Create a client that has signed in: `console(Role.VIEWER)`, by default the owner."""
    with ExitStack() as opened:

        def make(
            role: Role = Role.OWNER, *, name: str = "olga", locale: str = "en", **changed: object
        ) -> TestClient:
            app = create_test_app(database_url, str(changed.pop("redis_url", redis_url)), **changed)
            client = opened.enter_context(TestClient(app, follow_redirects=False))
            sign_in(app, name, role, locale)
            return client

        yield make


def with_token(**fields: object) -> dict[str, object]:
    """Return a form's fields with the token of the session."""
    return {CSRF_FIELD: _TOKENS.issue(), **fields}


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serve an application in a thread; yield its address."""
    port = find_free_port()
    config = uvicorn.Config(
        app, port=port, log_config=None, timeout_graceful_shutdown=2, **connection_settings()
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for("the console", lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


@dataclass(frozen=True, slots=True)
class LiveConsole:
    """The console on a port, and pages of Chromium that have signed in to it."""

    address: str
    browser: Browser
    opened: ExitStack

    def page_at(
        self,
        width: int = DESK,
        path: str | None = "/",
        *,
        java_script: bool = True,
        touch: bool = False,
        dark: bool = False,
    ) -> Page:
        """Open a page of the console in a new window of this width, or an empty one without a path."""
        context = self.browser.new_context(
            base_url=self.address,
            viewport={"width": width, "height": _HEIGHTS[width]},
            java_script_enabled=java_script,
            has_touch=touch,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        self.opened.callback(context.close)
        page = context.new_page()
        page.set_default_timeout(30_000)
        if path is not None:
            page.goto(path)
        return page


LiveConsoleFactory = Callable[..., LiveConsole]


@pytest.fixture
def live_console(
    database_url: str, redis_url: str, browser_pool: BrowserPool
) -> Iterator[LiveConsoleFactory]:
    """Serve the console for somebody signed in: `live_console(Role.VIEWER)`, by default the owner."""
    with ExitStack() as opened:

        def make(
            role: Role = Role.OWNER, *, name: str = "olga", locale: str = "en", **changed: object
        ) -> LiveConsole:
            app = create_test_app(database_url, str(changed.pop("redis_url", redis_url)), **changed)
            address = opened.enter_context(serve(app))
            sign_in(app, name, role, locale)
            return LiveConsole(address, browser_pool._get_browser(), opened)

        yield make


def check_page(page: Page) -> None:
    """Fail if a page isn't accessible, is wider than its window, or hasn't one heading."""
    page.evaluate(_AXE)
    violations = page.evaluate(  # of what axe finds only these: all of it takes long to be handed over
        "async (options) => (await axe.run(document, options)).violations", _AXE_OPTIONS
    )
    faults = [
        f"{each['id']}: {node['html'][:200]} ({node.get('failureSummary', '')[:300]})"
        for each in violations
        for node in each["nodes"]
    ]
    assert not faults, "\n".join(faults)
    assert page.locator("h1").count() == 1
    assert page.title().endswith(" · Rapport")
    check_fits(page)


def check_fits(page: Page) -> None:
    """Fail if a page is wider than its window."""
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{page.url} is {overflow} px wider than its window"


def set_width(page: Page, width: int) -> None:
    """Make the window of an open page as wide as one of WIDTHS."""
    page.set_viewport_size({"width": width, "height": _HEIGHTS[width]})


def check_at_each_width(page: Page, accessible_at: int = PHONE) -> None:
    """Fail as `check_page` does at one width, as axe takes half a second, and as `check_fits` does at each.

    A test of several pages gives them different widths: some rules look at what is shown.
    """
    for width in WIDTHS:
        set_width(page, width)
        if width == accessible_at:
            check_page(page)
        else:
            check_fits(page)
