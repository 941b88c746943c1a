"""The page of operations says what runs, and answers also while Redis or Postgres doesn't."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis

from api_stub.console.session import Role
from db.engine import Database
from db.store import kill_switch, upkeep
from tests.builders import a_contact, action, add_planned, an_account
from tests.console.conftest import Console, create_test_app, sign_in
from tests.console.hostile import HOSTILE
from tests.console.quota.helpers import UNSAFE, read_tables
from tests.http.conftest import TestClient
from worker import queues
from worker.errors import Reason
from worker.queues import Load
from worker.rules.upkeep import EVERY, UpkeepJob
from worker.servers import redis_address

LOAD = Load(up_s=7200, children=4, running=3, memory_bytes=412_000_000)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with queues.connect(redis_address.parse(redis_url)) as client:
        yield client


def test_workers_and_queues_are_shown(console: Console, client: redis.Redis) -> None:
    queues.record_consumer(client, "browser1@box", queues.BROWSER_QUEUES, asked_s=99, busy_s=12, load=LOAD)
    queues.record_consumer(client, "old@box", ["control"], asked_s=0, busy_s=None)  # of an earlier version
    queues.record_consumer(client, "stuck@box", ["celery"], asked_s=None, busy_s=None, load=LOAD)
    client.lpush("celery", "first", "second")
    page = console(Role.VIEWER).get("/ops").text
    assert "busy for 12 s" in page
    assert "3 of 4 children busy · 412 MB · started" in page
    assert page.count("children busy") == 2  # an earlier version records no load
    assert "takes no messages" in page
    (table,) = (rows for caption, rows in read_tables(page).items() if caption.startswith("A message"))
    rows = {name: (waiting, workers) for name, waiting, _oldest, workers in table}
    assert rows["birthday"] == ("0", "browser1@box")
    assert rows["celery"] == ("2", "nobody")


def test_what_is_due_denied_late_and_stopped_is_shown(console: Console, database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        an_account(session, "other")
        row = action(session, add_planned(session, account, a_contact(session, account, "ann")))
        row.reason, row.not_before = Reason.DAY_LIMIT, row.not_before + timedelta(hours=5)
        add_planned(session, account, a_contact(session, account, "bob"))
        upkeep.take_due_jobs(session, lease=timedelta(minutes=1))
        upkeep.fail_job(session, UpkeepJob.QUOTA, "OSError: no space left")
        kill_switch.pull_kill_switch(session, "tests")
    page = " ".join(console(Role.VIEWER).get("/ops").text.split())
    assert "2 planned" in page
    assert "the day&#39;s limit is reached; the first until" in page
    assert page.count("everything is stopped") == 2
    assert "OSError: no space left" in page
    rows = {row[0]: row for row in read_tables(page)["Jobs that keep promises over time; times in UTC."]}
    assert rows["quota"][3].startswith("failed 1 failure")
    assert set(rows) == set(EVERY)


def test_hostile_names_of_workers_and_queues_are_text(console: Console, client: redis.Redis) -> None:
    for name in HOSTILE:
        queues.record_consumer(client, name, HOSTILE, asked_s=0, busy_s=None, load=LOAD)
    page = console(Role.VIEWER).get("/ops").text
    assert not [tag for tag in UNSAFE if tag in page]
    assert page.count("3 of 4 children busy") == len(HOSTILE)


def test_the_page_answers_while_redis_does_not(database_url: str) -> None:
    app = create_test_app(database_url, "redis://127.0.0.1:1/0", flower_url="http://127.0.0.1:5555")
    with TestClient(app) as away:
        sign_in(app, "olga", Role.VIEWER, "en")
        answer = away.get("/ops")
    assert answer.status_code == 200
    assert "Redis does not answer." in answer.text
    assert "Upkeep" in answer.text
    assert 'href="http://127.0.0.1:5555"' in answer.text
    assert "Grafana" not in answer.text


def test_the_page_answers_while_postgres_does_not(redis_url: str) -> None:
    app = create_test_app("postgresql://rapport@127.0.0.1:1/rapport", redis_url)
    with TestClient(app) as away:
        sign_in(app, "olga", Role.VIEWER, "en")
        answer = away.get("/ops")
    assert answer.status_code == 200
    assert "Postgres does not answer." in answer.text
    assert "Queues" in answer.text
