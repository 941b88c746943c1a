"""Imports, doubts and set-up in Chromium: at three widths, without JavaScript, and by keyboard alone."""

from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from db.engine import Database
from db.store.imports import birthday_doubts
from db.store.notices import targets
from tests.builders import SANDBOX, a_contact, an_account
from tests.console.conftest import (
    DESK,
    PHONE,
    TABLET,
    UPLOADS,
    WIDTHS,
    LiveConsole,
    LiveConsoleFactory,
    check_at_each_width,
)  # fmt: skip
from tests.console.imports.helpers import PEOPLE, count_people, left_in

DROP = """([selector, name, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name, { type: "text/csv" }));
  const target = document.querySelector(selector);
  for (const kind of ["dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
  }
}"""


@pytest.fixture
def served(live_console: LiveConsoleFactory, database: Database) -> LiveConsole:
    with database.transaction() as session:
        account = an_account(session)
        for slug, name in (("dan", "Dan Roe"), ("dan2", "Dan Roe"), ("eva", "Eva Roe")):
            a_contact(session, account, slug, name=name)
        one = a_contact(session, account, "zoe", name="Zoe Roe", birthday=date(2026, 3, 4))
        assert one.id
        other = a_contact(session, account, "ACoAABcDeFgHiJk", name="Zoe Roe", birthday=date(2026, 3, 4))
        other.profile_url = f"{SANDBOX}ACoAABcDeFgHiJk/"
        targets.add_target(
            session, name="mail", account_id=None, scheme="mailtos", host="mail.example.org", sealed=b"x",
            kinds=None, with_texts=False, with_screenshots=False,
        )  # fmt: skip
    return live_console()


WITH_DOUBTS = PEOPLE + "Dan Roe,,1980-07-08,\nEva Roe,,1981-09-10,\n"


def choose_file(page: Page, folder: Path, text: str = WITH_DOUBTS) -> None:
    path = folder / "people.csv"
    path.write_text(text)
    page.locator("#file").set_input_files(path)


def test_each_page_is_accessible_at_each_width_and_a_dropped_file_is_imported(
    served: LiveConsole, database: Database
) -> None:
    page = served.page_at(DESK, "/imports")
    check_at_each_width(page, PHONE)
    page.evaluate(DROP, ["form[data-drop]", "people.csv", WITH_DOUBTS])
    page.get_by_role("button", name="See what it would do").click()
    expect(page.get_by_role("button", name="Import this file")).to_be_visible()
    expect(page.get_by_text("people.csv")).to_be_visible()
    check_at_each_width(page, TABLET)
    page.get_by_role("button", name="Import this file").click()
    expect(page.get_by_text("Imported.")).to_be_visible()
    check_at_each_width(page, DESK)
    page.get_by_role("link", name="See what it did").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What an import did")
    check_at_each_width(page, PHONE)
    for place, path in enumerate(
        ("/doubts", "/doubts/unique", "/doubts/same", "/setup", "/setup/account?new=1",
         "/setup/hours", "/setup/notices", "/setup/checks")
    ):  # fmt: skip
        page.goto(path)
        check_at_each_width(page, WIDTHS[place % len(WIDTHS)])
    assert count_people(database) == 8
    assert left_in(UPLOADS) == []


def test_doubts_are_answered_on_a_phone(served: LiveConsole, database: Database, tmp_path: Path) -> None:
    page = served.page_at(PHONE, "/imports", touch=True)
    choose_file(page, tmp_path)
    page.get_by_role("button", name="See what it would do").tap()
    page.get_by_role("button", name="Import this file").tap()
    page.get_by_role("link", name="Answer the doubts").tap()
    page.get_by_role("button", name="Yes, Dan Roe has the birthday 8 July 1980").first.tap()
    expect(page.get_by_text("The birthday is stored.")).to_be_visible()
    page.get_by_role("button", name="No, Eva Roe hasn't the birthday 10 September 1981").tap()
    expect(page.get_by_text("No birthday waits for an answer")).to_be_visible()
    page.get_by_role("button", name="Ask again about Eva Roe").tap()
    expect(page.get_by_text("It is asked again.")).to_be_visible()
    page.get_by_role("link", name="Those whose name is that of one contact only …").tap()
    page.get_by_role("button", name="Store 1 birthday").tap()
    page.get_by_role("link", name="Same person? (1)").tap()
    page.get_by_label("One person: type yes to join them for good").fill("yes")
    page.get_by_role("button", name="Join them").tap()
    expect(page.get_by_text("They are one contact now.")).to_be_visible()
    with database.transaction() as session:
        assert birthday_doubts.list_doubts(session) == []


def test_without_javascript_all_of_it_works(served: LiveConsole, database: Database, tmp_path: Path) -> None:
    page = served.page_at(PHONE, "/imports", java_script=False)
    choose_file(page, tmp_path)
    page.get_by_role("button", name="See what it would do").click()
    expect(page.get_by_role("button", name="Import this file")).to_be_visible()  # the page asks again itself
    page.get_by_role("button", name="Import this file").click()
    expect(page.get_by_text("Imported.")).to_be_visible()
    page.get_by_role("link", name="See what it did").click()
    page.get_by_role("link", name="Undo this import …").click()
    page.get_by_role("button", name="Undo it").click()
    expect(page.get_by_text("The import is undone.")).to_be_visible()
    assert count_people(database) == 5
    page.goto("/setup/account?new=1")
    page.get_by_label("Name", exact=True).fill("demo2")
    page.get_by_label("sandbox").check()
    page.get_by_label("Time zone", exact=True).fill("Europe/Paris")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("The account is added.")).to_be_visible()


def test_by_keyboard_alone_hours_are_set_and_a_doubt_is_answered(
    served: LiveConsole, database: Database, tmp_path: Path
) -> None:
    page = served.page_at(768, "/setup/hours")
    page.on("filechooser", lambda _: None)  # from the start: Playwright begins to catch them asynchronously
    press_to(page, page.get_by_label("From", exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.type("08:15")
    press_to(page, page.get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Hours and limits are set")).to_be_visible()
    page.goto("/doubts/same")
    press_to(page, page.get_by_role("button", name="They are two people"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("They are two people, and both are greeted.")).to_be_visible()
    page.goto("/imports")
    press_to(page, page.locator("#file"))
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Enter")
    path = tmp_path / "by-keyboard.csv"
    path.write_text(PEOPLE)
    chosen.value.set_files(path)
    press_to(page, page.get_by_role("button", name="See what it would do"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Import this file")).to_be_visible()


def press_to(page: Page, target: Locator) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(60):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("not reached by Tab")
