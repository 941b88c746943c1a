"""Generated requests, valid and invalid: the running API does what its OpenAPI document says.

The examples of each route with the strongest key, and many more, with a key of each scope and without one. In
sequences, a request has the ids of earlier answers.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.engine import Database
from db.store.api_keys import add_key
from tests.cluster import untraced
from tests.http.conftest import KEY
from tests.http.front_door.seeded import seed
from tests.http.server import Door, open_door
from worker.rules.access import KeyScope
from worker.rules.api_keys import MOST_REQUESTS

ROOT = Path(__file__).parents[3]
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
REPORT = "report.ndjson"

pytestmark = pytest.mark.soak


@dataclass(frozen=True)
class Plan:
    """What is generated: in which phases, how much for a route, and what is checked."""

    phases: str
    examples: int
    checks: str | None = None
    more: Sequence[str] = ()


FEW = Plan("examples", 1, more=["--exclude-deprecated"])
MANY = Plan("examples,coverage,fuzzing", 3)
SOME = Plan("examples,fuzzing", 2)
LONG = Plan("stateful", 15)
REFUSED = Plan(
    "examples,fuzzing",
    2,
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
)
"""Without a key, what is valid isn't taken either, so the checks of that don't hold."""


@pytest.fixture
def door(tmp_path: Path, database: Database, database_url: str, redis_url: str) -> Iterator[Door]:
    with open_door(
        tmp_path, database_url, redis_url, trusted_proxies="127.0.0.1", upload_dir=str(tmp_path / "uploads")
    ) as door:
        seed(database, door)
        yield door


def generate(door: Door, folder: Path, key: str | None, plan: Plan) -> int:
    """Send generated requests; return how many. Fails if an answer is not as the document says."""
    ran = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIGURATION,
            "run", f"{door.url}/openapi.json", *(["--header", f"X-API-Key: {key}"] if key else []),
            *(["--checks", plan.checks] if plan.checks else []), "--phases", plan.phases,
            "--max-examples", str(plan.examples), "--generation-deterministic", "--no-color",
            "--report", "ndjson", "--report-ndjson-path", folder / REPORT,
            "--suppress-health-check", "too_slow",  # a busy machine is no fault of the document
            *plan.more,
        ],
        cwd=folder, env={**untraced(), "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=3000,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert door.lines("request_failed") == []
    return int(re.search(r"(\d+) generated", ran.stdout)[1])  # type: ignore[index]


def count_transitions(folder: Path) -> Counter[str]:
    """Count the links that the last sequences went along, by source and target."""
    found: Counter[str] = Counter()
    for line in (folder / REPORT).read_text().splitlines():
        scenario = json.loads(line).get("ScenarioFinished", {})
        for case in scenario.get("recorder", {}).get("cases", {}).values():
            if case.get("is_transition_applied"):
                found[case["transition"]["id"]] += 1
    return found


def test_the_front_door_does_what_its_document_says(door: Door, tmp_path: Path) -> None:
    assert generate(door, tmp_path, KEY, FEW) > 50


def test_long_sequences_of_requests_are_answered_as_documented(door: Door, tmp_path: Path) -> None:
    generate(door, tmp_path, KEY, LONG)
    assert len(count_transitions(tmp_path)) > 100


def test_the_front_door_does_what_its_document_says_to_many_requests(door: Door, tmp_path: Path) -> None:
    assert generate(door, tmp_path, KEY, MANY) > 1000


@pytest.mark.parametrize("scopes", [["read"], ["control"], ["approve"], ["control", "approve"], ["admin"]])
def test_a_key_of_each_scope_is_answered_as_documented(
    door: Door, tmp_path: Path, database: Database, scopes: list[str]
) -> None:
    with database.transaction() as session:
        issued = add_key(
            session,
            "generated",
            [KeyScope(each) for each in scopes],
            lifetime=None,
            per_minute=MOST_REQUESTS,
            burst=MOST_REQUESTS,
            by="tests",
        )
    assert generate(door, tmp_path, issued.key.get_secret_value(), SOME) > 500


def test_without_a_key_all_that_is_refused_is_as_documented(door: Door, tmp_path: Path) -> None:
    assert generate(door, tmp_path, None, REFUSED) > 300
