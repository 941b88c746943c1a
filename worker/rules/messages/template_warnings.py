"""What a person should know about a template that is valid, but may not be what they want."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

from worker.rules.messages.links import SHORTENER_NOTE, find_shortener
from worker.rules.messages.personal_values import NOTHING_KNOWN, PersonalValues
from worker.rules.messages.template_syntax import OPTIONAL_FIELDS
from worker.rules.messages.templates import MAX_DAYS_LATE, ValueUnknownError, list_fields, render_template
from worker.rules.names.spoken_name import SpokenName

SAMPLE_NAME: Final = SpokenName("Anna", "Anna Smith")
SAMPLE_VALUES: Final = PersonalValues("Example Corp", "Head of Research", "Lyon", 7)

_MARK_UP: Final = re.compile(
    r"</?(?:a|b|br|div|em|i|p|span|strong|u)\b[^<>]*>|&(?:nbsp|amp|lt|gt|quot|#\d+);", re.IGNORECASE
)
_MUCH_LONGER: Final = 2
_SHORT: Final = 200  # characters; nobody minds a text of this length


def list_warnings(body: str, *, late: bool, others: Sequence[str] = ()) -> list[str]:
    """Return sentences to follow "it ": about names, values without a default, links, mark-up and length.

    `others` are texts of valid templates for the same language and lateness. Raises TemplateRefusedError if
    `body` is invalid.
    """
    texts = _render_all(body, late=late)
    found = [*_warn_about_name(texts), *_warn_about_values(body, late=late), *_warn_about_links(texts)]
    if mark_up := next(filter(None, map(_MARK_UP.search, texts)), None):
        found.append(f"has {mark_up[0]}, which is sent as it stands: a message has no formatting")
    length, usual = (
        _longest(texts),
        [_longest(_render_all(other, late=late)) for other in others if other != body],
    )
    if usual and length > _SHORT and length > _MUCH_LONGER * median(usual):
        found.append(
            f"has {length} characters, and the others of its language about {median(usual):.0f}: a long "
            "greeting reads like advertising"
        )
    return found


def _render_all(body: str, *, late: bool, values: PersonalValues = SAMPLE_VALUES) -> list[str]:
    days = range(1, MAX_DAYS_LATE + 1) if late else (0,)
    return [render_template(body, name=SAMPLE_NAME, days_late=day, values=values) for day in days]


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts))


def _warn_about_name(texts: Sequence[str]) -> Iterator[str]:
    if any(SAMPLE_NAME.first.casefold() not in text.casefold() for text in texts):
        yield (
            "doesn't name the person: the same words to many people read like a circular, to them and to the "
            "site; write {{ first_name }} where the name belongs"
        )


def _warn_about_values(body: str, *, late: bool) -> Iterator[str]:
    used = [field for field in OPTIONAL_FIELDS if field in list_fields(body)]
    needed = [field for field in used if _needs(body, field, late=late)]
    if needed:
        yield (
            f"needs {' and '.join(needed)}: people for whom it isn't known get another text of this "
            "language, or are left out if the account has no other; a default avoids that: "
            f"`{{{{ {needed[0]} or '...' }}}}`"
        )


def _needs(body: str, field: str, *, late: bool) -> bool:
    unknown = replace(SAMPLE_VALUES, **{field: getattr(NOTHING_KNOWN, field)})
    try:
        _render_all(body, late=late, values=unknown)
    except ValueUnknownError:
        return True
    return False


def _warn_about_links(texts: Sequence[str]) -> Iterator[str]:
    if shortener := next(filter(None, map(find_shortener, texts)), None):
        yield SHORTENER_NOTE % {"shortener": shortener}
