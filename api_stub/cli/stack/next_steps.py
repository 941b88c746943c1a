"""What a person can try after `rapport demo`, and beside `rapport up`."""

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import api_stub
from api_stub.cli.context import DEFAULT_DATA
from api_stub.cli.hints import program
from db.store.reports.overview import ActionLine
from worker.rules.model import ActionState

_COLUMNS: Final = 80
"""Of the narrowest usual terminal."""
_CRITERIA: Final = Path(api_stub.__file__).parents[1] / "docs" / "criteria.json"


def after_the_demo(lines: Iterable[ActionLine], account: str, data: Path) -> str:
    """Return three commands that work on what the demo left."""
    greeted = [line for line in lines if line.state is ActionState.DONE]
    person = greeted[0].profile_url.rstrip("/").rpartition("/")[2] if greeted else ""
    return _render(
        data,
        [
            (
                ("contacts", "show", person) if person else ("contacts", "list"),
                "all that is known about a person",
            ),
            (("forecast", account), "who will be greeted when"),
            (("up",), "the same system, until you stop it"),
        ],
    )


def beside_the_stack(account: str, data: Path) -> str:
    """Return three commands to type in another terminal while everything runs."""
    search = (
        ("campaign", "sourcing", account, "--criteria", os.path.relpath(_CRITERIA), "--limit", "20")
        if _CRITERIA.exists()  # not in an installed package
        else ("why", account)
    )
    return _render(
        data,
        [
            (("campaign", "birthday", account, "--dry-run"), "who would be greeted, with what and when"),
            (search, "find people and rank them"),
            (("summary", account), "the summary of today"),
        ],
    )


def _render(data: Path, steps: Sequence[tuple[Sequence[str], str]]) -> str:
    elsewhere = () if data == DEFAULT_DATA else ("--data", str(data))
    commands = [f"{program()} {shlex.join((*words, *elsewhere))}" for words, _ in steps]
    width = max(map(len, commands))
    lines = [f"  {command:<{width}}  {what}" for command, (_, what) in zip(commands, steps, strict=True)]
    if max(map(len, lines)) >= _COLUMNS:
        lines = [f"  {command}\n      {what}" for command, (_, what) in zip(commands, steps, strict=True)]
    return "\n".join(lines)
