"""The people of the practice network, and the validation of its control interface; without a browser."""

import hashlib
import sqlite3
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.population import store
from api_stub.sandbox.population.crowd import CROWD_SIZE, generate_crowd
from api_stub.sandbox.population.members import generate_friends
from api_stub.sandbox.state import State
from tests import web
from tests.conftest import KEY

YEARS = [date(2027, 1, 1) + timedelta(days=days) for days in range(2 * 366)]


@pytest.mark.parametrize("markup", ["e", "ab", None, 3])
def test_a_fault_that_makes_no_sense_is_refused(sandbox: SandboxClient, markup: object) -> None:
    address, key = f"{sandbox.base_url}/_sandbox/faults", {"X-Sandbox-Key": KEY}
    answer = web.post(address, headers=key, json={"name": "markup", "value": markup})
    assert answer.status_code == 400
    assert web.post(address, headers=key, json={"name": "no-such"}).status_code == 400
    assert web.post(address, headers=key, content=b"[").status_code == 400
    assert web.get(address, headers=key).json() == []


def test_whatever_the_first_day_there_is_somebody_to_greet() -> None:
    for today in YEARS:
        people = generate_friends(today)
        ages = Counter((today - person.latest_birthday(today)).days for person in people)
        near = {days: count for days, count in ages.items() if days <= 12}
        assert sum(near.values()) == 13, today
        assert ages[0] == 5, today
        assert min(ages[1], ages[2]) >= 1, today
        ahead = [person.latest_birthday(today + timedelta(days=10)) for person in people]
        assert not any(today < birthday for birthday in ahead), today


def test_the_same_name_twice_and_every_address_once() -> None:
    people = generate_friends(date(2028, 2, 29))
    assert len({person.slug for person in people}) == len(people) == 40
    assert all(person.slug.isascii() for person in people)
    twins = [person for person in people if person.name == "María García"]
    assert [person.latest_birthday(date(2028, 2, 29)).day for person in twins] == [29, 27]


def test_the_leapling_has_a_birthday_every_year() -> None:
    leapling = next(p for p in generate_friends(date(2027, 9, 1)) if (p.birth_month, p.birth_day) == (2, 29))
    assert leapling.latest_birthday(date(2027, 3, 1)) == date(2027, 2, 28)
    assert leapling.latest_birthday(date(2028, 2, 29)) == date(2028, 2, 29)
    assert leapling.latest_birthday(date(2028, 2, 28)) == date(2027, 2, 28)


def test_the_crowd_is_the_same_on_every_machine() -> None:
    people = list(generate_crowd())
    told = hashlib.sha256("\n".join(map(repr, people)).encode()).hexdigest()
    assert told == "351d600f234d818c08cb8ab735d6faf52629da9d416dfcece80742c6122b1c21"
    friends = generate_friends(date(2027, 1, 3))
    assert (
        len({person.slug for person in (*people, *friends)}) == len(people) + len(friends) == CROWD_SIZE + 40
    )


def test_nobody_of_the_crowd_left_before_they_came() -> None:
    jobs = [job for person in generate_crowd() for job in person.jobs]
    assert not any(job.started and job.ended and job.started > job.ended for job in jobs)
    assert not any(job.started is None and job.ended for job in jobs)
    assert max(job.started or "" for job in jobs) < "2025"


OLD_PEOPLE = """
CREATE TABLE people (slug TEXT PRIMARY KEY, position INTEGER NOT NULL, name TEXT NOT NULL,
  experience TEXT NOT NULL, birth_month INTEGER NOT NULL, birth_day INTEGER NOT NULL, birth_year INTEGER);
CREATE TABLE connections (member TEXT NOT NULL, slug TEXT NOT NULL REFERENCES people,
  PRIMARY KEY (member, slug)) STRICT;
INSERT INTO people VALUES ('mo', 0, 'Mo', '[]', 2, 3, 1999), ('layla-haddad', 1, 'Layla', '[]', 5, 6, NULL);
INSERT INTO connections VALUES ('demo', 'mo');
"""


def test_a_network_that_was_killed_before_it_was_filled_has_its_connections(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    schema = Path(store.__file__).with_name("schema.sql").read_text(encoding="utf-8")
    with sqlite3.connect(path) as db:
        db.executescript(schema)
    db.close()
    state = State(path, today=lambda: date(2027, 1, 3), now=lambda: datetime(2027, 1, 3, tzinfo=UTC))
    assert state.list_connections("demo") == {friend.slug for friend in state.friends()} != set()
    state.close()


def test_a_state_from_before_the_crowd_keeps_its_birthdays_and_connections(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as db:
        db.executescript(OLD_PEOPLE)
    db.close()
    for _ in range(2):
        state = State(path, today=lambda: date(2027, 1, 3), now=lambda: datetime(2027, 1, 3, tzinfo=UTC))
        born = {(f.slug, f.birth_month, f.birth_day, f.birth_year) for f in state.friends()}
        assert born == {("mo", 2, 3, 1999), ("layla-haddad", 5, 6, None)}
        assert (state.list_connections("demo"), state.list_connections("demo2")) == ({"mo"}, set())
        assert len(state.list_profiles()) == CROWD_SIZE + 2
        state.send("demo", "mo", "Happy birthday!")
        state.close()
