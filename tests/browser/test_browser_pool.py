"""One Chromium per process: reused pages, crashes, and no process left behind."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psutil
import pytest

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.environment import inherited_environment
from tests.conftest import OPEN_PAGES, TIMEOUT
from worker import metrics
from worker.browser.chromium import find_chromium
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.errors import ConfigurationError
from worker.settings import Settings

OUTLIVE_SECONDS = 10
OTHERS = range(6, 5 + OPEN_PAGES)
"""As many accounts as may have a page beside one more."""


MEDIA_PAGE = b"""<!doctype html><style>@font-face { font-family: F; src: url(/face.woff2) }
  p { font-family: F; background: url(/back.png) }</style>
<script src="/app.js"></script><link rel="stylesheet" href="/app.css">
<link rel="preload" as="font" href="/early.woff2" crossorigin><p>Text</p>
<img src="/photo.jpg"><img src="/no-ending">
<svg><use href="/sprite.svg#a"></use></svg><audio src="/said.mp3" preload="auto"></audio>
<video src="/film.mp4" poster="/poster.jpg" autoplay muted></video>"""


class MediaSite(ThreadingHTTPServer):
    """A page with all sorts of media, and a script and a style sheet that may be kept."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _MediaPages)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _MediaPages(BaseHTTPRequestHandler):
    server: MediaSite

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        kind = {".js": "text/javascript", ".css": "text/css"}.get(Path(self.path).suffix, "text/html")
        body = MEDIA_PAGE if kind == "text/html" else b""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store" if body else "max-age=3600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def media_site() -> Iterator[MediaSite]:
    with MediaSite() as site:
        Thread(target=site.serve_forever, args=(0.05,), daemon=True).start()
        yield site
        site.shutdown()


@pytest.fixture(scope="session")
def own_process() -> list[str]:
    """A separate process: Playwright allows one pool per thread at a time."""
    program = (
        "import sys; from worker.browser.pool import BrowserPool\n"
        "from worker.browser.chromium import find_chromium\n"
        "browser_pool = BrowserPool(chromium=find_chromium())\n"
        "browser_pool.page_for(1, None).goto('about:blank'); browser_pool.page_for(2, None)\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "browser_pool.close(); browser_pool.close(); print(browser_pool.is_alive(), flush=True)\n"
        "sys.stdin.readline()\n"
    )
    return [sys.executable, "-c", program]


