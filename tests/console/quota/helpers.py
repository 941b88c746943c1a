"""Read the numbers of a page: its tables, and the parts of its pictures."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

UNSAFE = ("<script>", "<img", "<b ", "\u202e", "\u2066", "\x1b", "\x85")
"""What a page that shows HOSTILE names must not contain."""


@dataclass
class Shown(HTMLParser):
    """The tables of a page by caption, each a list of rows, and its pictures' titles."""

    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    _rows: list[list[str]] = field(default_factory=list)
    _text: list[str] | None = None
    _caption: str = ""

    def __post_init__(self) -> None:
        """Begin to parse."""
        super().__init__()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Collect the cells of tables."""
        if tag == "table":
            self._rows, self._caption = [], ""
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"td", "th", "caption"}:
            self._text = []

    def handle_endtag(self, tag: str) -> None:
        """Keep a cell, or a table at its end."""
        text = " ".join("".join(self._text or ()).split())
        if tag == "table":
            self.tables[self._caption] = self._rows
        elif tag == "caption":
            self._caption, self._text = text, None
        elif tag in {"td", "th"}:
            self._rows[-1].append(text)
            self._text = None

    def handle_data(self, data: str) -> None:
        """Collect text."""
        if self._text is not None:
            self._text.append(data)


def read_tables(html: str) -> Mapping[str, Sequence[Sequence[str]]]:
    """Return the rows of each table by its caption, without the heads."""
    shown = Shown()
    shown.feed(html)
    return {caption: rows[1:] for caption, rows in shown.tables.items()}


def read_levels(html: str) -> Sequence[int]:
    """Return the counts that the cells of a heat map name."""
    return [
        int(count.replace(",", "")) for count in re.findall(r"<title>[^<]*: ([\d,]+)</title></rect>", html)
    ]


def count_of(text: str) -> int:
    """Return a number as a page shows it."""
    return int(text.replace(",", ""))
