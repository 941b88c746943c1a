"""What a person reads: a title, and sections of lines. It is shown as plain text and as HTML."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from worker.rules.texts.characters import sanitise_line, sanitise_text

LONGEST_TITLE: Final = 80
"""Characters. It becomes a mail's subject, of which a phone shows about 40."""
LONGEST_NAME: Final = 80
_LONGEST_QUOTE: Final = 2000


@dataclass(frozen=True, slots=True)
class Link:
    """An address to open, and what its link says."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a section, with a message that is quoted and links, if there are any.

    `name` is whom it is about. It stands before the text, in the direction of its own script.
    """

    text: str
    quote: str = ""
    links: tuple[Link, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines below a heading. Without a heading, its lines are paragraphs."""

    entries: tuple[Entry, ...]
    heading: str = ""
    links: tuple[Link, ...] = ()


def clean_line(value: object, longest: int = LONGEST_NAME) -> str:
    """Return a value as one visible line, cut to `longest` characters.

    Names come from sites and files: no control character, line end or direction override of theirs is left.
    """
    line = sanitise_line(str(value))
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def clean_quote(message: str) -> str:
    """Return a message with its lines, without characters that can't be seen, cut to a length."""
    text = sanitise_text(message.replace("\r\n", "\n")).replace("\t", " ").strip()
    return text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"


def clean_title(title: str) -> str:
    """Return a title that fits a mail's subject."""
    return clean_line(title, LONGEST_TITLE)


def paragraphs(*texts: str) -> Section:
    """Return a section of paragraphs; empty ones are left out."""
    return Section(tuple(Entry(text) for text in texts if text))


def to_plain_text(sections: Iterable[Section]) -> str:
    """Return the sections as plain text, a heading in capitals, an empty line between sections."""
    return "\n\n".join("\n".join(_list_lines(section)) for section in sections)


def _list_lines(section: Section) -> Iterator[str]:
    if not section.heading:
        yield "\n\n".join("\n".join(_list_entry_lines(each, "", "")) for each in section.entries)
        yield from map(_format_link, section.links)
        return
    yield section.heading.upper()
    for entry in section.entries:
        yield from _list_entry_lines(entry, "- ", "  ")
    yield from map(_format_link, section.links)


def _list_entry_lines(entry: Entry, first: str, indent: str) -> Iterator[str]:
    yield first + ": ".join(filter(None, (entry.name, entry.text)))
    for line in entry.quote.splitlines():
        yield f"{indent}> {line}"
    for link in entry.links:
        yield indent + _format_link(link)


def _format_link(link: Link) -> str:
    return f"{link.text}: {link.url}"
