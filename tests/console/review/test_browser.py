"""The pages in Chromium: at three widths, without JavaScript, by keyboard, and by touch."""

import re

from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from api_stub.console.session import Role
from db.engine import Database
from db.tables import Action, Contact
from tests.builders import action
from tests.console.conftest import (
    DESK,
    PHONE,
    TABLET,
    WIDTHS,
    LiveConsoleFactory,
    check_at_each_width,
    check_fits,
    check_page,
    set_width,
)
from tests.console.review.helpers import propose
from tests.console.review.test_texts import add_templates
from worker.errors import Reason
from worker.rules.model import ActionState

S = ActionState
NAMES = ("Ann Example", "Mohammed Ibn Al-Something", "王小明", "Eve E", "Zoe Z", "Bob B", "Kim K")
TEXTS = (
    "Happy birthday, Ann!", "عيد ميلاد سعيد يا محمد! أتمنى لك عامًا رائعًا", "小明 生日快乐", *(
        f"Happy birthday, {name}! I wish you a year to your liking." for name in ("Eve", "Zoe", "Bob", "Kim")
    ),
)  # fmt: skip


def state(database: Database, name: str) -> tuple[str, str]:
    """Return state and text of a person's action."""
    with database.transaction() as session:
        found = session.scalars(
            select(Action).join(Contact, Contact.id == Action.contact_id).where(Contact.full_name == name)
        ).one()
        return found.state, found.message


def test_each_page_and_change_at_each_width(live_console: LiveConsoleFactory, database: Database) -> None:
    ids = propose(database, *NAMES, texts=TEXTS)
    add_templates(database)
    with database.transaction() as session:
        session.execute(
            update(Action).where(Action.id == ids[1]).values(reason=Reason.NAME_DIFFERS, detail="W" * 300)
        )
    page = live_console(Role.APPROVER).page_at(PHONE, "/review")
    check_at_each_width(page)
    for place, part in enumerate(("", "/edit", "/template", "/hold", "/never")):
        page.goto(f"/review/{ids[0]}{part}")
        check_at_each_width(page, WIDTHS[place % len(WIDTHS)])
    page.goto("/review")
    for name, width in zip(NAMES, WIDTHS, strict=False):
        set_width(page, width)
        page.get_by_role("article", name=name).get_by_role("button", name="Approve").click()
        expect(page.get_by_role("status")).to_have_text(f"{name}: approved.")
        if width == TABLET:
            check_page(page)
        else:
            check_fits(page)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("status")).to_have_text("Taken back: it waits for you again.")
        assert state(database, name)[0] == S.PROPOSED
    page.goto("/review")
    page.get_by_role("button", name="Approve all 7 of today").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("7 greetings were approved")
    check_page(page)


def test_without_java_script_all_is_links_and_forms(
    live_console: LiveConsoleFactory, database: Database
) -> None:
    propose(database, *NAMES[3:], texts=TEXTS[3:])
    add_templates(database)
    page = live_console(Role.APPROVER).page_at(PHONE, "/review", java_script=False)
    page.get_by_role("article", name="Eve E").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status")).to_have_text("Eve E: approved.")
    page.get_by_role("article", name="Zoe Z").get_by_role("button", name="Leave out").click()
    expect(page.get_by_role("status")).to_have_text("Zoe Z: left out this time.")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_have_text("Taken back: it waits for you again.")
    page.get_by_role("article", name="Bob B").get_by_role("link", name="Edit").click()
    page.get_by_label("Text").fill("Hi {{ first_name }}")
    page.get_by_role("button", name="Approve this text").click()
    expect(page.get_by_label("Text")).to_have_value("Hi {{ first_name }}")
    expect(page.locator("#check")).to_contain_text("so write Bob")
    page.get_by_label("Text").fill("Hi Rob!")
    page.get_by_role("button", name="Approve this text").click()
    expect(page.locator("#check")).to_contain_text("doesn't have the name Bob")
    page.get_by_role("button", name="Approve it all the same").click()
    expect(page.get_by_role("status")).to_have_text("Bob B: approved.")
    page.get_by_role("article", name="Kim K").get_by_role("link", name="Other text").click()
    page.get_by_role("region", name=re.compile("English")).first.get_by_role(
        "button", name="Use this text"
    ).click()
    expect(page.get_by_role("article", name="Kim K")).to_contain_text("All the best for your birthday, Kim.")
    page.get_by_role("article", name="Kim K").get_by_role("link", name="Hold").click()
    page.get_by_role("button", name="Hold").click()
    expect(page.get_by_role("heading", name="Tomorrow")).to_be_visible()
    page.get_by_role("article", name="Kim K").get_by_role("link", name="Never").click()
    page.get_by_role("button", name="Never contact them again").click()
    expect(page.get_by_role("status")).to_have_text("Kim K: never contacted again.")
    assert {name: state(database, name)[0] for name in NAMES[3:]} == {
        "Eve E": S.PLANNED, "Zoe Z": S.PROPOSED, "Bob B": S.PLANNED, "Kim K": S.SKIPPED,
    }  # fmt: skip


