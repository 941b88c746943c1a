"""The commands that the pages show."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
PACKAGES: Final = ("api_stub", "db", "tasks", "worker")
_PROGRAMS: Final = {"rapport", "./run", "/opt/rapport/bin/rapport"}
_ENDS: Final = {"|", "||", "&&", ";", "&", ">", ">>", "<", "2>"}


_BLOCK: Final = re.compile(
    r"(?:^ *<!-- not run: (?P<reason>[^>]+) -->\n\s*)?^ *```sh\n(?P<text>.*?)^ *```", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of shell commands on a page, and the line it begins at.

    `reason` says why it isn't run here, as the page's source does above it: `<!-- not run: ... -->`.
    """

    page: Path
    line: int
    text: str
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def find_blocks() -> Iterator[Block]:
    """Yield the blocks of shell commands of all pages."""
    for page in PAGES:
        text = page.read_text()
        for found in _BLOCK.finditer(text):
            yield Block(page, text.count("\n", 0, found.start("text")), found["text"], found["reason"])


def split_words(line: str) -> Sequence[str]:
    """Return the words of a command line, with operators as words of their own and without comments."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    reader.whitespace_split = True
    return list(reader)


def find_commands(line: str) -> Iterator[Sequence[str]]:
    """Yield the arguments of each call of Rapport's command in this line, of the program first."""
    words = split_words(line)
    for place, word in enumerate(words):
        if word in _PROGRAMS and _begins_a_command(words[:place]):
            arguments = list(words[place:])
            ends = [at for at, each in enumerate(arguments) if each in _ENDS or each in {"(", ")"}]
            yield arguments[: ends[0]] if ends else arguments


def _begins_a_command(before: Sequence[str]) -> bool:
    """Return whether the next word is a program. In a container it follows `docker compose exec SERVICE`."""
    if not before or before[-1] in _ENDS | {"(", "sudo", "eval"} or re.match(r"\w+=", before[-1]):
        return True
    return before[0] == "docker" and "exec" in before


def find_inline_commands(page: Path) -> Iterator[Sequence[str]]:
    """Yield the calls of Rapport's command that stand in a page's sentences and tables."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for code in re.findall(r"`((?:rapport|\./run) [a-z][^`]*)`", text):
        if not code.startswith("rapport cli "):  # who did something, as the audit log names a terminal
            yield code.split()
