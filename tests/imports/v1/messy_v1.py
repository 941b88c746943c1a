"""Write a V1 file as messy as after years of use, and return the correct data of its people."""

import random
import sqlite3
import unicodedata
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.astimezone(ZONE).date()

SCHEMA = """
create table contacts (id integer primary key, name, linkedin_url, last_message_date, message_count,
    relationship_score, notes);
create table birthday_messages (id integer primary key, contact_id, contact_name, message_text, sent_at,
    is_late, days_late, response_received, response_text, response_date, script_mode);
create table profile_visits (id integer primary key, profile_name, profile_url, visited_at, source_search,
    success, error_message);
create table scraped_profiles (id integer primary key, profile_url, full_name, headline, skills, fit_score,
    connection_degree, current_company, scraped_at);
create table blacklist (id integer primary key, contact_name, linkedin_url, reason, added_at, is_active);
create table linkedin_selectors (id integer primary key, selector_name, selector_value, page_type, is_valid);
create table errors (id integer primary key, error_message);
create table notification_settings (id integer primary key, smtp_user, smtp_password);
insert into notification_settings values (1, 'ann', 'hunter2');
insert into errors (error_message) values ('a'), ('b');
"""

NO_DATES = ("yesterday", "", None, "0000-00-00", "31/31/2026", b"\xff\xfe", "2199-01-01T00:00:00", -5)


@dataclass
class Someone:
    """The correct data of one person. Without a slug, V1 never knew an address."""

    name: str
    slug: str | None
    birthday: date
    greeted_in: set[int] = field(default_factory=set)
    never: bool = False


@dataclass(frozen=True)
class Messy:
    path: Path
    people: Sequence[Someone]


def spelled(slug: str, draw: random.Random) -> str:
    """Return one of V1's spellings of an address."""
    return draw.choice(
        [
            f"https://www.linkedin.com/in/{slug}/",
            f"https://www.linkedin.com/in/{slug}",
            f"http://fr.linkedin.com/in/{slug.upper()}/?originalSubdomain=fr",
            f"https://www.linkedin.com/in/{slug}?miniProfileUrn=urn%3Ali%3Afs&lipi=x#top",
            f"linkedin.com/in/{slug}/fr",
            f"/in/{slug}/",
        ]
    )


def written(at: datetime, draw: random.Random) -> object:
    """Return one of V1's spellings of an instant."""
    local = at.astimezone(ZONE)
    return draw.choice(
        [
            local.replace(tzinfo=None).isoformat(),
            at.astimezone(UTC).isoformat(),
            at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            local.strftime("%Y-%m-%d %H:%M:%S"),
            local.strftime("%d/%m/%Y"),
            local.strftime("%Y-%m-%d"),
            str(int(at.timestamp())),
            int(at.timestamp()),
        ]
    )