def run(
    command: list[str], env: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    children = psutil.Process(process.pid).children(recursive=True)
    assert any("chrom" in child.name() for child in children)
    return process, children


def test_closing_leaves_no_process_behind(own_process: list[str]) -> None:
    process, children = run(own_process)
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        print(file=process.stdin, flush=True)
        assert process.stdout.readline() == "False\n"
        _, alive = psutil.wait_procs(children, OUTLIVE_SECONDS)
        assert alive == []


def test_browser_and_driver_inherit_no_secret_and_do_not_outlive_a_killed_worker(
    own_process: list[str],
) -> None:
    ours = (
        str(field.validation_alias or f"RAPPORT_{name.upper()}")
        for name, field in Settings.model_fields.items()
    )
    names = [*ours, "RAPPORT_ANYTHING", "FLOWER_BASIC_AUTH", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "DISPLAY"]
    environment = {**inherited_environment(), **{name: f"canary-{name}" for name in names}}
    process, children = run(own_process, environment)
    with process:
        seen = [(p.name(), Path(f"/proc/{p.pid}/environ").read_text(errors="replace")) for p in children]
        process.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(children, OUTLIVE_SECONDS)
        assert alive == []
    for program in ("node", "chrom"):
        assert any(program in name and "PATH=" in environ for name, environ in seen)
    assert not [name for name, environ in seen if "canary" in environ]


def test_a_page_is_kept_warm(
    browser_pool: BrowserPool, sandbox: SandboxClient, states: dict[str, str]
) -> None:
    page = browser_pool.page_for(5, states["demo"])
    assert browser_pool.page_for(5, states["demo"]) is page
    assert browser_pool.is_alive()
    assert SandboxSite(page, sandbox.base_url, TIMEOUT).signed_in()
    # the same state counts as unchanged, whatever its formatting
    given_out = json.dumps(json.loads(browser_pool.storage_state(5)), indent=2)
    assert browser_pool.page_for(5, given_out) is page
    other = browser_pool.page_for(5, states["demo2"])
    assert other is not page
    assert page.is_closed()
    browser_pool.close_context(5)
    assert other.is_closed()


def test_accounts_do_not_share_a_session(browser_pool: BrowserPool, sandbox: SandboxClient) -> None:
    sign_in(browser_pool.page_for(5, None), sandbox.base_url, "demo", "demo-password")
    assert not SandboxSite(browser_pool.page_for(6, None), sandbox.base_url, TIMEOUT).signed_in()
    browser_pool.close_context(5)
    browser_pool.close_context(6)


def test_the_page_of_an_account_that_waits_is_closed_and_its_session_stays(
    browser_pool: BrowserPool, sandbox: SandboxClient, states: dict[str, str]
) -> None:
    first = browser_pool.page_for(5, states["demo"])
    first.context.add_cookies([{"name": "since", "value": "then", "url": sandbox.base_url}])
    others = [browser_pool.page_for(number, states["demo2"]) for number in OTHERS]
    assert not first.is_closed()
    assert browser_pool.page_for(5, states["demo"]) is first
    browser_pool.page_for(50, states["demo2"])
    assert (first.is_closed(), others[0].is_closed()) == (False, True)
    for number in OTHERS:
        browser_pool.page_for(number, states["demo2"])
    assert first.is_closed()
    again = browser_pool.page_for(5, states["demo"])
    assert again.context is first.context
    assert "since" in {cookie["name"] for cookie in again.context.cookies()}
    assert SandboxSite(again, sandbox.base_url, TIMEOUT).signed_in()
    for number in (5, 50, *OTHERS):
        browser_pool.close_context(number)


def test_media_are_not_loaded_and_scripts_only_once(browser_pool: BrowserPool, media_site: MediaSite) -> None:
    page = browser_pool.page_for(5, None)
    page.goto(f"{media_site.url}/first", wait_until="load")
    assert set(media_site.asked) == {"/first", "/app.js", "/app.css"}
    page.goto(f"{media_site.url}/second", wait_until="load")
    assert media_site.asked[3:] == ["/second"]
    browser_pool.close_context(5)


def test_a_window_that_a_page_opens_is_closed(browser_pool: BrowserPool, media_site: MediaSite) -> None:
    page = browser_pool.page_for(5, None)
    page.goto(f"{media_site.url}/first")
    with page.expect_popup() as opened:
        page.evaluate("void window.open('/second')")
    if not opened.value.is_closed():
        opened.value.wait_for_event("close")
    assert page.context.pages == [page]
    browser_pool.close_context(5)


@pytest.mark.parametrize("victim", ["chromium", "driver", "page"])
def test_after_a_crash_the_next_page_works(
    browser_pool: BrowserPool, sandbox: SandboxClient, states: dict[str, str], victim: str
) -> None:
    page = browser_pool.page_for(5, states["demo"])
    crashed = metrics.BROWSER_STARTS.labels("crashed")
    starts, crashes = crashed._value.get(), metrics.BROWSER_CRASHES._value.get()
    assert SandboxSite(page, sandbox.base_url, TIMEOUT).signed_in()
    # A zombie is still listed, but has no command line.
    own = [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]
    if victim == "page":
        doomed = [p for p in own if "--type=renderer" in p.cmdline()]
    else:
        name = "chrom" if victim == "chromium" else "node"
        doomed = [p for p in own if name in p.name()]
    assert doomed
    for process in doomed:
        process.kill()
    psutil.wait_procs(doomed, OUTLIVE_SECONDS)
    again = browser_pool.page_for(5, states["demo"])
    assert again is not page
    assert SandboxSite(again, sandbox.base_url, TIMEOUT).signed_in()
    assert metrics.BROWSER_CRASHES._value.get() > crashes
    assert crashed._value.get() == starts + (victim != "page")
    browser_pool.close_context(5)


def test_a_crash_counts_for_the_page_that_crashed_alone(
    browser_pool: BrowserPool, sandbox: SandboxClient, states: dict[str, str]
) -> None:
    browser_pool.page_for(5, states["demo"])
    own = psutil.Process().children(recursive=True)
    doomed = [p for p in own if p.status() != psutil.STATUS_ZOMBIE and "--type=renderer" in p.cmdline()]
    for process in doomed:
        process.kill()
    psutil.wait_procs(doomed, OUTLIVE_SECONDS)
    for account_id in (50, *OTHERS):  # the page of account 5 is closed
        browser_pool.page_for(account_id, states["demo"])
    again = browser_pool.page_for(5, states["demo"])
    assert SandboxSite(again, sandbox.base_url, TIMEOUT).signed_in()
    assert browser_pool.page_for(5, states["demo"]) is again
    browser_pool.close_context(5)


def test_an_account_that_waits_while_the_browser_dies_gets_a_page(
    browser_pool: BrowserPool, sandbox: SandboxClient, states: dict[str, str]
) -> None:
    for account_id in (5, 50, *OTHERS):
        browser_pool.page_for(account_id, states["demo"])
    doomed = [p for p in psutil.Process().children(recursive=True) if "chrom" in p.name()]
    for process in doomed:
        process.kill()
    psutil.wait_procs(doomed, OUTLIVE_SECONDS)
    again = browser_pool.page_for(5, states["demo"])
    assert SandboxSite(again, sandbox.base_url, TIMEOUT).signed_in()
    browser_pool.close_context(5)


def test_a_wrong_path_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"RAPPORT_CHROMIUM names .*does not exist"):
        BrowserPool(chromium=tmp_path / "no-chromium").page_for(1, None)


def test_without_any_chromium_the_error_says_what_to_do(tmp_path: Path) -> None:
    program = "from worker.browser.pool import BrowserPool; BrowserPool().page_for(1, None)"
    environment = {"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "ConfigurationError: no Chromium was found: run `playwright install chromium`" in said.stderr


def test_without_a_window_the_smaller_chromium_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium() is None
    with_windows, without = tmp_path / "chromium", tmp_path / "chromium-headless-shell"
    for program in (with_windows, without):
        program.touch(0o755)
    assert find_chromium() == without
    assert find_chromium(headless=False) == with_windows
    without.unlink()
    assert find_chromium() == with_windows
