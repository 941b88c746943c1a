"""What is said about a text while a person writes it: its length, its faults, and what to look at again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from worker.rules.messages import approval, message_text
from worker.rules.messages.approval import list_faults, normalise_message
from worker.rules.messages.links import SHORTENER_NOTE, find_shortener
from worker.rules.messages.message_text import MAX_MESSAGE_CHARACTERS
from worker.rules.messages.similarity import is_same_message
from worker.rules.names.shown_names import has_name
from worker.rules.names.spoken_name import SpokenName
from worker.rules.wording.phrases import Phrase

OTHER_NAME: Final = "doesn't have the name %(name)s, by which this person is called: check whom it names"
REPEATED: Final = "is the same, or nearly, as one that this person had before"

PHRASES: Final = (
    message_text.CONTROL, message_text.CONTROL_IN_LINE, message_text.EMPTY, message_text.TOO_LONG,
    approval.STAND_IN, approval.STAND_IN_IN_LINE, approval.FIELD, approval.FIELD_IN_LINE,
    approval.FIELD_OF_NAME, approval.FIELD_OF_NAME_IN_LINE, OTHER_NAME, REPEATED, SHORTENER_NOTE,
)  # fmt: skip
"""Every text of a fault or note, for translation; each follows "the text"."""


@dataclass(frozen=True, slots=True)
class TextCheck:
    """A text as it would be sent, with its length in characters as the limit counts them (code points).

    `faults` prevent sending; `notes` don't.
    """

    message: str
    faults: Sequence[Phrase]
    notes: Sequence[Phrase]

    @property
    def length(self) -> int:
        """Return the number of characters."""
        return len(self.message)

    @property
    def left(self) -> int:
        """Return how many characters may be added; negative if it is too long."""
        return MAX_MESSAGE_CHARACTERS - len(self.message)


def check_text(text: str, *, name: SpokenName | None, past_texts: Sequence[str] = ()) -> TextCheck:
    """Check a text for a person who is called by `name`, None without one."""
    message = normalise_message(text)
    return TextCheck(message, list_faults(message, name), list(_list_notes(message, name, past_texts)))


def _list_notes(message: str, name: SpokenName | None, past_texts: Sequence[str]) -> Iterator[Phrase]:
    if name is not None and message and not has_name(message, name):
        yield Phrase(OTHER_NAME, {"name": name.first})
    if shortener := find_shortener(message):
        yield Phrase(SHORTENER_NOTE, {"shortener": shortener})
    if message and any(is_same_message(message, past, name=name) for past in past_texts):
        yield Phrase(REPEATED)
