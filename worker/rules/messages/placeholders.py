"""Find fields that are written in another way than Rapport's, and would be sent as they stand.

Mail-merge programs write them in many ways: `{first_name}`, `[First Name]`, `<name>`, `%FIRSTNAME%`, `$name`,
`*|FNAME|*` (Mailchimp), `{!Contact.FirstName}` (Salesforce), `{{contact.firstname}}` (HubSpot), «Prénom»
(Word). Any word in braces counts, and any unmatched brace; between other signs only a word that names a
field, in the languages below, so that "[sic]", "<3" and "50 %" stay text.
"""

# ruff: noqa: RUF001 -- signs that look like others are meant

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from worker.rules.messages.field_words import NAME_WORDS, find_field

_PLAIN: Final = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | str.maketrans(
    "﹛❴⦃﹜❵⦄",
    "{{{}}}",
)
"""Look-alikes of ASCII signs. Each becomes one character, so that positions stay."""

_EMOTICON: Final = re.compile(r"(?<![\w{])[:;=][-'^o]?[{}]+")
_IN_BRACES: Final = re.compile(r"[$#@%]?(?<!\{)\{++([^{}]{0,80})\}+")
_PAIRS: Final = (
    ("<", ">"), ("[", "]"), ("«", "»"), ("‹", "›"), ("&lt;", "&gt;"), ("⟨", "⟩"),
    ("【", "】"), ("〔", "〕"), ("《", "》"), ("〈", "〉"), ("「", "」"), ("『", "』"),
)  # fmt: skip
_IN_PAIRS: Final = re.compile(
    "|".join(
        f"(?:{re.escape(left)}){{1,3}}([^\n]{{1,60}}?)(?:{re.escape(right)}){{1,3}}" for left, right in _PAIRS
    )
)
_IN_PARENTHESES: Final = re.compile(r"%\(([^()\n]{1,40})\)[sd]|\(([^()\n]{1,40})\)")
_MAILCHIMP: Final = re.compile(r"\*\|([^|\n]{1,60})\|\*")
_BETWEEN_EQUALS: Final = re.compile(r"(?<![^\W_])([%$#@|~^*_]{1,3})([^\W\d_][\w .-]{0,40}?)\1(?![^\W_])")
_AFTER_SIGN: Final = re.compile(r"(?<![\w$%@:])[$%@:]([^\W\d_]\w*)(?![\w%$@:])")
_AROUND_WORDS: Final = (
    (_IN_PAIRS, None),
    (_BETWEEN_EQUALS, None),
    (_IN_PARENTHESES, NAME_WORDS),
    (_AFTER_SIGN, None),
)
"""Signs that count only around these words; None: around any word that names a field."""

_PRINTF: Final = re.compile(r"(?<![\w%])(?<!\d[ \u00a0\u202f])%(?:\d\$)?[sd](?!\w)")
_BARE: Final = re.compile(
    r"(?<!\w)(?:(?:first|last|full|given)_name|(?:first|last|full|given)Name|[FL]_?NAME"
    r"|(?:FIRST|LAST|FULL)_?NAME|days_late|years_known)(?!\w)"
)
_INSIDE: Final = r"""(?:[^{}'"]|'[^']*'|"[^"]*")*"""
_RIGHT: Final = re.compile(
    rf"(?<!\{{)\{{\{{(?!\{{)({_INSIDE})\}}\}}(?!\}})|\{{%{_INSIDE}%\}}|\{{#.*?#\}}", re.DOTALL
)
_WRAPPED: Final = re.compile(
    r"(?:(<)|(\[)|(%{1,2})|(\*\|))\s?\{\{([^{}]*)\}\}\s?(?(1)>)(?(2)\])(?(3)\3)(?(4)\|\*)|\$\{\{([^{}]*)\}\}"
)
"""A field written in the right way, within the signs of another."""

