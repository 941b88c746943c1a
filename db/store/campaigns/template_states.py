"""Whether a template is used, and what is odd about it beside the others of its language."""

from collections.abc import Sequence
from functools import lru_cache

from db.store.campaigns.templates import TemplateRecord
from worker.rules.messages.signatures import add_signature
from worker.rules.messages.similarity import is_same_message
from worker.rules.messages.template_syntax import TemplateRefusedError
from worker.rules.messages.template_warnings import SAMPLE_NAME, SAMPLE_VALUES, list_warnings
from worker.rules.messages.templates import MessageTemplate, check_template, render_template


def find_refusal(record: TemplateRecord) -> str | None:
    """Return why a newer rule refuses the template, or None."""
    return _find_refusal(record.body, late=record.late)


@lru_cache(maxsize=1_000)
def _find_refusal(body: str, *, late: bool) -> str | None:
    try:
        check_template(body, late=late)
    except TemplateRefusedError as error:
        return str(error)
    return None


def is_used(record: TemplateRecord) -> bool:
    """Return whether the template can be chosen for a greeting."""
    return record.enabled and find_refusal(record) is None


def is_rival(record: TemplateRecord, other: TemplateRecord) -> bool:
    """Return whether `other` is another template in use for the same language and lateness."""
    same = (other.language, other.late) == (record.language, record.late)
    return other.id != record.id and same and is_used(other)


def warn_about(record: TemplateRecord, found: Sequence[TemplateRecord]) -> Sequence[str]:
    """Return the warnings about a template in use, compared with its rivals; none for a default."""
    if record.default or not is_used(record):
        return []
    rivals = [other.body for other in found if is_rival(record, other)]
    return list_warnings(record.body, late=record.late, others=rivals)


def list_alike(record: TemplateRecord, found: Sequence[TemplateRecord]) -> Sequence[TemplateRecord]:
    """Return the rivals of `found` that count as the same text, so that nobody gets both."""
    sample = _render_sample(record)
    rivals = (other for other in found if is_rival(record, other))
    return [other for other in rivals if is_same_message(sample, _render_sample(other), name=SAMPLE_NAME)]


def becomes_too_long(template: MessageTemplate, signature: str) -> bool:
    """Return whether the template is too long with this signature for people with long names."""
    try:
        check_template(add_signature(template.body, signature), late=template.late)
    except TemplateRefusedError:
        return True
    return False


def _render_sample(record: TemplateRecord) -> str:
    return render_template(record.body, name=SAMPLE_NAME, days_late=int(record.late), values=SAMPLE_VALUES)
