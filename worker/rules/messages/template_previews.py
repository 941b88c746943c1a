"""A template filled in for one person, as a preview of what the person would get."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from worker.rules.messages.drafts import Addressee, find_addressee_name
from worker.rules.messages.personal_values import PersonalValues
from worker.rules.messages.signatures import add_signature
from worker.rules.messages.templates import MAX_DAYS_LATE, ValueUnknownError, render_template
from worker.rules.names.no_name import describe_no_name
from worker.rules.names.spoken_name import NoName, SpokenName


@dataclass(frozen=True, slots=True)
class FilledTemplate:
    """A template filled in for one person, who is `left_out` for this reason, or gets the `message`.

    In a late template, `message` has each different text with its days.
    """

    name: str
    first_name: str | None
    message: str | None
    left_out: str | None = None


def fill_in(body: str, person: Addressee, *, late: bool, signature: str) -> FilledTemplate:
    """Return what the person would get. Raises TemplateRefusedError for an invalid template."""
    name = find_addressee_name(person)
    if isinstance(name, NoName):
        return FilledTemplate(person.full_name, None, None, f"left out: {describe_no_name(name)}")
    try:
        message = _render_days(body, name, person.values, late=late, signature=signature)
    except ValueUnknownError as unknown:
        return FilledTemplate(person.full_name, name.first, None, f"gets another template: {unknown}")
    return FilledTemplate(person.full_name, name.first, message)


def choose_varied(people: Sequence[Addressee], most: int) -> Sequence[Addressee]:
    """Return at most `most` of these people, unlike each other: long names, other scripts, no name, the rest.

    The order of those who are chosen is theirs in `people`.
    """
    share = max(1, most // 4)
    longest = sorted(people, key=lambda person: -len(person.full_name))[:share]
    foreign = [person for person in people if not _is_latin(person.full_name)][:share]
    nameless = [person for person in people if isinstance(find_addressee_name(person), NoName)][:share]
    chosen = {person.contact_id: person for person in (*longest, *foreign, *nameless)}
    for person in people:
        if len(chosen) < most:
            chosen.setdefault(person.contact_id, person)
    return [person for person in people if person.contact_id in chosen]


def _is_latin(name: str) -> bool:
    return all("LATIN" in unicodedata.name(letter, "") for letter in name if letter.isalpha())


def _render_days(body: str, name: SpokenName, values: PersonalValues, *, late: bool, signature: str) -> str:
    """Render the message; for a late template, each different one with its days."""
    days: dict[str, list[int]] = {}
    for day in range(1, MAX_DAYS_LATE + 1) if late else (0,):
        text = render_template(body, name=name, days_late=day, values=values)
        days.setdefault(add_signature(text, signature), []).append(day)
    if len(days) == 1:
        return next(iter(days))
    return "\n".join(f"day {_format_days(those)}: {message}" for message, those in days.items())


def _format_days(days: Sequence[int]) -> str:
    in_a_row = days[-1] - days[0] == len(days) - 1 > 0
    return f"{days[0]}-{days[-1]}" if in_a_row else ", ".join(map(str, days))
