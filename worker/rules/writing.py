"""Writing one person's message."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.errors import Reason
from worker.rules.names import first_name
from worker.rules.templates import MessageTemplate, choose, render


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom it goes to."""

    contact_id: int
    full_name: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """What is said, and where it comes from."""

    message: str
    template_id: int
    language: str


def write(
    addressee: Addressee,
    templates: Sequence[MessageTemplate],
    *,
    past_texts: Sequence[str],
    fallback_language: str,
    days_late: int,
    draw: int,
) -> Draft | Reason:
    """Stand-in until the templates part lands."""
    name = first_name(addressee.full_name)
    if not name:
        return Reason.NO_NAME
    template = choose(
        templates, language=addressee.language or fallback_language, late=days_late > 0, draw=draw
    )
    if template is None:
        return Reason.NO_TEMPLATE
    message = render(template.body, first_name=name)
    return (
        Reason.NO_FRESH_TEMPLATE if message in past_texts else Draft(message, template.id, template.language)
    )
