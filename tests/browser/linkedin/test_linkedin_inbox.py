"""The list of conversations: who wrote last and when, without opening one."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.browser.linkedin import messaging_pages as made
from tests.browser.linkedin.messaging_pages import Pages, inbox_row
from worker import clock
from worker.browser.linkedin.adapter import LinkedInSite
from worker.browser.linkedin.messaging.inbox import Row, is_outgoing
from worker.browser.linkedin.messaging.row_times import read_row_time
from worker.errors import TryAgainError

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 25, 15, 0, 30, tzinfo=PARIS)  # a Wednesday
DAY = timedelta(days=1)


def at(month: int, day: int, hour: int = 0, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("en", "10:29 AM", at(11, 25, 10, 29)), ("en", "12:05 am", at(11, 25, 0, 5)),
        ("en", "2:05 PM", at(11, 25, 14, 5)), ("fr", "10:29", at(11, 25, 10, 29)),
        ("fr", "10 h 29", at(11, 25, 10, 29)), ("es", "2:44 p. m.", at(11, 25, 14, 44)),
        ("en", "Yesterday", at(11, 24)), ("de", "Gestern", at(11, 24)), ("pl", "HEUTE", None),
        ("en", "Mon", at(11, 23)), ("fr", "lun.", at(11, 23)), ("de", "Mo", at(11, 23)),
        ("es", "miércoles", at(11, 18)), ("pl", "niedziela", at(11, 22)), ("pl", "czw.", at(11, 19)),
        ("en", "Nov 10", at(11, 10)), ("fr", "10 nov.", at(11, 10)), ("de", "10. Nov.", at(11, 10)),
        ("es", "10 nov", at(11, 10)), ("pl", "10 lis", at(11, 10)), ("pl", "14 maj", at(5, 14)),
        ("en", "Dec 24", at(12, 24, year=2025)), ("de", "3. März 2025", at(3, 3, year=2025)),
        ("en", "soon", None), ("en", "", None), (None, "10:29", at(11, 25, 10, 29)),
    ],
)  # fmt: skip
def test_the_time_of_a_row_is_as_exact_as_it_is_shown(
    language: str | None, text: str, first: datetime | None
) -> None:
    found = read_row_time(text, language, NOW, PARIS)
    if first is None:
        assert found is None
        return
    exact = timedelta(minutes=1) if ":" in text or " h " in text else DAY
    assert found == (first, first + exact - timedelta.resolution)


def test_no_time_is_after_now() -> None:
    assert read_row_time("15:00", "fr", NOW, PARIS) == (at(11, 25, 15), NOW)
    assert read_row_time("Aujourd’hui", "fr", NOW, PARIS) == (at(11, 25), NOW)  # noqa: RUF001 -- as pages write it


@pytest.mark.parametrize(
    ("language", "snippet", "unread", "expected"),
    [
        ("en", "You: Happy birthday!", False, True), ("fr", "Vous : Joyeux anniversaire", False, True),
        ("de", "Sie: Alles Gute", False, True), ("es", "Tú: Feliz cumpleaños", False, True),
        ("pl", "Ty: Wszystkiego", False, True), ("pl", "You: English on a Polish page", False, True),
        ("en", "Thank you!", False, False), ("en", "Thank you!", True, False),
        ("en", "Ada: Thank you!", False, False), ("en", "Note: I am away", True, False),
        ("en", "Note: I am away", False, None), ("fr", "Toi : salut", False, None),
        ("en", "You »: Hello", False, None), ("en", "See https://example.test", False, False),
        ("tr", "Teşekkürler", False, None), ("tr", "Teşekkürler", True, False), (None, "Thanks", False, None),
        ("en", "You: unread", True, None),
    ],
)  # fmt: skip
def test_who_wrote_last_is_said_only_where_the_row_shows_it(
    language: str | None, snippet: str, *, unread: bool, expected: bool | None
) -> None:
    assert is_outgoing(Row("Ada Example", "10:29", snippet, unread), language) is expected


OCCLUDED = """
const list = document.querySelector("main ul");
list.style.cssText = "height: 130px; overflow-y: auto; display: block";
const rows = [...list.children].map((row) => [row, row.innerHTML]);
const fill = () => rows.forEach(([row, html]) => {
  row.style.cssText = "display: block; height: 60px; overflow: hidden";
  const at = row.offsetTop - list.offsetTop - list.scrollTop;
  row.innerHTML = at > -70 && at < 140 ? html : "";
});
fill();
list.addEventListener("scroll", () => setTimeout(fill, 50));
list.addEventListener("click", () => window.clicks = 1, true);
"""


def test_all_rows_are_read_though_those_out_of_sight_are_empty(linkedin: LinkedInSite, pages: Pages) -> None:
    rows = [inbox_row(f"Person Number{n}", "10:29", "Hello", unread=n == 3) for n in range(12)]
    rows[5] = inbox_row("Ada Example", "10:29", "You: Happy birthday")
    rows.append(inbox_row("Long Ago", "Jan 3, 2025", "Hello"))
    rows.append(inbox_row("Longer Ago", "Jan 2, 2025", "Hello"))
    listed = f'<ul class="msg-conversations-container__conversations-list">{"".join(rows)}</ul>'
    pages.bodies["/messaging/compose/"] = made.page(listed, script=OCCLUDED)
    lines = linkedin.inbox(clock.now() - 300 * DAY)
    assert [line.name for line in lines] == [
        "Ada Example" if n == 5 else f"Person Number{n}" for n in range(12)
    ]
    assert [line.name for line in lines if line.outgoing] == ["Ada Example"]
    assert lines[5].preview == "Happy birthday"
    assert {line.profile_url for line in lines} == {None}
    assert pages.opened == ["/messaging/compose/"]
    assert pages.page.evaluate("window.clicks") is None


def test_a_list_without_rows_is_not_an_empty_inbox(linkedin: LinkedInSite, pages: Pages) -> None:
    pages.bodies["/messaging/compose/"] = made.page(
        '<ul class="msg-conversations-container__conversations-list" style="height: 9px"></ul>'
    )
    with pytest.raises(TryAgainError):
        linkedin.inbox(datetime(2026, 1, 1, tzinfo=UTC))
