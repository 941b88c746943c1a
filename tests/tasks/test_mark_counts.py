"""What matched on a site's pages: counted on all workers, learned by the next one, and told when it falls."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from api_stub.http.state_metrics import read_state
from db.engine import Database
from db.store import mark_matches
from db.store.mark_matches import FallenMark, FormKey
from tasks.mark_counts import learn_order, save_looks
from tests.db.helpers import run_concurrently
from worker import metrics
from worker.browser.marks import MEMORY, Form, Mark, MarkKey
from worker.rules.sites.mark_trends import Trend

NEW = Form("2026", "[data-new]", "a test", date(2026, 8, 1))
OLD = Form("2025", ".old", "a test", date(2025, 11, 1))
CARD = Mark("practice", "birthdays.card", (NEW, OLD))


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    MEMORY.take()
    yield
    MEMORY.take()
    MEMORY.learn({})


def look(form: Form | None, times: int) -> None:
    for _ in range(times):
        MEMORY.count(CARD, form)


def days_pass(database: Database, days: int) -> None:
    with database.transaction() as session:
        session.execute(text("update mark_matches set day = day - cast(:days as int)"), {"days": days})


def fallen(database: Database) -> list[FallenMark]:
    with database.transaction() as session:
        return list(mark_matches.list_fallen(session))


def test_counts_of_all_workers_add_up_and_the_next_worker_learns_from_them(database: Database) -> None:
    before = metrics.MARK_MATCHES.labels("practice", "birthdays.card", "2025")._value.get()
    look(OLD, 3)
    save_looks(database)
    look(OLD, 2)
    look(NEW, 1)
    look(None, 1)
    save_looks(database)
    assert metrics.MARK_MATCHES.labels("practice", "birthdays.card", "2025")._value.get() == before + 5
    assert MEMORY.order(CARD) == [NEW, OLD]
    learn_order(database)
    assert MEMORY.order(CARD) == [OLD, NEW]


def test_workers_that_save_at_once_lose_nothing(database: Database, database_url: str) -> None:
    keys = [FormKey("practice", f"mark{number}", "2026") for number in range(20)]

    def save(each: Database, number: int) -> None:
        with each.transaction() as session:
            mark_matches.add_looks(session, dict.fromkeys(keys[:: 1 - 2 * (number % 2)], 1))

    run_concurrently(database_url, 4, save)
    with database.transaction() as session:
        assert mark_matches.count_matches(session) == dict.fromkeys(keys, 4)


def test_where_nothing_was_counted_postgres_is_not_asked(database: Database) -> None:
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    save_looks(database)
    assert statements == []
    look(NEW, 5)
    save_looks(database)
    assert len(statements) == 1


def test_a_mark_that_is_found_no_more_is_told_in_the_log_and_the_metrics(
    database: Database, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    look(NEW, 20)
    save_looks(database)
    days_pass(database, 3)
    look(None, 3)
    save_looks(database)
    assert fallen(database) == [FallenMark("practice", "birthdays.card", Trend.MISSING)]
    said = capsys.readouterr().out + caplog.text
    assert "marks_missing" in said
    assert "birthdays.card: missing" in said
    (gauge,) = (each for each in read_state(database) if each.name == "rapport_marks_missing")
    assert [(sample.labels, sample.value) for sample in gauge.samples] == [
        ({"site": "practice", "mark": "birthdays.card", "trend": "missing"}, 1)
    ]
    look(NEW, 10)
    save_looks(database)
    assert fallen(database) == []


def test_counts_that_nothing_reads_any_more_are_deleted(database: Database) -> None:
    look(NEW, 20)
    save_looks(database)
    days_pass(database, 29)
    with database.transaction() as session:
        assert (mark_matches.delete_old(session), mark_matches.count_matches(session)) == (0, {})
    days_pass(database, 1)
    with database.transaction() as session:
        assert mark_matches.delete_old(session) == 1


def test_counting_is_never_a_reason_to_fail(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("connect", {}, Exception("Postgres is away"))

    monkeypatch.setattr(database, "transaction", away)
    look(NEW, 1)
    save_looks(database)
    learn_order(database)
    assert MEMORY.order(CARD) == [NEW, OLD]
    assert MarkKey("practice", "birthdays.card", "2026") not in MEMORY.take()