def test_three_people_by_keyboard_alone(live_console: LiveConsoleFactory, database: Database) -> None:
    ids = propose(database, *NAMES[3:], texts=TEXTS[3:])
    with database.transaction() as session:
        order = [session.get_one(Contact, action(session, each).contact_id).full_name for each in ids]
    page = live_console(Role.APPROVER).page_at(DESK, "/review")

    def focused(name: str) -> None:
        expect(page.get_by_role("article", name=name)).to_be_focused()

    page.keyboard.press("a")  # nobody is chosen yet
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    check_page(page)
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    focused(order[0])
    page.keyboard.press("ArrowDown")
    focused(order[1])
    page.keyboard.press("k")
    focused(order[0])
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_have_text(f"{order[0]}: approved.")
    focused(order[1])
    page.keyboard.press("d")
    expect(page.get_by_role("status")).to_have_text(f"{order[1]}: left out this time.")
    focused(order[2])
    undone: list[str] = []
    page.on("request", lambda request: undone.append(request.url) if request.url.endswith("/undo") else None)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("u")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert undone == []
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_have_text("Taken back: it waits for you again.")
    assert state(database, order[1])[0] == S.PROPOSED
    page.get_by_role("article", name=order[2]).focus()
    page.keyboard.press("e")
    field = page.get_by_label("Text")
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Dad")
    expect(page.locator("#check")).to_contain_text("3 of 600 characters")
    expect(page.locator("#check")).to_contain_text("doesn't have the name")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text(f"{order[2]}: approved.")
    assert state(database, order[2]) == (S.PLANNED, "Dad")
    assert [state(database, each)[0] for each in (order[0], order[1], order[3])] == [
        S.PLANNED, S.PROPOSED, S.PROPOSED,
    ]  # fmt: skip


def swipe(page: Page, name: str, across: int, down: int = 0) -> None:
    """Move one finger over a card, as the browser itself would report it."""
    card = page.get_by_role("article", name=name)
    card.evaluate("card => card.scrollIntoView({block: 'center'})")
    box = card.bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + 40

    def touch(kind: str, *points: tuple[float, float]) -> None:
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": px, "y": py} for px, py in points]},
        )

    touch("touchStart", (x, y))
    for part in (0.25, 0.5, 1):
        touch("touchMove", (x + across * part, y + down * part))
    touch("touchEnd")


def test_a_swipe_to_the_right_approves_and_one_to_the_left_leaves_out(
    live_console: LiveConsoleFactory, database: Database
) -> None:
    propose(database, *NAMES[3:], texts=TEXTS[3:])
    page = live_console(Role.APPROVER).page_at(PHONE, "/review", touch=True)
    swipe(page, "Eve E", 60)
    swipe(page, "Eve E", 20, 200)
    page.reload()
    swipe(page, "Eve E", 130)
    expect(page.get_by_role("status")).to_have_text("Eve E: approved.")
    swipe(page, "Zoe Z", -130)
    expect(page.get_by_role("status")).to_have_text("Zoe Z: left out this time.")
    assert [state(database, name)[0] for name in NAMES[3:]] == [
        S.PLANNED, S.SKIPPED, S.PROPOSED, S.PROPOSED,
    ]  # fmt: skip


def test_an_offer_to_undo_ends_with_its_time(live_console: LiveConsoleFactory, database: Database) -> None:
    propose(database, "Eve E")
    page = live_console(Role.APPROVER).page_at(DESK, "/review")
    page.clock.install()
    page.get_by_role("button", name="Approve", exact=True).click()
    offer = page.get_by_role("button", name="Undo")
    expect(offer).to_be_visible()
    page.clock.fast_forward(31_000)
    expect(offer).to_be_hidden()
