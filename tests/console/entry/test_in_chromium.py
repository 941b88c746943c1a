"""Signing in and out in Chromium: with and without scripts, under the policy that pages have."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from db.engine import Database
from tests.console.conftest import WIDTHS, check_at_each_width, create_test_app, serve
from tests.console.entry.conftest import PASSWORD, WRONG, add_user, execute, make_link
from worker.browser.pool import BrowserPool

Windows = Callable[..., Page]


@pytest.fixture
def window(database_url: str, redis_url: str, browser_pool: BrowserPool) -> Iterator[Windows]:
    """Open windows that haven't signed in, each with cookies of its own."""
    with ExitStack() as opened:
        address = opened.enter_context(serve(create_test_app(database_url, redis_url)))

        def open_window(width: int = WIDTHS[0], *, java_script: bool = True) -> Page:
            context: BrowserContext = browser_pool._get_browser().new_context(
                base_url=address,
                viewport={"width": width, "height": 740},
                reduced_motion="reduce",
                java_script_enabled=java_script,
            )
            opened.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(30_000)
            return page

        yield open_window


@pytest.mark.parametrize("java_script", [True, False])
def test_a_person_signs_in_sees_the_browser_listed_and_signs_out(
    window: Windows, database: Database, java_script: bool
) -> None:
    add_user(database)
    page = window(java_script=java_script)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/sessions")
    assert page.url.endswith("/enter?next=/sessions")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(WRONG)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("don't belong together")
    expect(page.get_by_label("Name")).to_have_value("ann")
    expect(page.get_by_label("Password")).to_have_value("")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Signed-in browsers")
    assert page.url.endswith("/sessions")
    page.get_by_role("button", name="my other browsers").click()
    expect(page.get_by_role("status")).to_contain_text("0 other browsers were signed out")
    page.get_by_role("button", name="Sign out of this browser").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    unexpected = [each for each in complaints if "status of 4" not in each]
    assert not unexpected


def test_the_pages_are_accessible(window: Windows, database: Database) -> None:
    user_id = add_user(database)
    page = window()
    for path, width in zip(("/enter", "/enter/not-a-link", "/sessions"), WIDTHS, strict=True):
        if path == "/sessions":
            page.goto(make_link(database, user_id))
        page.goto(path)
        check_at_each_width(page, width)


def test_a_page_whose_session_has_ended_goes_to_where_one_signs_in_and_back(
    window: Windows, database: Database
) -> None:
    user_id = add_user(database)
    page = window()
    page.goto(make_link(database, user_id))
    page.goto("/sessions")
    execute(database, "delete from console_sessions")
    page.get_by_role("button", name="my other browsers").click()
    page.wait_for_url("**/enter?next=/sessions")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/sessions")


def test_a_form_of_another_site_signs_nobody_in_or_out(window: Windows, database: Database) -> None:
    page = window()
    page.goto(make_link(database, add_user(database)))
    page.goto("/sessions")
    own = page.url
    token = page.locator('input[name="csrf"]').first.get_attribute("value")
    page.goto(own.replace("127.0.0.1", "localhost").replace("/sessions", "/health"))
    page.evaluate(
        """([target, token]) => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = target;
            const field = document.createElement("input");
            field.name = "csrf";
            field.value = token;
            form.append(field);
            document.documentElement.append(form);
            form.submit();
        }""",
        [own.replace("/sessions", "/leave"), token],
    )
    page.wait_for_url("**/leave")
    page.goto(own)
    expect(page.get_by_role("heading", level=1)).to_have_text("Signed-in browsers")


def test_a_script_in_a_page_does_not_run(window: Windows, database: Database) -> None:
    page = window()
    page.goto(make_link(database, add_user(database)))
    page.goto("/sessions")
    ran = page.evaluate(
        """() => {
            const script = document.createElement("script");
            try { script.textContent = "window.ran = 1"; } catch {}
            document.body.append(script);
            const box = document.createElement("div");
            box.innerHTML = "<img src=x onerror='window.ran = 2'>";
            document.body.append(box);
            return new Promise((done) => setTimeout(() => done(window.ran ?? 0), 100));
        }"""
    )
    assert ran == 0
