"""What a first visit costs, and that nothing moves while a page is read.

The bench `console` times the server.
"""

import re

import pytest

from db.engine import Database
from tests.console.conftest import PHONE, WIDTHS, Console, LiveConsoleFactory, set_width
from tests.console.today import scenes
from tests.http.conftest import TestClient

MOST_BYTES = 60_000
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def a_full_day(database: Database) -> None:
    """Fill the lists of the first page as far as a page shows them."""
    with database.transaction() as session:
        account = scenes.signed_in(session)
        for number in range(50):
            scenes.greeted(
                session, account, f"Greeted Person {number}", text=f"Happy birthday, number {number}!"
            )
            scenes.planned(session, account, f"Planned Person {number}")


def count_bytes(client: TestClient, path: str) -> int:
    """Return the bytes of a body as it is sent."""
    with client.stream("GET", path) as answer:
        return sum(map(len, answer.iter_raw()))


@pytest.mark.usefixtures("a_full_day")
def test_the_first_visit_is_light(console: Console) -> None:
    client = console()
    page = client.get("/").text
    assert page.count("Greeted Person") >= 50
    files = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    assert len(files) == 4
    assert sum(count_bytes(client, path) for path in ("/", *files)) < MOST_BYTES


@pytest.mark.usefixtures("a_full_day")
def test_nothing_moves_while_a_page_loads_and_what_moves_is_noticed(live_console: LiveConsoleFactory) -> None:
    page = live_console().page_at(PHONE, None)
    page.add_init_script(SHIFTS)
    for width in WIDTHS:
        set_width(page, width)
        for path in ("/review", "/people", "/quota", "/calendar", "/"):
            page.goto(path)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("window.shifted") == 0, f"{path} at {width} px"
    # What was not painted yet can't move: each try waits for a frame before it moves everything below.
    page.wait_for_function(
        """() => {
            document.querySelector("#today").before(document.createElement("hr"));
            return window.shifted > 0;
        }"""
    )
