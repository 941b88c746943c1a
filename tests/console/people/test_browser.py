"""The pages of people in Chromium: at each width, with and without JavaScript, and by keyboard alone."""

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from db.engine import Database
from db.tables import Contact
from tests.console.conftest import (
    PHONE,
    WIDTHS,
    LiveConsoleFactory,
    check_at_each_width,
    check_page,
    set_width,
)
from tests.console.people.conftest import Known, contact


def test_each_page_at_each_width(live_console: LiveConsoleFactory, known: Known, database: Database) -> None:
    with database.transaction() as session:
        session.get_one(Contact, known.namesake).full_name = "W" * 300
        session.get_one(Contact, known.zoe).do_not_contact = True
    served = live_console()
    page = served.page_at(PHONE, "/people")
    page.get_by_text("Filters and order").click()
    check_at_each_width(page)
    for path, width in zip((known.zoe, f"{known.ann}/edit", f"{known.ann}/forget"), WIDTHS, strict=True):
        page.goto(f"/people/{path}")
        check_at_each_width(page, width)
    check_page(served.page_at(PHONE, f"/people/{known.ann}", dark=True))


def test_the_list_follows_what_is_typed_and_back_returns_to_it(
    live_console: LiveConsoleFactory, known: Known
) -> None:
    page = live_console().page_at(path="/people")
    page.get_by_label("Search").press_sequentially("quill zo")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("#count")).to_have_text("2 people")
    assert "q=quill+zo" in page.url or "q=quill%20zo" in page.url
    expect(page.get_by_label("Search")).to_be_focused()
    page.get_by_role("link", name="Zoë Quill").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Zoë Quill")
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_label("Search")).to_have_value("quill zo")


def search_and_correct(page: Page, known: Known, database: Database) -> None:
    page.get_by_label("Search").fill("ann")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("link", name="Ann Lee").click()
    page.get_by_role("link", name="Correct name, birthday, language").click()
    page.get_by_label("Called by greetings").fill("Nanette")
    page.get_by_role("button", name="Only show the greeting").click()
    expect(page.locator("#greeting")).to_contain_text("Nanette")
    page.get_by_label("Birthday").fill("31-12")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Birthday")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Birthday").fill("3-14")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Ann Lee: changed.")
    assert contact(database, known.ann).call_by == "Nanette"


def hold_and_forget(page: Page, known: Known, database: Database) -> None:
    page.get_by_label("Hold until").fill(str(known.today + timedelta(days=5)))
    page.get_by_label("Reason, for yourself").fill("on leave")
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Ann Lee is on hold until")
    page.get_by_role("button", name="End the hold now").click()
    expect(page.get_by_role("status")).to_contain_text("no longer on hold")
    page.get_by_role("button", name="Never contact again").click()
    expect(page.get_by_role("status")).to_contain_text("never contacted again")
    page.get_by_role("button", name="Allow contact again").click()
    expect(page.get_by_role("status")).to_contain_text("may be contacted again")
    page.get_by_role("link", name="Forget this person").click()
    page.get_by_label("Type yes").fill("yes")
    page.get_by_role("button", name="Forget for good").click()
    expect(page.get_by_role("status")).to_contain_text("The person was forgotten.")
    assert contact(database, known.ann).forgotten_at is not None


@pytest.mark.parametrize("java_script", [pytest.param(True, marks=pytest.mark.soak), False])
def test_each_change_from_end_to_end(
    live_console: LiveConsoleFactory, known: Known, database: Database, java_script: bool
) -> None:
    page = live_console().page_at(PHONE, "/people", java_script=java_script)
    search_and_correct(page, known, database)
    hold_and_forget(page, known, database)


def test_the_greeting_follows_the_name_as_it_is_typed(live_console: LiveConsoleFactory, known: Known) -> None:
    page = live_console().page_at(path=f"/people/{known.ann}/edit")
    page.get_by_label("Called by greetings").press_sequentially("Nanette")
    expect(page.locator("#greeting blockquote")).to_contain_text("Nanette")
    page.get_by_label("Called by greetings").press_sequentially("{")
    expect(page.locator("#greeting")).to_contain_text("placeholder")


def test_a_person_is_found_and_held_by_keyboard_alone(
    live_console: LiveConsoleFactory, known: Known, database: Database
) -> None:
    page = live_console().page_at(path="/people")
    tab_to(page, page.get_by_label("Search"))
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    tab_to(page, page.get_by_role("link", name="Ann Lee"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ann Lee")
    tab_to(page, page.get_by_role("button", name="Never contact again"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("never contacted again")
    assert contact(database, known.ann).do_not_contact


def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("each => each === document.activeElement"):
            return
    pytest.fail("the keyboard doesn't reach it")


def test_a_screen_reader_hears_rows_with_their_headings(
    live_console: LiveConsoleFactory, known: Known
) -> None:
    page = live_console().page_at(PHONE, "/people?q=ann")
    for width in WIDTHS:
        set_width(page, width)
        expect(page.get_by_role("table", name="People of demo")).to_match_aria_snapshot("""
            - table "People of demo":
              - rowgroup:
                - row:
                  - columnheader "Name"
                  - columnheader "Company and position"
                  - columnheader "Next birthday"
                  - columnheader "Called"
                  - columnheader "Last greeted"
              - rowgroup:
                - row:
                  - rowheader "Ann Lee":
                    - link "Ann Lee"
        """)
