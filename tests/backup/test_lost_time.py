"""What others saw after the backup, and a restored database doesn't know: events and notices."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from db.backup.dump import write_backup
from db.backup.load import load_backup
from db.backup.unpack import verify_backup
from db.engine import Database
from db.store.notices.feed import EventsDeletedError, FeedFilter, read_feed, read_last_position
from db.store.notices.outbox import record_event
from tests.backup.conftest import Keys
from tests.servers import Servers
from worker.rules.notices.kinds import NoticeKind

Restore = Callable[..., None]


def happen(database: Database, *keys: str) -> None:
    for key in keys:
        with database.transaction() as session:
            record_event(session, NoticeKind.SITE_CHANGED, key=key)


def read_all(database: Database) -> list[int]:
    """Read the feed from its beginning, one event a page."""
    found: list[int] = []
    more = True
    while more:
        with database.transaction() as session:
            page = read_feed(session, FeedFilter(), after=found[-1] if found else None, limit=1)
        found += [event.position for event in page.events]
        more = page.has_more
    return found


@pytest.fixture
def empty(servers: Servers) -> Iterator[Database]:
    """A database with tables that nobody has used: that takes less time than to migrate one."""
    name = f"test_{uuid4().hex}"
    servers.copy_template(name)
    url = servers.database_url_of(name)
    with closing(Database(url, application_name="tests", statement_timeout_ms=0)) as database:
        yield database
    servers.drop_database(name)


@pytest.fixture
def restore(unlimited: Database, empty: Database, keys: Keys, tmp_path: Path) -> Restore:
    """Backs `unlimited` up, lets more happen there, and restores the backup into `empty`."""

    def run(*later: str, nothing_lost: bool = False) -> None:
        path = tmp_path / "a.age"
        with path.open("wb") as file:
            write_backup(unlimited, file, [keys.public])
        happen(unlimited, *later)
        load_backup(
            empty.engine, path, keys.private, verify_backup(path, keys.private), can_open={},
            without_keys=True, by="tests", nothing_lost=nothing_lost,
        )  # fmt: skip

    return run


@pytest.mark.parametrize("before", [(), ("a", "b")])
def test_a_reader_of_the_feed_is_told_that_it_may_miss_events_and_reads_anew(
    before: tuple[str, ...], unlimited: Database, empty: Database, restore: Restore
) -> None:
    happen(unlimited, *before)
    restore("lost 1", "lost 2")
    with unlimited.transaction() as session:
        reached = read_last_position(session)
    happen(empty, "new 1", "new 2", "new 3")  # their positions would be those that were lost, and more
    with empty.transaction() as session, pytest.raises(EventsDeletedError):
        read_feed(session, FeedFilter(), after=reached, limit=9)
    assert len(read_all(empty)) == len(before) + 3


def test_a_reader_goes_on_where_nothing_was_lost(
    unlimited: Database, empty: Database, restore: Restore
) -> None:
    happen(unlimited, "a", "b")
    restore(nothing_lost=True)
    happen(empty, "c")
    assert read_all(empty) == [1, 2, 3]


def test_a_notice_that_waited_says_that_it_may_have_been_sent_before(
    unlimited: Database, empty: Database, restore: Restore
) -> None:
    happen(unlimited, "a")
    with unlimited.transaction() as session:
        named = "(id, name, scheme, sealed) values (gen_random_uuid(), 'mail', 'mailto', 'x')"
        session.execute(text(f"insert into notice_targets {named}"))
        session.execute(
            text(
                "insert into notice_deliveries (event_id, target_id) "
                "select e.id, t.id from outbox_events e, notice_targets t"
            )
        )
    restore()
    with empty.transaction() as session:
        assert session.scalars(text("select maybe_twice from notice_deliveries")).all() == [True]
