"""Every block of commands of the pages runs as it is printed, or its page's source says why it doesn't."""

import re
import shutil
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.cluster import wait_for
from tests.docs.examples import PAGES, Block, find_blocks
from tests.docs.world import BrokenBlockError, Scene, World

BLOCKS: Final = [block for block in find_blocks() if block.page.name != "CHANGELOG.md"]
API: Final = next(page for page in PAGES if page.name == "api.md")
SCENES: Final = {
    name: Scene(**scene)
    for name, scene in tomllib.loads(Path(__file__).with_name("scenes.toml").read_text()).items()
}
RUN: Final = [
    page
    for page in PAGES
    if page != API
    and not (page.name in SCENES and SCENES[page.name].not_run)
    and any(block.page == page and block.reason is None for block in BLOCKS)
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("the pages call the HTTP API with curl, which is not installed")
    world = World(tmp_path_factory.mktemp("world"), curl)
    try:
        world.run("rapport up --detach --workers 1")
        world.run("rapport campaign birthday demo --dry-run")  # reads the people
        yield world
    finally:
        world.run("rapport down || true; rapport destroy <<<yes")


def test_an_interrupted_command_leaves_no_process_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = f"sleep 600 # {tmp_path}"
    began = tmp_path / "began"

    def interrupt(*_: object, **__: object) -> None:
        wait_for("the command", began.exists)
        raise KeyboardInterrupt

    monkeypatch.setattr("tests.docs.world.subprocess.Popen.communicate", interrupt)
    with pytest.raises(KeyboardInterrupt):
        World(tmp_path, "curl").run(f"at-terminal q 'touch {began}; {mark}'; true")
    wait_for("the end of all", lambda: not list_processes(mark), patience=timedelta(seconds=30))


def list_processes(words: str) -> list[psutil.Process]:
    return [
        each for each in psutil.process_iter(["cmdline"]) if words in " ".join(each.info["cmdline"] or ())
    ]


@pytest.mark.soak
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_the_commands_of_a_page_run(world: World, page: Path) -> None:
    scene = SCENES.get(page.name, Scene())
    world.run(scene.prepare)
    for block in BLOCKS:
        if block.page == page and block.reason is None:
            world.play(block, scene)


@pytest.mark.soak
def test_each_call_of_the_api_is_answered_as_its_route_says(world: World) -> None:
    """The ids in the examples are made up, so a route may refuse them, but not the request itself."""
    world.run(SCENES[API.name].prepare)
    wrong = []
    for block, refusals in list_calls():
        try:
            world.run(block.text)
        except BrokenBlockError as error:
            kind = re.search(r'"type": ?"/problems/([\w-]+)"', str(error))
            if kind is None or kind[1] not in refusals:
                wrong.append(f"{block}: {error}")
    assert wrong == []


def list_calls() -> Iterator[tuple[Block, set[str]]]:
    """Yield the calls of api.md with the problems by which a route may refuse one that is well-formed."""
    lines = API.read_text().splitlines()
    for block in BLOCKS:
        if block.page == API:
            rest = "\n".join(lines[block.line :]).split("\n### ")[0]
            refused = re.search(r"^Refuses with (.*)$", rest, re.MULTILINE)
            names = set(re.findall(r"`([\w-]+)`", refused[1])) if refused else set()
            yield block, names - {"fields-wrong", "scope-missing"}


def test_a_scene_is_of_a_page_whose_commands_run_or_says_why_they_do_not() -> None:
    run = {page.name for page in RUN}
    assert {name for name, scene in SCENES.items() if not scene.not_run} <= {*run, API.name}
    with_commands = {block.page.name for block in BLOCKS if block.reason is None}
    assert {name for name, scene in SCENES.items() if scene.not_run} == with_commands - run - {API.name}


def test_a_word_of_a_scene_is_on_its_page() -> None:
    for name, scene in SCENES.items():
        text = "".join(block.text for block in BLOCKS if block.page.name == name)
        assert [each for each in (*scene.words, *scene.answers) if each not in text] == [], name
