"""Traces: recordings of a real Chromium, masked. A secret must be in the recording, and not in the trace."""

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from api_stub.sandbox.client import SandboxClient
from tests.conftest import TIMEOUT
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.browser.traces.masking import UnsafeTraceError, mask_trace
from worker.browser.traces.recorder import Recording
from worker.browser.traces.text import mask_address, mask_line, mask_selector

ACCOUNT = 71
PASSWORD = "demo-password"
THEIRS = 'Merci "infiniment" à toi — ✨ de Genève'
OURS = 'Something <b>secret</b> & "quoted"'
MOST = 5_000_000


def read_members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def holds(members: dict[str, bytes], text: str) -> bool:
    """Return whether any member has this text: plain, in JSON, in HTML, or as a form sends it."""
    forms = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return any(form.encode() in content for form in forms for content in members.values())


def events(members: dict[str, bytes], name: str = "trace.trace") -> list[dict[str, object]]:
    return [json.loads(line) for line in members[name].decode().splitlines()]


@pytest.fixture(scope="module")
def page(browser_pool: BrowserPool) -> Iterator[Page]:
    yield browser_pool.page_for(ACCOUNT, None)
    browser_pool.discard_recording()
    browser_pool.close_context(ACCOUNT)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that was deleted where it was written, and its contents."""

    recording: Recording
    contents: bytes


@pytest.fixture(scope="module")
def recorded(browser_pool: BrowserPool, page: Page, fresh_state: SandboxClient) -> Recorded:
    """A person signs in, reads a message, types an answer, and opens a page with a style sheet."""
    sandbox = fresh_state
    sandbox.clear_faults()
    browser_pool.record(ACCOUNT)
    sandbox.write_as_person("kim-minji", "demo", THEIRS)
    sign_in(page, sandbox.base_url, "demo", PASSWORD)
    site = SandboxSite(page, sandbox.base_url, TIMEOUT)
    site.open_thread("/in/kim-minji/").type(OURS)
    page.route("**/styled.css", lambda route: route.fulfill(body=".kept {}", content_type="text/css"))

    def styled(route: Route) -> None:
        link = '<link rel="stylesheet" href="/styled.css">'
        route.fulfill(body=f"{link}<input value='a token'><p>Styled", content_type="text/html")

    page.route("**/styled*", styled, times=1)
    page.goto(f"{sandbox.base_url}/styled?key=private-parameter#private-fragment")
    page.evaluate("text => console.log(text)", "a private line")
    saved = browser_pool.save_recording()
    assert saved is not None
    contents = saved.path.read_bytes()
    saved.path.unlink()
    return Recorded(saved, contents)


@pytest.fixture
def recording(recorded: Recorded, tmp_path: Path) -> Recording:
    path = tmp_path / "recording.zip"
    path.write_bytes(recorded.contents)
    return replace(recorded.recording, path=path)


def test_a_trace_holds_no_text_cookie_token_or_password_of_the_recording(
    recording: Recording, page: Page
) -> None:
    before = read_members(recording.path)
    (session,) = (cookie["value"] for cookie in page.context.cookies())
    assert session in recording.cookies
    token = re.search(rb'"csrf-token","content":"([^"]+)', before["trace.trace"])
    assert token is not None
    secrets = [
        PASSWORD, THEIRS, OURS, session, token[1].decode(), "a token", "private-parameter",
        "private-fragment", "a private line",
    ]  # fmt: skip
    assert [secret for secret in secrets if not holds(before, secret)] == []
    recording.path.with_name("masked.zip").write_bytes(mask_trace(recording.path, most_bytes=MOST))
    masked = read_members(recording.path.with_name("masked.zip"))
    assert [secret for secret in secrets if holds(masked, secret)] == []
    assert {name.partition("/")[0] for name in masked} == {"trace.trace", "trace.network", "resources"}


def test_a_trace_still_shows_what_was_done_where_and_how_it_looked(
    recording: Recording, tmp_path: Path, sandbox: SandboxClient
) -> None:
    path = tmp_path / "masked.zip"
    path.write_bytes(mask_trace(recording.path, most_bytes=MOST))
    members = read_members(path)
    before = read_members(recording.path)
    assert [(e["type"], e.get("callId")) for e in events(members)] == [
        (e["type"], e.get("callId")) for e in events(before)
    ]
    calls = [e for e in events(members) if e["type"] == "before"]
    assert {"goto", "fill", "click"} <= {e["method"] for e in calls}
    requests = [e["snapshot"] for e in events(members, "trace.network")]
    assert f"{sandbox.base_url}/in/kim-minji/" in {each["request"]["url"] for each in requests}  # type: ignore[index]
    named = [each["response"]["content"].get("_file") for each in requests]  # type: ignore[index]
    assert set(filter(None, named)) == members.keys() - {"trace.trace", "trace.network"}
    assert [members[name] for name in named if name] == [b".kept {}"]


def test_nothing_of_a_recording_stays_in_the_browsers_folder(
    browser_pool: BrowserPool, recorded: Recorded, page: Page, sandbox: SandboxClient
) -> None:
    """Also where it was discarded, and the same contents are recorded once more."""
    folder = recorded.recording.path.with_name("traces")
    for keep in (False, True):
        browser_pool.record(ACCOUNT)
        page.goto(f"{sandbox.base_url}/in/kim-minji/")
        if keep:
            again = browser_pool.save_recording()
            assert again is not None
            mask_trace(again.path, most_bytes=MOST)
            again.path.unlink()
        else:
            browser_pool.discard_recording()
        left = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]
        assert {path.suffix for path in left} <= {".css"}
    assert browser_pool.save_recording() is None


def test_a_trace_is_refused_if_it_is_large_unreadable_or_not_masked(recording: Recording) -> None:
    for most, secrets in ((1000, ()), (MOST, ("kim-minji",))):
        with pytest.raises(UnsafeTraceError):
            mask_trace(recording.path, most_bytes=most, secrets=secrets)
    recording.path.write_bytes(b"PK")
    with pytest.raises(UnsafeTraceError):
        mask_trace(recording.path, most_bytes=MOST)


@pytest.mark.parametrize(
    "line",
    ["[]", '{"type": "after", "error": "a text"}', '{"type": "log", "message": 7}', '{"type": "after', "{}"],
)
def test_a_trace_in_another_form_is_refused(tmp_path: Path, line: str) -> None:
    with zipfile.ZipFile(tmp_path / "recording.zip", "w") as file:
        file.writestr("trace.trace", line)
    with pytest.raises(UnsafeTraceError):
        mask_trace(tmp_path / "recording.zip", most_bytes=MOST)


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ('  fill("she said "hi"\nand left")', '  fill("x")'),
        ("  locator resolved to <p class='a'>private</p>", "  locator resolved to <p>"),
        ('  <p id="x">private</p> intercepts pointer events', "  <p>"),
        ("Timeout 15000ms exceeded.\nCall log: private", "Timeout 15000ms exceeded."),
        (
            "net::ERR_FAILED at https://u:p@site.test/a?b=private#c",
            "net::ERR_FAILED at https://site.test/a?x",
        ),
    ],
)
def test_a_line_of_playwright_keeps_nothing_that_was_typed_or_read(line: str, masked: str) -> None:
    assert mask_line(line) == masked


def test_addresses_and_selectors_keep_no_values() -> None:
    assert (
        mask_address(f"https://site.test:81/in/ann/{'t' * 41}/?q=1#f") == "https://site.test:81/in/ann/x/?x"
    )
    assert mask_address("data:text/html,private") == "data:"
    assert mask_address("/in/ann/?q") == "/in/ann/?x"
    assert mask_selector('div >> internal:has-text="pri"vate"i >> p') == 'div >> internal:has-text="x"i >> p'
