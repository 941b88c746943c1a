"""Reduce a page to its shape: no word, number, id or address of it survives, only its structure.

A shape may be attached to a public report. So nothing is kept because it looks harmless: words of attributes
are kept only if they are words of HTML, of our own marks, or developers' names that no text of the page uses.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+|\d+|\S")
_KEPT_SIGNS: Final = frozenset(".,:;!?'\"()/-+%&|·•…’–—@#_")  # noqa: RUF001 -- what pages write
_MOST_WORDS: Final = 12
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^A-Za-z\d]+")
"""The parts of a name as developers write it: `lazyColumn`, `lazy-column`, `lazy_column`."""
_LETTERS: Final = re.compile(r"([A-Za-z]+)")
_IDENTIFIER: Final = re.compile(
    r"AC[a-z]A[\w-]{8,}|urn:\S+|[0-9a-f]{8}-[0-9a-f-]{20,}|[A-Za-z]*\d[A-Za-z\d]{18,}|[A-Za-z\d+/=]{40,}"
)
"""Member ids, URNs, UUIDs, and anything as long as a token."""
_HASH: Final = re.compile(r"(#[0-9a-f]{6})")
_VALUES: Final = re.compile(r'#[0-9a-f]{6}|"[^"]*"')
_LONGEST_PART: Final = 24
_LEAST_GUARDED: Final = 4
"""Letters. A shorter word of a text may stand inside a developer's name by chance."""
_MOST_VALUE: Final = 160
_OF_SOMEBODY: Final = frozenset({"in", "thread", "company", "school"})
"""Segments of a path after which a slug or an id follows, whatever words it is made of."""

_OPEN: Final = frozenset({"class", "data-testid", "data-view-name", "data-sdui-screen", "role", "type"})
"""Attributes whose values developers choose: their words are kept unless a text of the page has them too."""
_CLOSED: Final = frozenset({"id", "componentkey", "name", "href", "src", "action", "action-type"})
"""Attributes that may hold what belongs to a person: their own words count as said by the page."""
_FLAGS: Final = frozenset({"true", "false", "page", "step", "polite", "assertive", "off", "dialog", "ltr"})
_HTML: Final = frozenset(
    """a abbr address article aside audio b blockquote body br button canvas caption code dd details dialog
    div dl dt em fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html i iframe img input
    label legend li main mark menu nav ol option p picture pre section select small span strong sub summary
    sup table tbody td textarea tfoot th thead time title tr u ul video wbr alert alertdialog banner combobox
    complementary contentinfo heading image link list listbox listitem navigation none presentation radio
    radiogroup region search searchbox status tab tablist tabpanel textbox toolbar checkbox email file hidden
    password submit tel text url""".split()  # noqa: SIM905 -- a list of words
)


@dataclass(frozen=True, slots=True)
class PageElement:
    """An element of a page: its tag, attributes, own text, and the elements in it.

    `shown`: the browser shows it. `root` is "shadow root" or "frame" for the first element in one.
    """

    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    shown: bool = True
    children: tuple["PageElement", ...] = ()
    root: str = ""


def shape_text(text: str) -> str:
    """Return the shape of a text: "Célébrez l'anniversaire de Ada le 10 nov." is "Aa a'a a Aa a 9 a."."""
    shaped, words = "", 0
    for match in _WORD.finditer(text):
        if words == _MOST_WORDS:
            return f"{shaped} …"
        token = match[0]
        spaced = " " if shaped and text[match.start() - 1].isspace() else ""
        words += token.isalnum()
        shaped += spaced + _shape_token(token)
    return shaped


def _shape_token(token: str) -> str:
    if token.isdecimal() or token.isdigit():
        return "9"
    if token.isalpha():
        if token.isupper() and len(token) > 1:
            return "A"
        return ("A" if len(token) == 1 else "Aa") if token[0].isupper() else "a"
    return token if token in _KEPT_SIGNS else "¤"


