"""Every command that a page shows is one that this version has, with options that it has."""

import ast
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from typer.core import TyperGroup

from api_stub.cli.main import build_app
from tests.docs.examples import PACKAGES, PAGES, ROOT, Block, find_blocks, find_commands, find_inline_commands

COMMANDS: Final = typer.main.get_group(build_app())
OF_RUN: Final = {"test", "lint", "soak", "mutate", "bench", "docs-test", "help", "--help", "--version"}
"""What only ./run has: it hands the arguments to other programs."""
BLOCKS: Final = list(find_blocks())
SOURCES: Final = [path for folder in PACKAGES for path in sorted((ROOT / folder).rglob("*.py"))]
FILLED_IN: Final = "…"
"""What stands in a text of the sources for a value."""
UsageError: Final[Any] = typer.BadParameter.__mro__[1]


class WrongCommandError(ValueError):
    """A page shows a command, an option or an argument that doesn't exist."""


def find_leaf(words: Sequence[str]) -> tuple[Any, list[str]]:
    """Return the command or group that the words name, and its arguments."""
    command: Any = COMMANDS
    rest = [word for word in words if word != "--utc"]
    while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
        if rest[0] not in command.commands:
            raise WrongCommandError(f"there is no command {rest[0]!r}")
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


def parse(words: Sequence[str]) -> None:
    """Raise WrongCommandError if the command, an option or an argument doesn't exist."""
    if words[0] == "./run" and words[1] in OF_RUN:
        return
    command, rest = find_leaf(words[1:])
    if isinstance(command, TyperGroup):
        if not rest:
            raise WrongCommandError(f"{' '.join(words)} is a group of commands")
        return
    try:
        _, left, _ = command.make_parser(typer.Context(command)).parse_args(rest)
    except UsageError as error:
        raise WrongCommandError(str(error)) from None
    if left:
        raise WrongCommandError(f"{' '.join(left)} are too many arguments")


def check_names(words: Sequence[str]) -> None:
    """Raise WrongCommandError if the command or an option doesn't exist; sentences leave arguments out."""
    if words[0] == "./run" and words[1].strip("[]") in OF_RUN:
        return
    command, rest = find_leaf(words[1:])
    known = {"--help", "--json"} if isinstance(command, TyperGroup) else {"--help"}
    for each in command.get_params(typer.Context(command)):
        known |= {*each.opts, *each.secondary_opts}
    for word in rest:
        name = re.match(r"\[?(--?[a-z][\w-]*)", word)
        if name and name[1] not in known:
            raise WrongCommandError(f"{' '.join(words)}: there is no option {name[1]}")


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_shell_reads_every_block(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_command_in_a_block_exists_with_its_options(block: Block) -> None:
    for line in block.text.replace("\\\n", " ").splitlines():
        if "rapport" in line or "./run" in line:
            for words in find_commands(line):
                parse(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_a_sentence_exists_with_its_options(page: Path) -> None:
    for words in find_inline_commands(page):
        if page.name != "CHANGELOG.md":  # it may name what an earlier version had
            check_names(words)


def list_texts(source: str) -> Iterator[str]:
    """Yield the texts of a module, with `FILLED_IN` for each value in them."""
    tree = ast.parse(source)
    parts = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts |= {id(part) for part in node.values}
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else FILLED_IN for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


def find_hints(source: str) -> Iterator[list[str]]:
    """Yield the commands that a module's texts name: in backticks, or as a line of their own."""
    for text in list_texts(source):
        for command in [*re.findall(r"`(rapport [a-z][^`]*)`", text), *text.splitlines()]:
            words = command.split()
            if words[:1] == ["rapport"] and words[1:] and words[1] in COMMANDS.commands:
                yield words


def test_every_command_in_a_text_of_ours_exists_with_its_options() -> None:
    sources = [source for path in SOURCES if "rapport " in (source := path.read_text())]
    hints = {tuple(words) for source in sources for words in find_hints(source)}
    assert len(hints) > 100
    for words in hints:
        at_value = words.index(FILLED_IN) if FILLED_IN in words else len(words)
        if at_value != 2 or not isinstance(COMMANDS.commands[words[1]], TyperGroup):
            check_names(words)


def test_the_check_refuses_what_does_not_exist() -> None:
    for wrong in ("rapport upp", "rapport account lst", "rapport up --worker 1", "rapport beat now"):
        with pytest.raises(WrongCommandError):
            parse(wrong.split())
    with pytest.raises(WrongCommandError):
        check_names(["rapport", "up", "--detached"])


def test_programs_of_this_tree_that_a_page_calls_exist() -> None:
    for block in BLOCKS:
        for word in block.text.split():
            for folder in ("bench", "docs", "ops"):
                if word.startswith(f"{folder}.") and word.islower():
                    assert (ROOT / f"{word.replace('.', '/')}.py").exists(), f"{block}: {word}"
                if word.startswith(f"{folder}/") and not any(each in word for each in "*<>"):
                    assert (ROOT / word).exists(), f"{block}: {word}"
