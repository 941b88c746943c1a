"""Who lives on the practice network, and how its back door refuses nonsense. No browser here."""

from collections import Counter
from datetime import date, timedelta

import httpx
import pytest

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.people import first_people

YEARS = [date(2027, 1, 1) + timedelta(days=days) for days in range(2 * 366)]


@pytest.mark.parametrize("markup", ["c", None, 3])
def test_a_fault_that_makes_no_sense_is_refused(sandbox: SandboxClient, markup: object) -> None:
    address, key = f"{sandbox.base_url}/_sandbox/faults", {"X-Sandbox-Key": "a-key-for-tests"}
    answer = httpx.post(address, headers=key, json={"name": "markup", "value": markup})
    assert answer.status_code == 400
    assert httpx.post(address, headers=key, json={"name": "no-such"}).status_code == 400
    assert httpx.post(address, headers=key, content=b"[").status_code == 400
    assert httpx.get(address, headers=key).json() == []


def test_whatever_the_first_day_there_is_somebody_to_greet() -> None:
    for today in YEARS:
        people = first_people(today)
        ages = Counter((today - person.latest_birthday(today)).days for person in people)
        near = {days: count for days, count in ages.items() if days <= 12}
        assert sum(near.values()) == 13, today
        assert ages[0] == 5, today
        assert min(ages[1], ages[2]) >= 1, today
        ahead = [person.latest_birthday(today + timedelta(days=10)) for person in people]
        assert not any(today < birthday for birthday in ahead), today


def test_the_same_name_twice_and_every_address_once() -> None:
    people = first_people(date(2028, 2, 29))
    assert len({person.slug for person in people}) == len(people) == 40
    assert all(person.slug.isascii() for person in people)
    twins = [person for person in people if person.name == "María García"]
    assert [person.latest_birthday(date(2028, 2, 29)).day for person in twins] == [29, 27]


def test_the_leapling_has_a_birthday_every_year() -> None:
    leapling = next(p for p in first_people(date(2027, 9, 1)) if (p.birth_month, p.birth_day) == (2, 29))
    assert leapling.latest_birthday(date(2027, 3, 1)) == date(2027, 2, 28)
    assert leapling.latest_birthday(date(2028, 2, 29)) == date(2028, 2, 29)
    assert leapling.latest_birthday(date(2028, 2, 28)) == date(2027, 2, 28)
