"""The pages of campaigns, schedules, templates and searches in Chromium: each page, each change."""

import re
from typing import Final
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from db.engine import Database
from db.store.actions import control
from db.store.campaigns import saved_searches, schedules, templates
from db.store.people.accounts import AccountRecord
from tests.console.campaigns.conftest import plan_requested
from tests.console.campaigns.test_campaign_pages import planned_campaign, state_of
from tests.console.conftest import (
    DESK,
    PHONE,
    WIDTHS,
    LiveConsoleFactory,
    check_at_each_width,
    check_page,
)
from worker.rules.model import CampaignState

PAGES: Final = (
    "/campaigns", "/campaigns/new", "/campaigns/new/birthday", "/campaigns/new/visitor",
    "/campaigns/new/sourcing", "/campaigns/new/invitations", "/schedules", "/schedules/birthday",
    "/templates?language=en", "/templates/1", "/templates/signature", "/searches", "/searches/new",
)  # fmt: skip


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def campaign_in(page: Page) -> UUID:
    page.wait_for_url(re.compile("/campaigns/[0-9a-f-]{36}$"))
    return UUID(page.url.rpartition("/")[2])


def test_each_page_is_accessible_at_each_width(
    live_console: LiveConsoleFactory, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        campaign_id = planned_campaign(session, account)
    page = live_console().page_at(PHONE, None)
    paths = (*PAGES, f"/campaigns/{campaign_id}", f"/campaigns/{campaign_id}/cancel")
    for place, path in enumerate(paths):
        page.goto(path)
        check_at_each_width(page, WIDTHS[place % len(WIDTHS)])


@pytest.mark.usefixtures("workers", "account")
def test_the_dry_run_follows_the_form_and_a_started_campaign_its_plan(
    live_console: LiveConsoleFactory, database: Database
) -> None:
    page = live_console().page_at(PHONE, "/campaigns/new/birthday")
    preview = page.get_by_role("region", name="What it would do")
    expect(preview.get_by_text("Anna Smith")).to_be_visible()
    page.get_by_label("I approve each greeting").check()
    expect(preview.get_by_text("Each greeting waits until you have approved it.")).to_be_visible()
    page.get_by_label("Also birthdays up to").fill("99")
    expect(preview.get_by_text("The options aren't complete yet.")).to_be_visible()
    press(page, "Start it")
    expect(page.get_by_text("at most 10")).to_be_visible()
    expect(page.get_by_label("I approve each greeting")).to_be_checked()
    check_page(page)
    page.get_by_label("Also birthdays up to").fill("2")
    page.get_by_label("Read the site's birthdays page first").uncheck()
    press(page, "Start it")
    campaign_id = campaign_in(page)
    expect(page.get_by_text("A worker will plan it in a moment.")).to_be_visible()
    assert plan_requested(database) == [campaign_id]
    expect(page.get_by_text("0 of 2 done")).to_be_visible()
    cancel = page.get_by_role("link", name="Cancel …")
    cancel.focus()
    with database.transaction() as session:
        control.pause_campaign(session, campaign_id)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(cancel).to_be_focused()  # who uses a keyboard doesn't lose their place


@pytest.mark.usefixtures("workers", "account")
def test_without_scripts_each_form_does_the_same(
    live_console: LiveConsoleFactory, database: Database
) -> None:
    page = live_console().page_at(PHONE, "/campaigns/new/birthday", java_script=False)
    page.get_by_label("Read the site's birthdays page first").uncheck()
    press(page, "Dry run")
    expect(page.get_by_text("Anna Smith")).to_be_visible()
    expect(page.get_by_label("Read the site's birthdays page first")).not_to_be_checked()
    press(page, "Start it")
    campaign_id = campaign_in(page)
    plan_requested(database)
    page.reload()
    page.get_by_role("link", name="Cancel …").click()
    expect(page.get_by_text("planned actions would be left out")).to_be_visible()
    press(page, "Cancel it for good")
    expect(page.get_by_text("The campaign is cancelled")).to_be_visible()
    assert state_of(database, campaign_id) is CampaignState.CANCELLED
    page.goto("/schedules/birthday")
    page.get_by_label("By a cron rule").check()
    page.get_by_label("Minute, hour, day, month, weekday").fill("15 7 * * 1")
    press(page, "Save and switch on")
    expect(page.get_by_text("Monday at 07:15")).to_be_visible()
    press(page, "Switch off: Birthday greetings")
    with database.transaction() as session:
        assert [found.enabled for found in schedules.list_schedules(session)] == [False]


@pytest.mark.usefixtures("account")
def test_a_template_is_written_with_the_keyboard_alone(
    live_console: LiveConsoleFactory, database: Database
) -> None:
    page = live_console().page_at(DESK, "/templates/new")
    page.get_by_label("Text", exact=True).focus()
    page.keyboard.type("Cheers {first_name}")
    check = page.get_by_role("region", name="How it reads")
    expect(check.get_by_text("write {{ first_name }}")).to_be_visible()
    page.keyboard.press("Control+A")
    page.keyboard.type("Cheers, {{ first_name }}!")
    expect(check.get_by_text("Cheers, Anna!").first).to_be_visible()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Save")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The template is saved.")).to_be_visible()
    expect(page.get_by_text("replaced by your own").first).to_be_visible()
    with database.transaction() as session:
        bodies = [found.body for found in templates.list_templates(session) if not found.default]
    assert bodies == ["Cheers, {{ first_name }}!"]


@pytest.mark.usefixtures("workers", "account")
def test_a_search_is_saved_and_run_and_a_schedule_shows_its_starts(
    live_console: LiveConsoleFactory, database: Database
) -> None:
    page = live_console().page_at(DESK, "/searches/new")
    page.get_by_label("Name", exact=True).fill("engineers")
    page.get_by_role("textbox", name="Title", exact=True).fill("Engineer")
    press(page, "Save")
    page.get_by_role("link", name="Search and rank: engineers").click()
    preview = page.get_by_role("region", name="What it would do")
    expect(preview.get_by_text("title: Engineer")).to_be_visible()
    press(page, "Start it")
    campaign_id = campaign_in(page)
    plan_requested(database)
    page.goto(f"/campaigns/{campaign_id}/results")
    expect(page.get_by_text("Nobody was found yet")).to_be_visible()
    check_page(page)
    page.goto("/searches")
    press(page, "Delete: engineers")
    press(page, "Delete it")
    expect(page.get_by_text("The search is deleted.")).to_be_visible()
    with database.transaction() as session:
        assert not saved_searches.list_saved_searches(session)
    page.goto("/schedules/visitor")
    starts = page.get_by_role("region", name="Next starts")
    page.get_by_label("Time", exact=True).fill("06:45")
    expect(starts.get_by_text("06:45").first).to_be_visible()
    press(page, "Save and switch on")
    expect(page.get_by_text("Monday, Tuesday, Wednesday, Thursday, Friday at 06:45")).to_be_visible()
