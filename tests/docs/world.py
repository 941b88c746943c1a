"""A folder in which the pages' commands run: embedded servers, the practice network, files of somebody."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from api_stub.stack.environment_file import read_environment
from tests.cluster import untraced
from tests.docs.examples import ROOT, Block

_SECONDS: Final = 600
_RAPPORT: Final = f'exec "{sys.executable}" -P -m api_stub.cli "$@"'
_PROGRAMS: Final = {
    "bin/rapport": _RAPPORT,
    "run": _RAPPORT,
    "bin/at-terminal": f'exec "{sys.executable}" "{Path(__file__).with_name("at_terminal.py")}" "$@"',
    # A stream of events never ends, so it is cut off.
    "bin/curl": """case " $* " in *" -f"*) ;; *) set -- "$@" --fail-with-body ;; esac
"$REAL_CURL" "$@" --silent --show-error --max-time 10
code=$?
[ $code -eq 28 ] || exit $code""",
}
_ENDLESS: Final = re.compile(r"^(\w+=\S+ )*(rapport|\./run) (logs|watch)\b.* (--follow|-f)\b")


class BrokenBlockError(AssertionError):
    """A block of a page doesn't do what it says."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the commands of one page need: things that they name, answers, and keys typed at a terminal.

    `not_run` says why none of the page's commands is run here.
    """

    not_run: str = ""
    prepare: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        """Return the commands with the names of this world in place of the page's."""
        for word, value in self.words.items():
            pattern = rf"\b{word}\b" if word.isidentifier() else re.escape(word)
            text = re.sub(pattern, value.replace("\\", r"\\"), text)
        return "\n".join(map(self._answer, text.replace("\\\n", " ").splitlines()))

    def _answer(self, line: str) -> str:
        command, comment, rest = line.partition("  #")
        if _ENDLESS.match(command.strip()):
            return f"timeout --signal=INT 6 {command.strip()} || test $? = 124"
        for part, answer in self.answers.items():
            if part in line:
                return f"{command} <<<$'{answer}' {comment}{rest}"
        for part, keys in self.keys.items():
            if part in line:
                return f"at-terminal $'{keys}' {shlex.quote(command)}"
        return line


class World:
    """The folder, with its programs and its environment."""

    def __init__(self, folder: Path, curl: str) -> None:
        self.folder = folder
        for name, text in _PROGRAMS.items():
            program = folder / name
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(f"#!/bin/sh\n{text}\n")
            program.chmod(0o755)
        (folder / "home").mkdir()
        (folder / ".venv").mkdir()
        (folder / ".venv/bin").symlink_to(Path(sys.prefix) / "bin")
        for name in ("docs", "ops", "bench", "tests", "celeryconfig.py"):
            (folder / name).symlink_to(ROOT / name)
        self.environment = {
            **untraced(),
            "HOME": str(folder / "home"),
            "PATH": f"{folder / 'bin'}:{Path(sys.prefix) / 'bin'}:{untraced()['PATH']}",
            "PYTHONPATH": str(ROOT),
            "RAPPORT_DATA": str(folder / ".rapport"),
            "REAL_CURL": curl,
            "TERM": "xterm",
        }

    def run(self, commands: str) -> str:
        """Run shell commands and return what they print. Raises BrokenBlockError if one fails."""
        with subprocess.Popen(
            ["bash", "-eu", "-o", "pipefail", "-c", commands],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env={**self.environment, **self._list_addresses()},
            start_new_session=True,
        ) as shell:
            try:
                printed, _ = shell.communicate(timeout=_SECONDS)
            except BaseException:  # interrupted, too: what the shell started must not stay behind
                os.killpg(shell.pid, signal.SIGKILL)
                raise
        if shell.returncode != 0:
            raise BrokenBlockError(f"exit {shell.returncode}\n{commands}\n---\n{printed}")
        return printed

    def _list_addresses(self) -> dict[str, str]:
        """Return the variables that the pages use for addresses and keys, if a Rapport is running.

        A page may restart it, and then it may have other ports.
        """
        data = self.folder / ".rapport"
        if not (of_stack := read_environment(data)):
            return {}
        secrets = json.loads((data / "secrets.json").read_text())
        addresses = json.loads((data / "state.json").read_text())["addresses"]
        return {
            "REDIS_URL": of_stack["REDIS_URL"],
            "API": addresses["api"],
            "API_KEY": secrets["api_key"],
            "FLOWER": addresses["flower"],
            "FLOWER_PASSWORD": secrets["flower_password"],
        }

    def play(self, block: Block, scene: Scene) -> str:
        """Run a block as its page shows it."""
        try:
            return self.run(scene.fill(block.text))
        except BrokenBlockError as error:
            raise BrokenBlockError(f"{block}: {error}") from None