_FIRST_WORD: Final = re.compile(r"\s*([^\W\d][\w .]*?)\s*(?:\||\bor\b|$)")
_DEFAULT: Final = re.compile(r"(?:\||\bor\b)\s*(?:default\s*[:=(]\s*)?['\"“”]?([^'\"“”(){}|]+)")
_DEFAULT_FILTER: Final = re.compile(r"\|\s*(?:(?:default|fallback)\b|['\"“]|\w+[ ]+(?!or\b|if\b)\w)")
_BLANK: Final = "\ufffc"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A field that nothing fills in, at text[start:end]. `written` is what it looks like.

    `field` is the field of Rapport that was meant, None if unknown; `default` what follows it as a default.
    An unmatched brace has no field, and is `written` as { or }.
    """

    start: int
    end: int
    written: str
    field: str | None = None
    default: str | None = None

    @property
    def is_brace(self) -> bool:
        """Whether it is only an unmatched brace."""
        return self.written.strip("{}") == "" and not ({"{", "}"} <= set(self.written))


def find_placeholders(text: str, *, fields: Mapping[str, object] | None = None) -> list[Placeholder]:
    """Return the placeholders of `text` in their order, without overlaps.

    With `fields` the text is a template, and what it writes in the right way ({{ }}, {% %}, {# #}) is no
    placeholder, unless it asks for a field under another name: {{ First Name }}.
    """
    plain = text.translate(_PLAIN)
    found: list[Placeholder] = []
    if fields is not None:
        found = list(_find_misspelt(text, plain, fields))
        plain = _RIGHT.sub(lambda match: _BLANK * len(match[0]), plain)
    kept: list[Placeholder] = []
    taken = bytearray(len(text))
    for placeholder in (*found, *_search(text, plain)):
        if not any(taken[placeholder.start : placeholder.end]):
            taken[placeholder.start : placeholder.end] = b"x" * (placeholder.end - placeholder.start)
            kept.append(placeholder)
    return sorted(kept, key=lambda placeholder: placeholder.start)


def correct_placeholders(text: str, found: list[Placeholder], optional: Mapping[str, object]) -> str | None:
    """Return `text` with the right fields for all placeholders `found`, or None if one has no field.

    Only fields in `optional` keep their default: the others are always known.
    """
    for placeholder in reversed(found):
        if placeholder.field is None:
            return None
        default = placeholder.default if placeholder.field in optional else None
        or_default = f" or '{default}'" if default else ""
        text = (
            f"{text[: placeholder.start]}{{{{ {placeholder.field}{or_default} }}}}{text[placeholder.end :]}"
        )
    return text


def _find_misspelt(text: str, plain: str, fields: Mapping[str, object]) -> Iterator[Placeholder]:
    """Yield fields in double braces under another name, with a filter for defaults, or within other signs."""
    for match in _WRAPPED.finditer(plain):
        content = (match[5] or match[6]).strip()
        if find_field(content) is not None:
            right = content if content.split("|")[0].strip() in fields else find_field(content) or None
            yield Placeholder(match.start(), match.end(), text[match.start() : match.end()], right)
    for match in _RIGHT.finditer(plain):
        word = _FIRST_WORD.match(match[1] or "")
        if word is None or find_field(word[1]) is None:
            continue
        if word[1] not in fields or _DEFAULT_FILTER.search(match[1]):
            yield _meant(text, match, match[1])


def _search(text: str, plain: str) -> Iterator[Placeholder]:
    """Yield candidates, the surest first; a later one that overlaps an earlier one is dropped."""
    braces = _EMOTICON.sub(lambda face: _BLANK * len(face[0]), plain)
    for match in _IN_BRACES.finditer(braces):
        if re.search(rf"\w\w|{_BLANK}", match[1]) or re.fullmatch(r"\s*\w?\s*", match[1]):
            yield _meant(text, match, text[match.start(1) : match.end(1)])
        else:
            braces = braces.replace(match[0], _BLANK * len(match[0]))
    for match in _MAILCHIMP.finditer(plain):
        yield _meant(text, match, match[1])
    for pattern, words in _AROUND_WORDS:
        for match in _find_overlapping(pattern, plain):
            content = match[match.lastindex or 0]
            if find_field(content, words=words) is not None:
                yield _meant(text, match, content)
    for match in _BARE.finditer(plain):
        yield _meant(text, match, match[0])
    for match in _PRINTF.finditer(plain):
        yield _meant(text, match, "name")
    for match in re.finditer(r"[{}]+", braces):
        yield Placeholder(match.start(), match.end(), text[match.start() : match.end()])


def _find_overlapping(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield also matches that begin within another: the < of "<3, <name>" must not hide the second."""
    start = 0
    while match := pattern.search(text, start):
        yield match
        start = match.start() + 1


def _meant(text: str, match: re.Match[str], content: str) -> Placeholder:
    default = _DEFAULT.search(content)
    return Placeholder(
        match.start(),
        match.end(),
        text[match.start() : match.end()],
        find_field(content) or None,
        default[1].strip() if default else None,
    )
