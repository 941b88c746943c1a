"""The calendar: each picture has the numbers of the table behind it, and both those of the store."""

import re
from collections import Counter
from datetime import date, timedelta

import pytest

from api_stub.console.session import Role
from db.engine import Database, today_in
from db.store.people.accounts import AccountRecord
from tests.builders import a_contact, add_planned, an_account
from tests.console.conftest import Console
from tests.console.hostile import HOSTILE
from tests.console.quota.conftest import PARIS, record
from tests.console.quota.helpers import UNSAFE, count_of, read_levels, read_tables


def today(database: Database) -> date:
    with database.transaction() as session:
        return today_in(session, PARIS)


YEARS = {
    2024: {date(2024, 2, 29): 3, date(2024, 12, 31): 1},  # a leap day, and the last of a leap year
    2026: {date(2026, 3, 29): 2, date(2026, 10, 25): 5},  # 23 and 25 hours long in Paris
    2025: {},
    2023: {date(2023, 1, 1): 1},
}


def test_a_year_shows_each_day_once_in_picture_and_table(console: Console, database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session, zone="Europe/Paris")
        bob = a_contact(session, account, "bob")
        for days in YEARS.values():
            for on, count in days.items():
                record(session, account, bob, on, count=count)
    client = console(Role.VIEWER)
    for year, days in YEARS.items():
        page = client.get(f"/calendar?year={year}&show=greet").text
        table = read_tables(page)[f"Greetings, {year}"]
        counts = [days[on] for on in sorted(days)]
        assert [count_of(row[1]) for row in table[:-1]] == counts == read_levels(page)
        assert table[-1] == ["The whole year", str(sum(counts))]
        assert page.count('<rect class="level') == (366 if year == 2024 else 365)


def test_what_the_year_shows_is_chosen_by_link(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    client = console(Role.VIEWER)
    year = today(database).year
    for shown, total in {"all": 9, "greet": 5, "visit": 4, "withdraw": 0, "birthdays": 2}.items():
        page = client.get(f"/calendar?account={marie.name}&year={year}&show={shown}").text
        assert f"show={shown}&amp;" in page
        assert sum(read_levels(page)) == total, shown
        (table,) = (rows for caption, rows in read_tables(page).items() if caption.endswith(f", {year}"))
        assert count_of(table[-1][1]) == total


def test_the_replies_of_each_week_are_those_of_the_store(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    monday = today(database) - timedelta(days=today(database).weekday())
    with database.transaction() as session:
        bob = a_contact(session, marie, "bob")
        record(session, marie, bob, monday - timedelta(weeks=9), count=4, answered=True)
        record(session, marie, bob, monday - timedelta(weeks=9), count=4)
        record(session, marie, bob, monday - timedelta(weeks=26), count=7, answered=True)  # too long ago
    page = console(Role.VIEWER).get("/calendar").text
    table = read_tables(page)["Greetings by week, and how many of them were answered"]
    assert len(table) == 26
    assert table[9][1:] == ["8", "4", "50 %"]
    assert sum(count_of(row[1]) for row in table) == 8 + 5
    assert sum(count_of(row[2]) for row in table) == 4 + 3
    assert "7 of 13 greetings in 26 weeks were answered (54 %)." in page


def test_the_forecast_has_everybody_once(console: Console, database: Database, marie: AccountRecord) -> None:
    tomorrow = today(database) + timedelta(days=1)  # today may be over for the quota
    with database.transaction() as session:
        for number in range(20):  # more than the seven a day of the second week
            a_contact(session, marie, f"n{number}", name=f"Nina Nord {number}", birthday=tomorrow)
    page = console(Role.VIEWER).get("/calendar").text
    table = read_tables(page)["Greetings of the coming days"]
    assert sum(count_of(cell) for row in table for cell in row[2:6]) == 22
    late, missed = (sum(count_of(row[column]) for row in table) for column in (4, 5))
    assert late
    assert f"Late: {late}. Missed: {missed}." in page
    assert all(sum(count_of(cell) for cell in row[1:5]) <= count_of(row[6]) for row in table)
    assert re.search("late . (the day|this run)&#39;s limit is reached", page)


def test_many_birthdays_are_forecast_after_the_page_is_there(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    with database.transaction() as session:
        for number in range(200):
            a_contact(session, marie, f"n{number}", name=f"Nina Nord {number}", birthday=today(database))
    client = console(Role.VIEWER)
    page = client.get("/calendar").text
    assert "Greetings of the coming days" not in page
    assert 'hx-get="/calendar/forecast?account=marie&amp;part=1"' in page
    part = client.get("/calendar/forecast?account=marie&part=1").text
    assert "Greetings of the coming days" in part
    assert "<html" not in part
    assert "<h1>The coming days</h1>" in client.get("/calendar/forecast?account=marie").text


def test_a_month_lists_its_birthdays_in_pages_with_what_is_planned(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    with database.transaction() as session:
        for number in range(60):
            a_contact(
                session, marie, f"n{number}", name=f"Nina {number}", birthday=date(2000, 7, 1 + number % 3)
            )
        waiting = a_contact(session, marie, "wim", name="Wim", birthday=today(database))
        add_planned(session, marie, waiting)
        stranger = a_contact(session, marie, "eve", name="Eve", birthday=today(database))
        stranger.do_not_contact = True
    client = console(Role.VIEWER)
    first = client.get("/calendar?month=2026-07").text
    following = first.split('rel="next" href="')[-1].split('"')[0].replace("&amp;", "&")
    assert "after=" in following
    second = client.get(following).text
    shown = Counter(
        f"Nina {n}" for n in range(60) for page in (first, second) if f"<bdi>Nina {n}</bdi>" in page
    )
    assert shown == Counter({f"Nina {n}": 1 for n in range(60)})
    now = client.get(f"/calendar?month={today(database):%Y-%m}").text
    assert "<bdi>Wim</bdi>" in now
    assert ">planned<" in now
    assert ">not to be contacted<" in now


def test_names_are_text_that_turns_nothing_around(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    with database.transaction() as session:
        for number, name in enumerate([*HOSTILE, "محمد علي"] * 3):  # some of them are late
            a_contact(session, marie, f"n{number}", name=name.replace("\0", ""), birthday=today(database))
    page = console(Role.VIEWER).get("/calendar").text
    assert not [tag for tag in UNSAFE if tag in page]
    assert "<bdi>محمد علي</bdi>" in page


@pytest.mark.usefixtures("marie")
def test_what_no_link_asks_for_is_an_unknown_page(console: Console) -> None:
    client = console(Role.VIEWER)
    for query in (
        "year=99999", "year=0000", "year=x", "show=everything", "month=2026-13", "month=0000-01",
        "month=9999-12", "month=July", "after=1", "after=-1--1", "account=nobody",
    ):  # fmt: skip
        assert client.get(f"/calendar?{query}").status_code == 404, query


def test_an_account_without_a_past_has_empty_pictures(console: Console, database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
    page = console(Role.VIEWER).get("/calendar").text
    assert read_levels(page) == []
    assert "No greeting in the latest 26 weeks." in page
    assert "Nobody with a birthday up to" in page
    assert "NaN" not in page
