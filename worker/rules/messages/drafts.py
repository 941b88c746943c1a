"""Choose the message for one person: in their language, and unlike those they were sent before."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.errors import Reason
from worker.rules.messages.similarity import is_same_message
from worker.rules.messages.templates import MessageTemplate, TemplateRefusedError, render_template
from worker.rules.names.spoken_name import SpokenName, spoken_name


@dataclass(frozen=True, slots=True)
class Addressee:
    """The recipient of a message. `language` is ISO 639-1, `location` as a site shows it; None if unknown."""

    contact_id: int
    full_name: str
    language: str | None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A message, with the template it was rendered from and its language."""

    message: str
    template_id: int
    language: str


def draft_message(
    addressee: Addressee,
    templates: Sequence[MessageTemplate],
    *,
    past_texts: Sequence[str],
    fallback_language: str,
    days_late: int,
    draw: int,
) -> Draft | Reason:
    """Return the message for a person, or why there is none: NO_NAME, NO_TEMPLATE or NO_FRESH_TEMPLATE.

    `past_texts` are not repeated; tasks/campaigns/drafting.py says how far they go back. `days_late` is 0 on
    the day, which has its own templates. The fallback language is used only if the person's has no template.
    `draw` is any integer: equal draws give equal messages, so planning twice gives the same text, and evenly
    spread draws choose templates by weight. A template that a newer rule no longer renders is skipped.
    """
    name = spoken_name(addressee.full_name, addressee.language, addressee.location)
    if name is None:
        return Reason.NO_NAME
    candidates = sorted((t for t in templates if t.late == (days_late > 0)), key=lambda template: template.id)
    for language in (addressee.language, fallback_language):
        drafts = [
            (draft, template.weight)
            for template in candidates
            if template.language == language and (draft := _render_draft(template, name, days_late))
        ]
        if drafts:
            # Another language would be worse than no greeting, so it is not tried for an unused text.
            return _choose_weighted(
                [(d, weight) for d, weight in drafts if _is_fresh(d, past_texts, name)], draw
            )
    return Reason.NO_TEMPLATE


def _render_draft(template: MessageTemplate, name: SpokenName, days_late: int) -> Draft | None:
    try:
        message = render_template(template.body, name=name, days_late=days_late)
    except TemplateRefusedError:
        return None
    return Draft(message, template.id, template.language)


def _is_fresh(draft: Draft, past_texts: Sequence[str], name: SpokenName) -> bool:
    return not any(is_same_message(draft.message, past, name=name) for past in past_texts)


def _choose_weighted(drafts: Sequence[tuple[Draft, int]], draw: int) -> Draft | Reason:
    if not drafts:
        return Reason.NO_FRESH_TEMPLATE
    left = draw % sum(weight for _, weight in drafts)
    for draft, weight in drafts:
        left -= weight
        if left < 0:
            return draft
    raise AssertionError("weights are positive")
