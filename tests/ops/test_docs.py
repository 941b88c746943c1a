"""The pages agree with the code: settings, tasks, routes, states, links."""

import json
import re
import runpy
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from pydantic_core import PydanticUndefined

from api_stub.http.routes import approval, campaigns, contacts, health, history, kill_switch
from tasks import contract
from tasks.contract import Payload
from worker.processes import SECRETS_OF_PROCESS
from worker.rules.lifecycle import END_STATES, TRANSITIONS
from worker.rules.sourcing.criteria import Criteria
from worker.settings import SECRET_FIELDS, Settings, variable_name

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]


def rows(page: str) -> Iterator[list[str]]:
    """Yield the cells of the table rows that begin with code, without backticks."""
    for line in (DOCS / page).read_text().splitlines():
        if line.startswith("| `"):
            yield [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]


def default_of(value: object) -> str:
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "unset"
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, bool):
        return str(value).lower()
    return {"()": "[]", str(Criteria()): "{}"}.get(str(value), str(value))


def test_the_table_of_settings_is_current() -> None:
    made = runpy.run_path(str(DOCS / "make_settings_table.py"))
    page = (DOCS / "configuration.md").read_text()
    assert page == made["fill_table"](page), "run .venv/bin/python docs/make_settings_table.py"
    assert made["READ_BY"].keys() == Settings.model_fields.keys() - set(SECRET_FIELDS)


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_secrets_of_each_process_are_on_their_page() -> None:
    page = (DOCS / "configuration.md").read_text()
    _, _, table = page.partition("| process | secrets |\n|---|---|\n")
    rows = [line.strip("| ").split(" | ") for line in table.split("\n\n")[0].splitlines()]
    told = {process: {name.strip("`") for name in names.split(", ")} for process, names in rows}
    assert told == {
        process: {variable_name(name) for name in SECRETS_OF_PROCESS[process]}
        for process in SECRETS_OF_PROCESS
    }


def test_durations_are_read_as_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("180", "PT3M"):
        monkeypatch.setenv("RAPPORT_ACTION_TIME_LIMIT", text)
        assert Settings().action_time_limit == timedelta(minutes=3)


def test_every_task_is_on_its_page() -> None:
    names = {
        value for name, value in vars(contract).items() if name.isupper() and str(value).startswith("tasks.")
    }
    assert {cells[0] for cells in rows("tasks.md") if cells[0].startswith("tasks.")} == names


@pytest.mark.parametrize(
    "payload",
    contract.CampaignRequest.__subclasses__(),
)
def test_every_argument_of_a_campaign_is_on_its_page_with_its_default(payload: type[Payload]) -> None:
    kind = payload.__name__.removesuffix("Campaign").lower()
    _, _, after = (DOCS / "tasks.md").read_text().partition(f"The arguments of `tasks.{kind}.campaign`")
    table = after.split("\n\n")[1]
    expected = {
        name: default_of(field.get_default(call_default_factory=True))
        for name, field in payload.model_fields.items()
    }
    expected["campaign_id"] = "a new one"
    told = [
        [cell.strip().replace("`", "") for cell in line.split("|")[1:3]] for line in table.splitlines()[2:]
    ]
    assert dict(told) == expected


def test_the_examples_are_valid_arguments() -> None:
    found = []
    for page in PAGES:
        if page.name == "api.md":  # its examples are the models' own: tests/http/v1/test_every_route.py
            continue
        for example in re.findall(r"(?:--kwargs|-d) '(\{.*?\})'", page.read_text()):
            arguments = json.loads(example)
            if arguments.get("kind") == "birthday":  # over HTTP
                arguments = {"account": arguments["account"], **arguments["options"]}
            found.append(contract.BirthdayCampaign.model_validate(arguments.get("kwargs", arguments)))
    assert found


def test_every_route_is_on_its_page() -> None:
    routes = {
        f"{method} {route.path}"
        for part in (health, kill_switch, campaigns, approval, history, contacts)
        for route in part.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert {cells[0] for cells in rows("tasks.md") if cells[0].startswith(("GET", "POST"))} == routes


def test_the_drawn_states_are_the_table() -> None:
    _, _, after = (DOCS / "architecture.md").read_text().partition("stateDiagram-v2\n")
    drawn = set(re.findall(r"^    (\S+) --> (\S+)$", after.partition("```")[0], re.MULTILINE))
    expected = {(str(state), str(following)) for state, after in TRANSITIONS.items() for following in after}
    assert {edge for edge in drawn if "[*]" not in edge} == expected
    assert {state for state, end in drawn if end == "[*]"} == {str(state) for state in END_STATES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_is_dead(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        if page.parent == ROOT and target.startswith("../../"):
            assert made_by_a_workflow(target), target
        else:
            assert (page.parent / target).exists(), target


def made_by_a_workflow(target: str) -> bool:
    """Tell whether GitHub has this beside the repository's files: a workflow's page or badge, or ours."""
    workflows = ROOT / ".github" / "workflows"
    if found := re.fullmatch(r"\.\./\.\./actions/workflows/([\w-]+\.yml)(/badge\.svg\?branch=main)?", target):
        return (workflows / found[1]).exists()
    branch, _, file = target.removeprefix("../../raw/").partition("/")
    pushes = f'git push --force "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" {branch}\n'
    checks = (workflows / "checks.yml").read_text()
    return pushes in checks and f"git add {file}\n" in checks


@pytest.mark.parametrize(
    "target",
    [
        "../../actions/workflows/check.yml", "../../raw/badge/coverage.svg", "../../raw/badges/tests.svg",
        "../../README.md",
    ],
)  # fmt: skip
def test_a_link_beside_the_files_is_to_what_a_workflow_makes(target: str) -> None:
    assert not made_by_a_workflow(target)


@pytest.mark.parametrize("picture", sorted(DOCS.rglob("*.svg")), ids=lambda picture: picture.name)
def test_a_picture_fetches_nothing(picture: Path) -> None:
    svg = picture.read_text()
    assert not re.search(r"url\((?!#)|href=\"(?!#)|@import|<image|<script", svg)


@pytest.mark.parametrize("page", ["architecture.md", "extending.md", "testing.md"])
def test_the_files_that_a_map_names_exist(page: str) -> None:
    named = re.findall(
        r"`((?:api_stub|tasks|db|worker|tests|bench|docs|ops)/[\w./]+)`", (DOCS / page).read_text()
    )
    named += re.findall(r"[ \"]((?:tasks|db|worker)/[\w/]+\.(?:py|sql|lua))", (DOCS / page).read_text())
    examples = ("KIND", "SITE", "FORMAT")
    paths = [path for path in named if not any(word in path for word in examples)]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
