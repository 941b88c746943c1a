"""The conversations that the member had before: enough for an inbox of more than one part."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tests.replica.linkedin.ids import Message, message_urn
from tests.replica.linkedin.people import Person

UNREAD = ("talk-01", "talk-04", "talk-13", "talk-22")
OWN_LAST = ("talk-02", "talk-05", "talk-09", "talk-12", "maria-garcia-2")


def first_talks(people: Iterable[Person], today: datetime) -> tuple[dict[str, list[Message]], dict[str, int]]:
    """Return the messages of each conversation by slug, and how many of them were read.

    The newest one is a day old at most, and unread. `today` is the midnight that the times count from.
    """
    talks, read = dict[str, list[Message]](), dict[str, int]()
    talking = [p for p in people if p.slug.startswith("talk-") or p.slug in OWN_LAST]
    for n, person in enumerate(sorted(talking, key=lambda p: (not p.slug.startswith("talk-"), p.slug))):
        lines = [(False, f"Hello, this is {person.name}."), (True, "Good to hear from you!")]
        if person.slug not in OWN_LAST:
            lines.append((False, f"Shall we talk?\nI have time in {n} days from now."))
        ago = timedelta(days=1 + n * 2)
        talks[person.slug] = [
            _message(person, outgoing, text, today - ago + timedelta(minutes=minute))
            for minute, (outgoing, text) in enumerate(lines)
        ]
        if person.slug not in UNREAD:
            read[person.slug] = len(lines)
    return talks, read


def _message(person: Person, outgoing: bool, text: str, at: datetime) -> Message:
    at_ms = int(at.timestamp() * 1000)
    return Message(message_urn(at_ms, 10_000, person.thread_uuid), at_ms, outgoing, text)
