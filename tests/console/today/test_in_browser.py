"""The first page, the switches and an action's story in Chromium."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
import uvicorn
from playwright.sync_api import Page, Route, expect

from api_stub.console.session import Role
from api_stub.http.limits.connection_limits import connection_settings
from api_stub.stack.servers.ports import find_free_port
from db.engine import Database
from db.store import kill_switch
from db.store.actions import control
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from tests.builders import action
from tests.cluster import wait_for
from tests.console.conftest import (
    PHONE,
    WIDTHS,
    LiveConsole,
    LiveConsoleFactory,
    check_at_each_width,
    check_page,
    create_test_app,
    sign_in,
)
from tests.console.hostile import HOSTILE
from tests.console.today.scenes import greeted, in_state, planned, signed_in
from worker.browser.pool import BrowserPool
from worker.errors import Reason
from worker.rules.model import AccountStatus, ActionState, Kind

PICTURE = b"\x89PNG"
"""The tests' browser loads no pictures."""


@pytest.fixture
def account(database: Database) -> AccountRecord:
    with database.transaction() as session:
        return signed_in(session)


def a_full_day(database: Database, account: AccountRecord, folder: Path) -> UUID:
    """Add somebody to each list; return a greeting that a person must settle."""
    proof = folder / "2026-11-27" / "proof.png"
    proof.parent.mkdir(parents=True)
    proof.write_bytes(PICTURE)
    with database.transaction() as session:
        greeted(session, account, "Ada Lovelace", screenshot=str(proof), replied=True)
        in_state(session, account, "Dora", ActionState.CLAIMED)
        in_state(session, account, "Eva", ActionState.UNCERTAIN, Reason.PROOF_MISSING)
        in_state(session, account, "Zoé", ActionState.SKIPPED, Reason.WRITTEN_BY_HAND)
        in_state(session, account, "Vic", ActionState.DONE, kind=Kind.VISIT)
        for words in HOSTILE:
            planned(session, account, words.replace("\u0000", "\u0001"))
        planned(session, account, "Ida", is_paused=True)
        return in_state(session, account, "Cleo", ActionState.NEEDS_REVIEW, Reason.CANNOT_TELL).id


def test_each_page_is_accessible_at_each_width(
    live_console: LiveConsoleFactory, database: Database, account: AccountRecord, tmp_path: Path
) -> None:
    to_settle = a_full_day(database, account, tmp_path)
    with database.transaction() as session:
        signed_in(session, "W" * 60)
    served = live_console(evidence_dir=str(tmp_path))
    page = served.page_at(PHONE, None)
    for path, width in zip(("/?account=demo", f"/actions/{to_settle}", "/stop"), WIDTHS, strict=True):
        page.goto(path)
        check_at_each_width(page, width)
    page.goto("/?account=demo")
    page.locator("summary", has_text="Proof").click()
    picture = page.get_by_role("img", name="Screenshot of the conversation with Ada Lovelace")
    expect(picture).to_be_visible()
    assert page.request.get(picture.get_attribute("src") or "").headers["content-type"] == "image/png"
    check_page(served.page_at(PHONE, "/?account=demo", dark=True))


def test_a_screen_reader_hears_the_line_the_lists_and_the_switches(
    live_console: LiveConsoleFactory, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        greeted(session, account, "Ada", text="All the best!")
    tree = live_console().page_at().locator("main").aria_snapshot()
    for part in (
        'heading "Today, ', "1 greeted, nobody left.", 'list "Greeted"', 'link "Ada"',
        "blockquote: All the best!",
        'link "The story of the greeting for Ada"', 'button "Pause"', 'link "Stop everything…"',
    ):  # fmt: skip
        assert part in tree, tree


def test_a_commit_changes_an_open_page_and_what_was_opened_stays_open(
    live_console: LiveConsoleFactory, database: Database, account: AccountRecord, tmp_path: Path
) -> None:
    a_full_day(database, account, tmp_path)
    page = live_console(evidence_dir=str(tmp_path)).page_at()
    proof = page.locator("details", has=page.get_by_text("Proof"))
    proof.locator("summary").click()
    page.evaluate("window.sameDocument = true")
    with database.transaction() as session:
        greeted(session, account, "Somebody new")
    expect(page.get_by_role("list", name="Greeted")).to_contain_text("Somebody new")
    with database.transaction() as session:
        control.pause_account(session, account.id)
    expect(page.locator("#standing")).to_contain_text("The account is paused")
    expect(page.get_by_role("button", name="Resume").first).to_be_visible()
    assert proof.evaluate("details => details.open")
    assert page.evaluate("window.sameDocument")


@contextmanager
def serving(port: int, database_url: str, redis_url: str) -> Iterator[None]:
    app = create_test_app(database_url, redis_url)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, **connection_settings()))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for("the console", lambda: server.started)
        sign_in(app, "olga", Role.OWNER, "en")
        yield
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def test_an_open_page_goes_on_after_the_server_was_restarted(
    database: Database, database_url: str, redis_url: str, account: AccountRecord, browser_pool: BrowserPool
) -> None:
    port = find_free_port()
    with browser_pool._get_browser().new_context(base_url=f"http://127.0.0.1:{port}") as context:
        with serving(port, database_url, redis_url):
            page = context.new_page()
            page.goto("/")
            expect(page.locator("#standing")).to_have_text("Nobody to greet today.")
        with database.transaction() as session:
            planned(session, account, "Ada")
        with serving(port, database_url, redis_url):
            expect(page.locator("#standing")).to_contain_text("0 of 1 greeted", timeout=60_000)


