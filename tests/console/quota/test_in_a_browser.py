"""The pages of the quota, of the calendar and of operations in Chromium."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from api_stub.console.session import Role
from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.store.quota import ledger, limits
from tests.builders import a_contact, database_now
from tests.console.conftest import DESK, PHONE, WIDTHS, LiveConsoleFactory, check_at_each_width
from tests.console.hostile import HOSTILE
from worker import queues
from worker.queues import Load
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.servers import redis_address


@pytest.fixture
def lively(database: Database, redis_url: str, marie: AccountRecord) -> AccountRecord:
    """An account with closed gates, long names, and a worker."""
    with database.transaction() as session:
        now = database_now(session)
        limits.cut_limits(session, marie.id, Kind.VISIT)
        ledger.write_breaker(session, marie.id, Kind.COLLECT, Breaker(3, 1, now + timedelta(hours=1)))
        for number, name in enumerate(HOSTILE * 2):
            a_contact(session, marie, f"h{number}", name=name.replace("\0", ""), birthday=now.date())
    with queues.connect(redis_address.parse(redis_url)) as client:
        load = Load(up_s=60, children=1, running=0, memory_bytes=300_000_000)
        queues.record_consumer(client, "all@box", queues.ALL_QUEUES, asked_s=0, busy_s=None, load=load)
        queues.record_consumer(client, HOSTILE[5], ["birthday"], asked_s=0, busy_s=None, load=load)
    return marie


def open_details(page: Page) -> None:
    """Open every table behind a picture."""
    for each in page.locator("main details > summary").all():
        each.click()


@pytest.mark.usefixtures("lively")
def test_the_pages_are_accessible_and_fit_at_each_width(live_console: LiveConsoleFactory) -> None:
    page = live_console().page_at(PHONE, "/quota", dark=True)
    open_details(page)
    check_at_each_width(page)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    for place, path in enumerate(("/calendar", "/quota/greet", "/quota/warm-up", "/ops"), start=1):
        page.goto(path)
        open_details(page)
        check_at_each_width(page, WIDTHS[place % len(WIDTHS)])


@pytest.mark.usefixtures("lively")
def test_pictures_are_seen_and_told(live_console: LiveConsoleFactory) -> None:
    page = live_console(Role.VIEWER).page_at(PHONE, "/quota")
    gauge = page.get_by_role("img", name="Greetings, 7 days")
    expect(gauge).to_be_visible()
    expect(gauge).to_have_accessible_description("5 used, 32 left, limit 37.")
    used, track = (gauge.locator(f"rect.{part}").bounding_box() for part in ("used", "track"))
    assert used
    assert track
    assert abs(used["width"] / track["width"] - 5 / 37) < 0.03  # its picture is its number
    page.goto("/calendar")
    expect(page.get_by_role("img", name="Greetings of the coming days")).to_be_visible()
    months = page.locator("svg.month")
    assert months.count() == 12
    assert all((months.nth(n).bounding_box() or {"width": 0})["width"] > 40 for n in range(12))


@pytest.mark.usefixtures("lively")
def test_limits_are_changed_without_a_script(live_console: LiveConsoleFactory) -> None:
    page = live_console().page_at(PHONE, "/quota", java_script=False)
    page.get_by_role("link", name="Change the limits: Greetings").click()
    page.get_by_label("A day").fill("31")
    page.get_by_role("button", name="Save the limits").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("A day")).to_have_accessible_description(
        "At most 30 on this site. The hard ceiling of this site is 30."
    )
    expect(page.get_by_label("A day")).to_have_value("31")
    page.get_by_label("A day").fill("12")
    page.get_by_role("button", name="Save the limits").click()
    expect(page.get_by_role("status")).to_contain_text("The limits are changed")
    expect(page.get_by_text("A day: 15 → 12")).to_be_visible()


@pytest.mark.usefixtures("lively")
def test_limits_and_a_breaker_are_changed_by_keyboard_alone(live_console: LiveConsoleFactory) -> None:
    page = live_console().page_at(DESK, "/quota")

    def press_until(name: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "document.activeElement.getAttribute('aria-label') || document.activeElement.name"
                " || document.activeElement.textContent.trim()"
            )
            if focused == name:
                return
        raise AssertionError(f"{name} can't be reached by the Tab key")

    press_until("Close the breaker: Search pages")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("The breaker is closed.")
    press_until("Change the limits: All kinds together")
    page.keyboard.press("Enter")
    page.wait_for_url("**/quota/all**")
    press_until("per_day")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("60")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("The limits are changed")
    expect(page.get_by_text("A day: 80 → 60")).to_be_visible()


def test_a_long_forecast_comes_after_the_page(
    live_console: LiveConsoleFactory, database: Database, marie: AccountRecord
) -> None:
    with database.transaction() as session:
        today = database_now(session).date()
        for number in range(210):
            a_contact(session, marie, f"n{number}", name=f"Nina Nord {number}", birthday=today)
    served = live_console(Role.VIEWER)
    picture = served.page_at(PHONE, "/calendar").get_by_role("img", name="Greetings of the coming days")
    expect(picture).to_be_visible()
    bare = served.page_at(PHONE, "/calendar", java_script=False)
    bare.get_by_role("link", name="Show who is greeted when").click()
    expect(bare.get_by_role("img", name="Greetings of the coming days")).to_be_visible()
