"""One Chromium per process: reused pages, crashes, and no process left behind."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.environment import inherited_environment
from tests.conftest import TIMEOUT
from worker import metrics
from worker.browser.chromium import find_chromium
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.errors import ConfigurationError
from worker.settings import Settings

OUTLIVE_SECONDS = 10


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


def test_chromium_does_not_outlive_a_killed_worker(own_process: list[str]) -> None:
    process, children = run(own_process)
    with process:
        process.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(children, OUTLIVE_SECONDS)
        assert alive == []


def test_browser_and_driver_inherit_no_secret(own_process: list[str]) -> None:
    ours = (
        str(field.validation_alias or f"RAPPORT_{name.upper()}")
        for name, field in Settings.model_fields.items()
    )
    names = [*ours, "RAPPORT_ANYTHING", "FLOWER_BASIC_AUTH", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "DISPLAY"]
    environment = {**inherited_environment(), **{name: f"canary-{name}" for name in names}}
    process, children = run(own_process, environment)
    with process:
        seen = [(p.name(), Path(f"/proc/{p.pid}/environ").read_text(errors="replace")) for p in children]
        process.kill()
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