def test_a_part_that_could_not_be_refreshed_stays_and_asks_again(
    live_console: LiveConsoleFactory, database: Database, account: AccountRecord
) -> None:
    page = live_console().page_at(path=None)
    failures: list[str] = []

    def answer(route: Route) -> None:
        """Tell the page of one change ever, and fail its first refresh."""
        kind = route.request.resource_type
        if kind == "eventsource":
            once = "retry: 600000\n\nevent: changed\ndata: now\n\n"
            route.fulfill(body=once, content_type="text/event-stream")
        elif kind == "fetch" and not failures:
            with database.transaction() as session:
                planned(session, account, "Ada")
            failures.append(route.request.url)
            route.fulfill(status=503)
        else:
            route.continue_()

    page.route("**/*", answer)
    page.goto("/")
    expect(page.locator("#standing")).to_contain_text("0 of 1 greeted")
    assert failures


def test_a_page_that_hears_nothing_listens_anew(
    live_console: LiveConsoleFactory, database: Database, account: AccountRecord
) -> None:
    """A connection may be dead without an error: nothing is answered, and nothing ends."""
    page = live_console().page_at(path=None)
    page.clock.install()
    held: list[Route] = []
    page.route("**/live", lambda route: route.continue_() if held else held.append(route))
    page.goto("/")
    with database.transaction() as session:
        planned(session, account, "Ada")
    page.clock.run_for(30_000)
    expect(page.locator("#standing")).to_have_text("Nobody to greet today.")
    assert held
    page.clock.run_for(11_000)
    expect(page.locator("#standing")).to_contain_text("0 of 1 greeted")


def is_paused(database: Database, account: AccountRecord) -> bool:
    with database.transaction() as session:
        return accounts.get_account(session, account.id).status is AccountStatus.PAUSED


def is_stopped(database: Database) -> bool:
    with database.transaction() as session:
        return kill_switch.get_kill_switch(session) is not None


def test_every_change_is_made_without_java_script(
    live_console: LiveConsoleFactory, database: Database, account: AccountRecord, tmp_path: Path
) -> None:
    to_settle = a_full_day(database, account, tmp_path)
    served = live_console(evidence_dir=str(tmp_path))
    page = served.page_at(PHONE, java_script=False)
    switches = page.get_by_label("Stop and go on")
    switches.get_by_role("button", name="Pause").click()
    expect(page.locator("#said")).to_contain_text("The account is paused")
    assert is_paused(database, account)
    switches.get_by_role("button", name="Resume").click()
    expect(page.locator("#said")).to_contain_text("running again")
    switches.get_by_role("link", name="Stop everything").click()
    page.get_by_role("button", name="Stop everything").click()
    expect(page.locator("#said")).to_contain_text("Everything is stopped")
    assert is_stopped(database)
    switches.get_by_role("button", name="Resume everything").click()
    assert not is_stopped(database)
    page.goto(f"/actions/{to_settle}")
    page.get_by_role("button", name="It is there", exact=True).click()
    expect(page.locator("#said")).to_contain_text("Settled: it arrived")
    with database.transaction() as session:
        assert action(session, to_settle).state == ActionState.DONE


def press_to(page: Page, name: str) -> None:
    """Press Tab until the element with this name has the focus, and then Enter."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").strip() == name:
            page.keyboard.press("Enter")
            return
    pytest.fail(f"no way by keyboard to {name}")


def test_every_change_is_made_by_keyboard(
    live_console: LiveConsoleFactory, database: Database, account: AccountRecord, tmp_path: Path
) -> None:
    to_settle = a_full_day(database, account, tmp_path)
    served: LiveConsole = live_console(evidence_dir=str(tmp_path))
    page = served.page_at()
    press_to(page, "Pause")
    expect(page.locator("#said")).to_contain_text("The account is paused")
    press_to(page, "Resume")
    expect(page.locator("#said")).to_contain_text("running again")
    press_to(page, "Stop everything…")
    expect(page.get_by_role("heading", level=1)).to_have_text("Stop everything?")
    press_to(page, "Stop everything")
    expect(page.locator("#said")).to_contain_text("Everything is stopped")
    press_to(page, "Resume everything")
    expect(page.locator("#said")).to_contain_text("running again")
    page.goto(f"/actions/{to_settle}")
    press_to(page, "Leave this person out")
    expect(page.locator("#said")).to_contain_text("Settled")
    with database.transaction() as session:
        assert action(session, to_settle).state == ActionState.SKIPPED
