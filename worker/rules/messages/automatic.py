"""Tell automatic answers, such as away messages, from what a person writes.

A message is automatic if the site marks it, if it says itself that a program wrote it, or if it says that
somebody is away and comes right after a message of ours. People, too, write that they are away: hours later
it is their answer. The time alone says nothing either, because people answer fast.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from worker.rules.model import ThreadMessage
from worker.rules.names.tables import fold

AUTOMATIC_WITHIN: Final = timedelta(minutes=1)
"""How soon after a message of ours an away message comes."""

_LONG_WITHIN: Final = timedelta(minutes=10)
"""How soon one comes that says in two ways that somebody is away: mail servers answer in turns."""

_MOST_BEFORE: Final = 3
"""Words before the one by which a message says that it is automatic: "This is an automatic reply"."""

_MOST_LETTERS_BEFORE: Final = 24
_SENTENCES: Final = re.compile(r"[\n.!\u3002\uff01\uff1b;]+|(?<=[?\uff1f\u061f])")
_UNSPACED: Final = ("CJK", "HIRAGANA", "KATAKANA", "THAI")


def is_automatic(text: str, *, marked: bool, after: timedelta | None) -> bool:
    """Return whether an incoming message is an automatic answer.

    `marked`: the site says so. `after` is the time since the account's last message before it, None if that
    is not known.
    """
    if marked or declares_itself(text):
        return True
    if after is None or after < timedelta(0) or after > _LONG_WITHIN:
        return False
    found = count_away_words(text)
    return found > 1 or (found == 1 and after <= AUTOMATIC_WITHIN)


def declares_itself(text: str) -> bool:
    """Return whether a sentence begins by saying that a program wrote the message; a question doesn't."""
    for sentence in _SENTENCES.split(text):
        folded = _fold(sentence)
        found = _pattern("declared").search(folded)
        if found is None or folded.endswith(("?", "\u061f")):
            continue
        before = folded[: found.start()]
        if len(before.split()) <= _MOST_BEFORE and len(before) <= _MOST_LETTERS_BEFORE:
            return True
    return False


def count_away_words(text: str) -> int:
    """Return how many phrases of somebody who is away a text has."""
    return len(set(_pattern("away").findall(_fold(text))))


def without_automatic(messages: Sequence[ThreadMessage]) -> list[ThreadMessage]:
    """Return the messages of a thread, oldest first, without automatic answers."""
    return [message for message, automatic in _classify(messages) if not automatic]


def list_automatic(messages: Sequence[ThreadMessage]) -> list[ThreadMessage]:
    """Return the automatic answers in a thread, oldest first."""
    return [message for message, automatic in _classify(messages) if automatic]


def _classify(messages: Sequence[ThreadMessage]) -> list[tuple[ThreadMessage, bool]]:
    own, result = None, []
    for message in messages:
        if message.outgoing:
            own = message.at or own
            result.append((message, False))
            continue
        after = message.at - own if message.at and own else None
        result.append((message, is_automatic(message.text, marked=message.automatic, after=after)))
    return result


def _fold(text: str) -> str:
    return " ".join(filter(None, map(fold, unicodedata.normalize("NFKC", text).split())))


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    phrases = {
        _fold(phrase)
        for listed in _table()[kind].values()
        for phrase in " ".join(listed.split()).split("|")
        if phrase.strip()
    }
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return re.compile("|".join(map(_begin, longest_first)))


def _begin(phrase: str) -> str:
    """Return the pattern of a phrase: at the beginning of a word, but anywhere in scripts without spaces."""
    unspaced = unicodedata.name(phrase[0], "").startswith(_UNSPACED)
    return re.escape(phrase) if unspaced else rf"(?<!\w){re.escape(phrase)}"


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    text = files("worker.rules.messages").joinpath("tables/automatic.toml").read_text("utf-8")
    table: Mapping[str, Mapping[str, str]] = tomllib.loads(text)
    return table
