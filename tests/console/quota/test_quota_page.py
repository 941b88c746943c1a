"""The page of the quota: its gauges, tables and words say what the quota says."""

from datetime import timedelta

import pytest

from api_stub.console.session import Role
from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.store.quota import ledger, limits, status
from tests.builders import a_contact, add_planned, an_account, database_now
from tests.builders import action as get_action
from tests.console.conftest import Console
from tests.console.hostile import HOSTILE
from tests.console.quota.helpers import UNSAFE, count_of, read_tables
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.limits import Limits
from worker.rules.quota.windows import Hours

HEADINGS = {
    Kind.GREET: "Greetings", Kind.VISIT: "Visits", Kind.COLLECT: "Search pages", Kind.WITHDRAW: "Withdrawals",
}  # fmt: skip
HOUR = timedelta(hours=1)
ONE_MINUTE_A_DAY = Hours(timedelta(minutes=1), timedelta(minutes=2))


def test_the_tables_have_the_numbers_of_every_window(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    tables = read_tables(console(Role.VIEWER).get("/quota").text)
    with database.transaction() as session:
        found = status.get_account_status(session, marie)
    for kind, heading in HEADINGS.items():
        used, in_force = found.kinds[kind].used, found.kinds[kind].context.limits
        left = found.kinds[kind].by_ledger.remaining
        assert left is not None
        rows = {row[0]: [count_of(cell) for cell in row[1:5]] for row in tables[f"Windows: {heading}"]}
        assert rows["Today"] == [used.day, 0, left.day, in_force.per_day]
        assert rows["7 days"] == [used.week, 0, left.week, in_force.per_week]
        assert ("This campaign, today" in rows) == (kind is Kind.GREET)
    totals = found.kinds[Kind.GREET].context.totals
    (day, week) = tables["Windows: All kinds together"]
    assert [count_of(cell) for cell in week[1:5]] == [9, 0, totals.per_week - 9, totals.per_week]
    kept = found.kinds[Kind.GREET].context.limits.reserved_per_day
    assert [count_of(cell) for cell in day[1:5]] == [0, kept, totals.per_day - kept, totals.per_day]


@pytest.mark.usefixtures("marie")
def test_pictures_have_titles_and_say_how_full_they_are(console: Console) -> None:
    page = console(Role.VIEWER).get("/quota").text
    assert "Greetings, 7 days</title>" in page
    assert "5 used, 32 left, limit 37." in page  # half of 75 in the second week
    assert "a half of the limits" in page
    assert "The point is today." in page


def test_what_is_closed_says_until_when_and_why(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    with database.transaction() as session:
        now = database_now(session)
        limits.cut_limits(session, marie.id, Kind.VISIT)
        ledger.write_breaker(session, marie.id, Kind.COLLECT, Breaker(3, 1, now + HOUR))
        ledger.write_breaker(session, marie.id, Kind.WITHDRAW, Breaker(3, 1, now - HOUR))
        limits.set_limits(
            session, marie.id, Kind.GREET,
            Limits(0, 0, 75, HOUR, 2 * HOUR, ONE_MINUTE_A_DAY), by="tests",
        )  # fmt: skip
    page = " ".join(console(Role.VIEWER).get("/quota").text.split())
    assert "the site showed a limit page" in page
    assert "limits are cut by 30 % until" in page
    assert "the site failed 3 times in a row; then one action tries first" in page
    assert "half-open: one action tries first, and decides" in page
    assert "00:01-00:02" in page
    assert "3,600 to 7,200 s" in page
    assert '<strong class="error">Full</strong>' in page


def test_hostile_names_are_text(console: Console, database: Database) -> None:
    with database.transaction() as session:
        for number, name in enumerate(HOSTILE):
            account = an_account(session, f"a{number}")
            eve = a_contact(session, account, "eve", name=name.replace("\0", ""))
            row = get_action(session, add_planned(session, account, eve))
            row.reason, row.not_before = Reason.DAY_LIMIT, row.not_before + 5 * HOUR
    client = console(Role.VIEWER)
    for number, name in enumerate(HOSTILE):
        page = client.get(f"/quota?account=a{number}").text
        assert "Newest wait" in page, name
        assert not [tag for tag in UNSAFE if tag in page], name


def test_without_an_account_the_pages_say_so(console: Console) -> None:
    client = console(Role.VIEWER)
    for path in ("/quota", "/calendar"):
        answer = client.get(path)
        assert (answer.status_code, "No account yet" in answer.text) == (200, True)
    assert client.get("/calendar/forecast").status_code == 404
    assert client.get("/quota?account=nobody").status_code == 404