def messy_v1(path: Path, *, seed: int = 1) -> Messy:
    """Write 400 contacts, some of whom are one person, with messages, visits, scores and a blacklist."""
    draw = random.Random(seed)
    people = [a_person(number, draw) for number in range(370)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(SCHEMA)
        rows = people + draw.sample([one for one in people if one.slug], 30)
        for row_id, one in enumerate(rows, 1):
            address = (
                spelled(one.slug, draw)
                if one.slug
                else draw.choice([None, "", "n/a", "https://x.example/in/a/"])
            )
            name = None if one.slug and draw.random() < 0.03 else one.name
            values = row_id, name, address, None, draw.choice([None, "met in Lyon", 12, b"\xff"])
            connection.execute(
                "insert into contacts (id, name, linkedin_url, last_message_date, notes) "
                "values (?, ?, ?, ?, ?)",
                values,
            )
        write_messages(connection, people, draw)
        write_others(connection, people, draw)
    return Messy(path, people)


def a_person(number: int, draw: random.Random) -> Someone:
    twin = number % 37 == 0  # at least ten pairs with the same name
    name = (
        "Zoë Martin"
        if twin
        else draw.choice([f"Jean-Noël  O'Neil {number}", f"李小龙 {number}", f"Ann {number}"])
    )
    birthday = date(2026, 1, 1) + timedelta(days=draw.randrange(0, TODAY.timetuple().tm_yday))
    return Someone(name, None if number % 9 == 4 else f"person-{number}", birthday)


def write_messages(connection: sqlite3.Connection, people: Sequence[Someone], draw: random.Random) -> None:
    sql = (
        "insert into birthday_messages (contact_id, contact_name, message_text, sent_at, days_late, "
        "response_date) values (?, ?, ?, ?, ?, ?)"
    )
    for row_id, one in enumerate(people, 1):
        for year in draw.choice([(), (2026,), (2025,), (2025, 2026), (2024, 2025, 2026)]):
            late = min(draw.choice([0, 0, 0, 2, 10]), (TODAY - one.birthday).days)
            on = date(year, one.birthday.month, min(one.birthday.day, 28 if one.birthday.month == 2 else 31))
            sent = datetime.combine(on + timedelta(days=late), time(9, 30), ZONE)
            contact_id = draw.choice([row_id, row_id, row_id, str(row_id), None, 99_999])
            by_name = contact_id in {None, 99_999} or one.slug is None
            name = draw.choice([one.name, unicodedata.normalize("NFD", one.name), f" {one.name.upper()} "])
            text = draw.choice([f"Bon anniversaire {one.name} ! 🎂", 42, None, b"caf\xe9", "nul\0char"])
            values = (
                contact_id,
                name if by_name else None,
                text,
                written(sent, draw),
                draw.choice([late, str(late)]),
            )
            connection.execute(sql, (*values, written(sent, draw) if draw.random() < 0.2 else "no reply"))
            one.greeted_in.add(year)
    for one, when in zip(people[300:340], NO_DATES * 5, strict=True):
        connection.execute(sql, (None, one.name, "Happy birthday", when, 0, None))
        one.greeted_in.add(2026)  # the date is not readable, so it counts as this year
    for number in range(12):
        someone = Someone(f"Unknown {number}", None, date(2026, 5, 1 + number))
        connection.execute(sql, (None, someone.name, "Hi", f"{someone.birthday}T10:00:00", "junk", None))
    for nobody in ((None, None), (None, ""), (77_777, b"\xff")):
        connection.execute(sql, (*nobody, "Hi", "2026-05-05T10:00:00", 0, None))
    twice = ("Ann Twice", "Hi", "2026-05-05T10:00:00")
    for _ in range(2):
        connection.execute(sql, (None, *twice, 0, None))


def write_others(connection: sqlite3.Connection, people: Sequence[Someone], draw: random.Random) -> None:
    for number in range(300):
        one = draw.choice(people)
        at = NOW - timedelta(days=draw.randrange(400), minutes=number)
        visited: object = written(at, draw) if draw.random() < 0.9 else draw.choice(NO_DATES)
        address = spelled(one.slug, draw) if one.slug else None
        connection.execute(
            "insert into profile_visits (profile_name, profile_url, visited_at, success) values (?, ?, ?, ?)",
            (one.name, address, visited, draw.choice([1, 1, 1, "1", None, 0, "False"])),
        )
    for number in range(80):
        slug = f"scraped-{number}" if number % 2 else f"person-{number * 2}"
        score = draw.choice([17.2, "93.4", 100, 0, 400, -1, None, "high", float("inf")])
        degree = draw.choice([None, "2nd", "1st", "3", 1])
        connection.execute(
            "insert into scraped_profiles (profile_url, full_name, headline, skills, fit_score, "
            "connection_degree) values (?, ?, ?, ?, ?, ?)",
            (
                spelled(slug, draw) if number % 11 else "",
                draw.choice([f"Scraped {number}", None]),
                "Engineer",
                draw.choice(['["python", "sql"]', "python", "[", None, "[1, {}]"]),
                score,
                degree,
            ),
        )
    sql = "insert into blacklist (contact_name, linkedin_url, reason, is_active) values (?, ?, ?, ?)"
    for number, one in enumerate(draw.sample(people, 40)):
        active = draw.choice([1, 1, 1, "true", None, 0])
        address = spelled(one.slug, draw) if one.slug and number % 3 else draw.choice([None, "none"])
        connection.execute(sql, (one.name, address, "asked not to", active))
        one.never = one.never or active != 0
    connection.execute(sql, (None, None, "who?", 1))
    connection.execute(sql, ("Late Comer", None, "asked not to", 1))
    for number in range(9):
        connection.execute(
            "insert into linkedin_selectors (selector_name, selector_value, page_type, is_valid) "
            "values (?, ?, ?, ?)",
            (f"button {number % 8}", "div.x" if number % 8 else None, "feed", number % 4 != 3),
        )
