"""No page says what another one says: it links to it."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.docs.examples import PAGES

_MADE: Final = re.compile(r"<!-- made by .*?<!-- end -->", re.DOTALL)
_RUN: Final = 12
"""Words in a row. Fewer, such as "nothing is changed", may well stand in two places."""


def find_runs(page: Path) -> Iterator[str]:
    """Yield each run of words within a sentence of a page, without links and marks, in small letters."""
    text = _MADE.sub("", page.read_text())
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    for block in re.split(r"\n\s*\n|\n\||\s\|\s|\n- ", text):
        for sentence in re.split(r"(?<=[.!?:])\s", " ".join(block.split())):
            words = re.findall(r"[\w'/.-]+", sentence.lower())
            yield from (" ".join(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1))


def test_no_sentence_is_on_two_pages() -> None:
    pages = defaultdict(set)
    for page in PAGES:
        if page.name != "CHANGELOG.md":  # it tells what the pages say, when it was new
            for run in find_runs(page):
                pages[run].add(page.name)
    assert {run: names for run, names in pages.items() if len(names) > 1} == {}
