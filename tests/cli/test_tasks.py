"""`rapport tasks`: refused messages and their reasons, and the schemas of the arguments."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from db.engine import Database
from db.store import refused_messages
from tests.cli.conftest import Rapport
from worker.rules.wire.refusals import Refusal, RefusedMessage

LONG = "x" * 60


@pytest.fixture
def two(database: Database) -> None:
    at = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
    readable = RefusedMessage(
        refused_at=at, queue="control", reason=Refusal.BAD_HEADER, size_bytes=904,
        detail="shadow: Input should be a valid string", sha256="ab" * 32, task=f"tasks.{LONG}",
        message_id=LONG, origin="gen1@crm", shape="task str, shadow list",
    )  # fmt: skip
    garbage = RefusedMessage(
        refused_at=at, queue="celery", reason=Refusal.NOT_JSON, detail="it is not UTF-8", size_bytes=7,
        sha256="cd" * 32,
    )  # fmt: skip
    with database.transaction() as session:
        refused_messages.save_refused_messages(session, [readable, garbage])


def test_nothing_was_refused(rapport: Rapport) -> None:
    assert rapport("tasks", "refused") == "no message was refused\n"


def test_each_says_when_where_why_and_who_sent_it(
    rapport: Rapport, two: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = rapport("tasks", "refused")
    told = " ".join(said.split())
    for part in ("09:30:00", "control", "bad_header", "gen1@crm", "904 bytes", "abababababab", "shadow list"):
        assert part in told
    assert told.index("not_json") < told.index("bad_header"), "the newest first"
    assert "no readable task name" in told
    assert "…" not in said


def test_the_list_can_be_of_one_reason_or_short(rapport: Rapport, two: None) -> None:
    assert "bad_header" not in rapport("tasks", "refused", "--reason", "not_json")
    assert "bad_header" not in rapport("tasks", "refused", "--limit", "1")


def test_the_schema_of_a_task_or_of_all_is_printed_as_it_is_shipped(rapport: Rapport) -> None:
    shipped = Path(__file__).parents[2] / "docs" / "tasks.schema.json"
    printed = rapport("tasks", "schema")
    assert shipped.read_text() == printed, "run rapport tasks schema > docs/tasks.schema.json"
    one = json.loads(rapport("tasks", "schema", "tasks.birthday.campaign"))
    assert one["required"] == ["account"]
    assert one["properties"]["contract_version"]["default"] == 1


def test_a_mistyped_task_has_no_schema_but_a_suggestion(rapport: Rapport) -> None:
    said = rapport.refused("tasks", "schema", "tasks.birthday.campain")
    assert "did you mean tasks.birthday.campaign" in said
