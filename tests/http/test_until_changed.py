"""What is remembered until something changes in Postgres."""

from collections.abc import Callable
from threading import Thread

import pytest
from sqlalchemy.orm import Session

from api_stub import until_changed
from api_stub.until_changed import UntilChanged
from db.engine import Database
from db.store import kill_switch
from worker import clock


class Counted:
    """A value that is another one each time it is read."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.times = 0
        self._meanwhile = meanwhile

    def read(self, _session: Session) -> int:
        self.times += 1
        self._meanwhile()
        return self.times


def pull_switch(database: Database) -> None:
    with database.transaction() as session:
        kill_switch.pull_kill_switch(session, "olga")


@pytest.fixture
def remembered() -> UntilChanged[str, int]:
    return UntilChanged[str, int](lambda _: 0, most=2)


def test_it_is_read_once_while_nothing_changes(
    database: Database, remembered: UntilChanged[str, int]
) -> None:
    value, other = Counted(), Counted()
    assert [remembered.read(database, "a", value.read) for _ in range(3)] == [1, 1, 1]
    assert remembered.read(database, "b", other.read) == 1
    assert (value.times, other.times) == (1, 1)


def test_it_is_read_again_after_a_commit(database: Database, remembered: UntilChanged[str, int]) -> None:
    value = Counted()
    assert remembered.read(database, "a", value.read) == 1
    pull_switch(database)
    assert remembered.read(database, "a", value.read) == 2


def test_a_commit_while_it_is_read_is_noticed(database: Database, remembered: UntilChanged[str, int]) -> None:
    value = Counted(meanwhile=lambda: pull_switch(database) if value.times == 1 else None)
    assert remembered.read(database, "a", value.read) == 1
    assert remembered.read(database, "a", value.read) == 2


def test_what_changes_with_time_alone_is_read_again_after_a_while(
    database: Database, remembered: UntilChanged[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    value, now_s = Counted(), clock.monotonic_seconds()
    monkeypatch.setattr(clock, "monotonic_seconds", lambda: now_s)
    assert remembered.read(database, "a", value.read) == 1
    now_s += until_changed._FRESH_S - 0.1
    assert remembered.read(database, "a", value.read) == 1
    now_s += 0.1
    assert remembered.read(database, "a", value.read) == 2


def test_what_could_not_be_read_is_not_remembered(
    database: Database, remembered: UntilChanged[str, int]
) -> None:
    def fail() -> None:
        if value.times == 1:
            raise LookupError

    value = Counted(meanwhile=fail)
    with pytest.raises(LookupError):
        remembered.read(database, "a", value.read)
    assert remembered.read(database, "a", value.read) == 2


def test_those_that_were_not_used_for_long_make_room(
    database: Database, remembered: UntilChanged[str, int]
) -> None:
    first, second, third = Counted(), Counted(), Counted()
    for key, value in (("a", first), ("b", second), ("a", first), ("c", third), ("a", first), ("b", second)):
        remembered.read(database, key, value.read)
    assert (first.times, second.times, third.times) == (1, 2, 1)


def test_a_large_one_stays_alone(database: Database) -> None:
    remembered = UntilChanged[str, int](lambda value: 100 * value, most=50)
    large = Counted()
    assert [remembered.read(database, "a", large.read) for _ in range(2)] == [1, 1]


def test_of_those_that_ask_at_once_one_reads(database: Database, remembered: UntilChanged[str, int]) -> None:
    others = [Thread(target=lambda: remembered.read(database, "a", value.read)) for _ in range(3)]

    def ask_meanwhile() -> None:
        for other in others:
            other.start()

    value = Counted(meanwhile=ask_meanwhile)
    remembered.read(database, "a", value.read)
    for other in others:
        other.join()
    assert value.times == 1
