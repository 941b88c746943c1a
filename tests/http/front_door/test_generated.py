"""Generated requests, valid and invalid: the running API does what its OpenAPI document says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.http.conftest import KEY
from tests.http.server import open_door

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.parametrize(
    ("phase", "at_least"),
    [("coverage", 1000), pytest.param("fuzzing", 400, marks=pytest.mark.soak)],
)
def test_the_front_door_does_what_its_document_says(
    tmp_path: Path, database_url: str, redis_url: str, phase: str, at_least: int
) -> None:
    with open_door(tmp_path, database_url, redis_url) as door:
        ran = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIGURATION,
                "run", f"{door.url}/openapi.json", "--header", f"X-API-Key: {KEY}",
                "--checks", "all", "--phases", phase, "--max-examples", "20",
                "--generation-deterministic", "--no-color",
                "--suppress-health-check", "too_slow",  # a busy machine is no fault of the document
            ],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert int(re.search(r"(\d+) generated", ran.stdout)[1]) > at_least  # type: ignore[index]
    assert door.lines("request_failed") == []
