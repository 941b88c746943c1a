"""The shipped schemas take what the tasks take, and refuse what they refuse."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final, get_type_hints

import pytest
from pydantic import ValidationError

from tasks import entry
from tasks.contract import TASK_NAMES
from tasks.task_schemas import TASK_ARGUMENTS, format_schemas
from worker.app import app

ID: Final = "5a21c0ff-ee5a-41c0-8ffe-e5a21c0ffee5"
PERSON: Final = "https://site.example/in/ann/"
TAKEN: Final[list[tuple[str, dict[str, Any]]]] = [
    ("tasks.birthday.campaign", {"account": "demo"}),
    ("tasks.birthday.campaign", {"account": "demo", "campaign_id": ID, "contract_version": 1}),
    ("tasks.birthday.campaign", {"account": "demo", "late_days": 3.0}),
    ("tasks.visitor.campaign", {"account": "demo", "profiles": [PERSON]}),
    ("tasks.sourcing.campaign", {"account": "demo", "saved_search": "vps"}),
    ("tasks.invitations.campaign", {"account": "demo", "older_than_days": 365}),
    ("tasks.birthday.read", {"campaign_id": ID}),
    ("tasks.visitor.visit", {"action_id": ID, "contract_version": 1}),
    ("tasks.imports.read", {"subscription_id": 3}),
    ("tasks.recover", {}),
]  # fmt: skip
REFUSED: Final[list[tuple[str, dict[str, Any]]]] = [
    ("tasks.birthday.campaign", {}),
    ("tasks.birthday.campaign", {"account": "Demo!"}),
    ("tasks.birthday.campaign", {"account": "demo", "late_days": 11}),
    ("tasks.birthday.campaign", {"account": "demo", "late_days": "3"}),
    ("tasks.birthday.campaign", {"account": "demo", "late_days": 2.5}),
    ("tasks.birthday.campaign", {"account": "demo", "dry_run": "no"}),
    ("tasks.birthday.campaign", {"account": "demo", "colour": "red"}),
    *(
        ("tasks.birthday.campaign", {"account": "demo", "contract_version": version})
        for version in (2, 0, "1", True, None, [1])
    ),
    ("tasks.visitor.campaign", {"account": "demo"}),
    ("tasks.visitor.campaign", {"account": "demo", "profiles": [PERSON], "not_seen_months": 3}),
    ("tasks.visitor.campaign", {"account": "demo", "profiles": ["x" * 501]}),
    ("tasks.visitor.campaign", {"account": "demo", "profiles": [f"{PERSON}\0"]}),
    ("tasks.sourcing.campaign", {"account": "demo", "url": "https://site.example/search\x1b[2J"}),
    ("tasks.sourcing.campaign", {"account": "demo", "url": "x" * 2001}),
    ("tasks.visitor.visit", {"action_id": 5}),
    ("tasks.imports.read", {"subscription_id": 0}),
    ("tasks.recover", {"now": True}),
]  # fmt: skip


@pytest.mark.usefixtures("without_pages")
def test_each_task_has_the_schema_of_its_own_argument() -> None:
    assert set(TASK_ARGUMENTS) == TASK_NAMES
    for module in iter_modules(entry.__path__, "tasks.entry."):
        import_module(module.name)
    for name, model in TASK_ARGUMENTS.items():
        (argument, _) = get_type_hints(app.tasks[name]._decorated_fun).values()
        assert argument is model, name


def test_the_schemas_and_the_tasks_agree(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text(format_schemas())
    files = {tmp_path / f"{number}.json": case for number, case in enumerate([*TAKEN, *REFUSED])}
    for path, (name, arguments) in files.items():
        path.write_text(json.dumps({name: arguments}))
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "-o",
        "json",
        "--schemafile",
        str(tmp_path / "schema.json"),
    ]
    checked = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    told = {error["filename"] for error in json.loads(checked.stdout)["errors"]}
    assert [files[path] for path in files if str(path) in told] == REFUSED
    for name, arguments in TAKEN:
        TASK_ARGUMENTS[name].model_validate(arguments)
    for name, arguments in REFUSED:
        with pytest.raises(ValidationError):
            TASK_ARGUMENTS[name].model_validate(arguments)
