"""Choose the message for one person: in their language, and unlike those they were sent before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from worker.errors import Reason
from worker.rules.messages.message_text import find_message_fault
from worker.rules.messages.personal_values import NOTHING_KNOWN, PersonalValues
from worker.rules.messages.signatures import SIGNATURE_LINES, add_signature
from worker.rules.messages.similarity import is_same_message
from worker.rules.messages.template_syntax import TemplateRefusedError
from worker.rules.messages.templates import MessageTemplate, ValueUnknownError, render_template
from worker.rules.names.shown_names import find_called_name
from worker.rules.names.spoken_name import NoName, SpokenName, find_name


@dataclass(frozen=True, slots=True)
class Addressee:
    """The recipient of a message. `language` is ISO 639-1, `location` as a site shows it; None if unknown.

    `call_by` is the first name that a person set by hand, or None to derive it from the display name.
    """

    contact_id: int
    full_name: str
    language: str | None
    call_by: str | None = None
    location: str | None = None
    values: PersonalValues = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Draft:
    """A message, with the template it was rendered from and its language.

    `called` is the name by which it calls the person, '' without one.
    """

    message: str
    template_id: int
    language: str
    called: str = ""


@dataclass(frozen=True, slots=True)
class DraftOption:
    """The message of one template for one person. `is_fresh`: they had nothing like it lately."""

    draft: Draft
    weight: int
    is_fresh: bool


def draft_message(
    addressee: Addressee,
    templates: Sequence[MessageTemplate],
    *,
    past_texts: Sequence[str],
    fallback_language: str,
    days_late: int,
    draw: int,
    signature: str = "",
) -> Draft | Reason:
    """Return the message for a person, or why there is none: NO_NAME, NO_TEMPLATE or NO_FRESH_TEMPLATE.

    `past_texts` are not repeated; tasks/campaigns/drafting.py says how far they go back. `days_late` is 0 on
    the day, which has its own templates. The fallback language is used only if the person's has no template.
    `draw` is any integer: equal draws give equal messages, so planning twice gives the same text, and evenly
    spread draws choose templates by weight. A template that a newer rule refuses is skipped. So is one that
    needs what is not known of this person, or is too long with the signature; if a language has only such
    ones, the answer is NO_TEMPLATE, and no other language is tried.
    """
    name = find_addressee_name(addressee)
    if isinstance(name, NoName):
        return Reason.NO_NAME
    candidates = sorted((t for t in templates if t.late == (days_late > 0)), key=lambda template: template.id)
    for language in (addressee.language, fallback_language):
        if language is None:
            continue
        own = [template for template in candidates if template.language == language]
        rendered = _render_all(own, name, days_late, addressee.values)
        options = _list_options(rendered, past_texts, name, signature)
        if options:
            return _choose_weighted([(one.draft, one.weight) for one in options if one.is_fresh], draw)
        if rendered:
            # Another language would be worse than no greeting.
            return Reason.NO_TEMPLATE
    return Reason.NO_TEMPLATE


def list_drafts(
    addressee: Addressee,
    templates: Sequence[MessageTemplate],
    *,
    past_texts: Sequence[str],
    fallback_language: str,
    days_late: int,
    signature: str = "",
) -> list[DraftOption]:
    """Return the message of each template that can be filled in for a person, in every language.

    Those in the person's language come first, then those in the fallback language. Without a certain name
    there are none.
    """
    name = find_addressee_name(addressee)
    if isinstance(name, NoName):
        return []
    fitting = [template for template in templates if template.late == (days_late > 0)]
    first = (addressee.language, fallback_language)
    fitting.sort(
        key=lambda each: (each.language != first[0], each.language != first[1], each.language, each.id)
    )
    rendered = _render_all(fitting, name, days_late, addressee.values)
    return _list_options(rendered, past_texts, name, signature)


def _list_options(
    rendered: Sequence[tuple[str | None, MessageTemplate]],
    past_texts: Sequence[str],
    name: SpokenName,
    signature: str,
) -> list[DraftOption]:
    return [
        DraftOption(
            Draft(message, template.id, template.language, find_called_name(text, name)),
            template.weight,
            _is_fresh(text, past_texts, name),
        )
        for text, template in rendered
        if text is not None and find_message_fault(message := add_signature(text, signature)) is None
    ]


def _render_all(
    templates: Sequence[MessageTemplate], name: SpokenName, days_late: int, values: PersonalValues
) -> list[tuple[str | None, MessageTemplate]]:
    """Return the text of each template, None if it needs what is not known; leave out those refused."""
    rendered: list[tuple[str | None, MessageTemplate]] = []
    for template in templates:
        try:
            text = render_template(template.body, name=name, days_late=days_late, values=values)
        except ValueUnknownError:
            rendered.append((None, template))
        except TemplateRefusedError:
            continue
        else:
            rendered.append((text, template))
    return rendered


def find_addressee_name(addressee: Addressee) -> SpokenName | NoName:
    """Return how to address the person: by the name set by hand, else as the display name tells."""
    derived = find_name(addressee.full_name, addressee.language, addressee.location)
    if addressee.call_by is None:
        return derived
    full = derived.full if isinstance(derived, SpokenName) else addressee.call_by
    return SpokenName(addressee.call_by, full)


def has_certain_name(full_name: str, language: str | None, location: str | None, call_by: str | None) -> bool:
    """Return whether `find_addressee_name` finds a name for such a person."""
    return call_by is not None or isinstance(find_name(full_name, language, location), SpokenName)


def _is_fresh(text: str, past_texts: Sequence[str], name: SpokenName) -> bool:
    """Return whether a text without signature is new to the person.

    A past text may end with a signature, perhaps another than today's. So it is also compared without its
    last lines, and a signature never makes two texts alike or unlike.
    """
    return not any(
        is_same_message(text, earlier, name=name)
        for past in past_texts
        for earlier in _without_signature(past)
    )


def _without_signature(past: str) -> Iterator[str]:
    lines = past.split("\n")
    yield past
    for left in range(max(1, len(lines) - SIGNATURE_LINES), len(lines)):
        yield "\n".join(lines[:left])


def _choose_weighted(drafts: Sequence[tuple[Draft, int]], draw: int) -> Draft | Reason:
    if not drafts:
        return Reason.NO_FRESH_TEMPLATE
    left = draw % sum(weight for _, weight in drafts)
    for draft, weight in drafts:
        left -= weight
        if left < 0:
            return draft
    raise AssertionError("weights are positive")