class Shaper:
    """Shapes the pages of one check. `salt` is drawn for it and kept nowhere, so no hash can be looked up.

    `vocabulary` are words that our own source has, such as those of the marks' selectors.
    """

    def __init__(self, salt: bytes, vocabulary: Collection[str]) -> None:
        self._salt = salt
        self._known = {part.lower() for word in vocabulary for part in _PART.findall(word)}
        self._known |= _HTML | _FLAGS | _OF_SOMEBODY
        self._said: frozenset[str] = frozenset()
        self._kept: dict[str, bool] = {}
        self._across: dict[str, bool] = {}

    def hash(self, value: str) -> str:
        """Return a mark that is the same for the same value in this check only."""
        return f"#{blake2b(value.encode(), key=self._salt, digest_size=3).hexdigest()}"

    def shape_path(self, path: str) -> str:
        """Return a path with every segment hashed that is no word of ours; without its query."""
        kept, question, _ = path.partition("?")
        segments = kept.split("/")
        shaped = (
            part if self._is_known(part) and before not in _OF_SOMEBODY else self.hash(part)
            for before, part in zip(["", *segments], segments, strict=False)
        )
        return "/".join(shaped) + ("?…" if question else "")

    def shape_page(self, root: PageElement, *, most_lines: int) -> Iterator[str]:
        """Yield the lines of the sketch of a page, at most `most_lines`.

        Of siblings that are built alike only the first is shown, with their number.
        """
        words = {word for text in _texts(root) for word in re.findall(r"[^\W\d_]+", text)}
        parts = {part for word in words for part in _PART.findall(word)}
        self._said = frozenset(word.lower() for word in words | parts) - self._known
        self._kept.clear()
        self._across.clear()
        lines = self._sketch(root, 0)
        for number, line in enumerate(lines):
            if number == most_lines:
                yield "…"
                return
            yield line

    def _sketch(self, element: PageElement, depth: int) -> Iterator[str]:
        while not element.text.strip() and len(element.children) == 1 and self._is_plain(element):
            element = element.children[0]  # a chain of wrappers says nothing
        yield "  " * depth + self._describe(element)
        alike: dict[tuple[str, ...], list[list[str]]] = {}
        for child in element.children:
            lines = list(self._sketch(child, depth + 1))
            alike.setdefault(tuple(map(_without_values, lines)), []).append(lines)
        for group in alike.values():
            yield from _counted(group[0], len(group))

    def _is_plain(self, element: PageElement) -> bool:
        return (
            element.tag in {"div", "span"}
            and not element.root
            and not any(name in _OPEN | _CLOSED or name.startswith("aria-") for name in element.attributes)
        )

    def _describe(self, element: PageElement) -> str:
        attributes = (self._shape_attribute(name, value) for name, value in element.attributes.items())
        shown = "" if element.shown else " (hidden)"
        root = f"{element.root}: " if element.root else ""
        text = f' "{shape_text(element.text)}"' if element.text.strip() else ""
        tag = element.tag if element.tag in _HTML else self._shape_words(element.tag)
        return f"{root}{tag}{''.join(attributes)}{shown}{text}"

    def _shape_attribute(self, name: str, value: str) -> str:
        shown = self._shape_words(name)
        if name in {"href", "src", "action"}:
            return f"[{shown}={self._shape_address(value)}]"
        if name in _OPEN | _CLOSED:
            return f"[{shown}={self._shape_words(value)}]"
        if value.lower() in _FLAGS:
            return f"[{shown}={value.lower()}]"
        if _IDENTIFIER.fullmatch(value):
            return f"[{shown}={self.hash(value)}]"
        return f"[{shown}]" if not value else f'[{shown}="{shape_text(value)}"]'

    def _shape_address(self, value: str) -> str:
        _, separator, rest = value.partition("://")
        if separator:
            host, slash, path = rest.partition("/")
            return f"//{self.hash(host)}{self.shape_path(slash + path)}"
        return self.shape_path(value.partition("#")[0]) or "#"

    def _shape_words(self, value: str) -> str:
        """Return a developer's name with unknown parts hashed; digits become 9."""
        shaped = _IDENTIFIER.sub(lambda found: self.hash(found[0]), value)
        pieces = _HASH.split(shaped[:_MOST_VALUE])
        for place, piece in enumerate(pieces):
            if place % 2 == 0:  # the others are hashes
                names = _LETTERS.split(piece)
                pieces[place] = "".join(map(self._shape_name, names))
        return "".join(pieces)

    def _shape_name(self, name: str) -> str:
        """Shape each part of a name; the unknown ones are hashed if a word of the page lies across parts."""
        parts = _PART.findall(name)
        if name not in self._across:
            self._across[name] = any(
                len(word) >= _LEAST_GUARDED
                and word in name.lower()
                and not any(word in part.lower() for part in parts)
                for word in self._said
            )
        return "".join(self._shape_part(part, across=self._across[name]) for part in parts)

    def _shape_part(self, part: str, *, across: bool) -> str:
        if part.isdigit():
            return "9"
        if not part.isascii():
            return "¤"
        if not part.isalpha():
            return part
        is_kept = part.lower() in self._known or (not across and self._is_harmless(part.lower()))
        return part if is_kept else self.hash(part)

    def _is_harmless(self, part: str) -> bool:
        """Return whether no text of the page has the word, alone or as a part of it."""
        if part not in self._kept:
            self._kept[part] = len(part) <= _LONGEST_PART and not any(
                word == part or (len(word) >= _LEAST_GUARDED and word in part) for word in self._said
            )
        return self._kept[part]

    def _is_known(self, segment: str) -> bool:
        return all(part.lower() in self._known or not part.isalnum() for part in _PART.findall(segment))


def _texts(element: PageElement) -> Iterator[str]:
    """Yield every text of a page, and the values of attributes that may hold what belongs to a person."""
    yield element.text
    yield from (value for name, value in element.attributes.items() if name not in _OPEN)
    for child in element.children:
        yield from _texts(child)


def _without_values(line: str) -> str:
    """Return what two cards of a list have in common: neither texts nor hashes."""
    return _VALUES.sub("", line)


def _counted(lines: list[str], count: int) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"{line} × {count}" if number == 0 and count > 1 else line  # noqa: RUF001 -- "times"
