"""Every block of commands of the pages runs as it is printed, or its page's source says why it doesn't."""

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.docs.examples import PAGES, Block, find_blocks
from tests.docs.world import BrokenBlockError, Scene, World

BLOCKS: Final = [block for block in find_blocks() if block.page.name != "CHANGELOG.md"]
RUN: Final = [page for page in PAGES if any(each.page == page and not each.reason for each in BLOCKS)]
SCENES: Final = {
    name: Scene(**scene)
    for name, scene in tomllib.loads(Path(__file__).with_name("scenes.toml").read_text()).items()
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("the pages call the HTTP API with curl, which is not installed")
    world = World(tmp_path_factory.mktemp("world"), curl)
    world.run("rapport up --detach --workers 1")
    try:
        world.learn_addresses()
        world.run("rapport campaign birthday demo --dry-run")  # reads the people
        yield world
    finally:
        world.run("rapport down; rapport destroy <<<yes")


@pytest.mark.soak
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_the_commands_of_a_page_run(world: World, page: Path) -> None:
    scene = SCENES.get(page.name, Scene())
    world.run(scene.prepare)
    for block in BLOCKS:
        if block.page == page and block.reason is None:
            world.play(block, scene)


def test_a_scene_is_of_a_page_that_runs() -> None:
    assert SCENES.keys() <= {page.name for page in RUN}


def test_a_word_of_a_scene_is_on_its_page() -> None:
    for name, scene in SCENES.items():
        text = "".join(block.text for block in BLOCKS if block.page.name == name)
        assert [each for each in (*scene.words, *scene.answers) if each not in text] == [], name
