"""What the script of the conversations is told: a pane, or rows of the inbox."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from api_stub.sandbox.faults import Fault, FaultName
from tests.replica.linkedin.clock_words import clock, day_heading, row_time
from tests.replica.linkedin.ids import Message, thread_id
from tests.replica.linkedin.people import Person
from tests.replica.linkedin.words import words_of
from tests.replica.linkedin.world import World

ORIGIN = "https://www.linkedin.com"
_SNIPPET_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Tricks:
    """The faults that a pane meets. A chat in the `background`, opened by the page itself, meets none."""

    world: World
    path: str
    background: bool = False

    def take(self, name: FaultName) -> Fault | None:
        """Return the fault if this pane meets it, and count the use."""
        return None if self.background else self.world.faults.take(name, self.path)

    def holds(self, name: FaultName, person: Person) -> bool:
        """Return whether this pane meets the fault, or the person always does."""
        return name in person.traits or self.take(name) is not None


def describe_pane(
    world: World, person: Person, tricks: Tricks, *, compose: bool, body: str = ""
) -> dict[str, Any]:
    """Return a conversation for the script. `compose` means the page or bubble for a new message."""
    wrong = tricks.take(FaultName.WRONG_THREAD)
    shown = world.people[str(wrong.value)] if wrong else person
    draft = tricks.take(FaultName.DRAFT)
    return {
        "mode": "compose" if compose else "thread",
        "drafts": world.resets,
        "variant": world.settings.get("variant", "a"),
        "recipient": shown.member_id,
        "name": shown.name,
        "first": shown.first_name,
        "header": _header(world, shown, compose=compose),
        "pill": shown.name if compose and world.drift < 3 else None,
        "thread": thread_id(shown.thread_uuid),
        "messages": [describe_message(world, shown, message) for message in world.messages(shown)],
        "draft": str(draft.value) if draft else body,
        "kind": _kind(world, shown, tricks),
        "send": _send_control(tricks),
        "words": words_of(world.language, world.drift),
    }


def describe_message(world: World, person: Person, message: Message) -> dict[str, Any]:
    """Return a message. The page makes the heading of the first of a run from its parts."""
    at, now = datetime.fromtimestamp(message.at_ms / 1000, UTC), world.now()
    time = clock(at, world.language)
    sender_id, sender = (
        (world.own_id, world.own_name) if message.outgoing else (person.member_id, person.name)
    )
    words = words_of(world.language, world.drift)
    return {
        "urn": message.urn if world.drift < 3 else "",
        "outgoing": message.outgoing,
        "text": message.text,
        "link": f"{ORIGIN}/in/{sender_id}",
        "sender": sender,
        "heading": words["sent_heading"].format(name=sender, time=time),
        "clock": "1 min" if (now - at).total_seconds() < 120 else time,
        "day": day_heading(at, now, world.language),
        "seen": words["seen_at"].format(name=person.name, time=time)
        if _is_seen(world, person, message)
        else None,
        "sent": f"{words['sent_at']} {at:%d/%m/%Y}, {time}" if message.outgoing else None,
    }


def _is_seen(world: World, person: Person, message: Message) -> bool:
    """Return whether the person wrote after this message of the member."""
    later = [m for m in world.messages(person) if m.at_ms > message.at_ms and not m.outgoing]
    return message.outgoing and bool(later)


def describe_row(world: World, person: Person) -> dict[str, Any]:
    """Return a row of the inbox. The thread is for the script only; it is not in the page."""
    last, now = world.threads[person.slug][-1], world.now()
    words = words_of(world.language, world.drift)
    own = ("Vous : " if world.language == "fr" else f"{words['you']}: ") if last.outgoing else ""
    return {
        "thread": thread_id(person.thread_uuid),
        "variant": world.settings.get("variant", "a"),
        "name": person.name,
        "select": words["select"].format(name=person.name),
        "time": row_time(datetime.fromtimestamp(last.at_ms / 1000, UTC), now, world.language),
        "snippet": (own + last.text.replace("\n", " "))[:_SNIPPET_CHARACTERS],
        "unread": world.is_unread(person),
    }


def _header(world: World, person: Person, *, compose: bool) -> str | None:
    if compose or world.drift >= 3:
        return None
    fault = world.faults.peek(FaultName.IDS_DISAGREE)
    shown = world.people["cleo-plain"] if fault else person
    if world.settings.get("variant") == "b":
        return f"/in/{shown.member_id}/?trk=thread"
    return f"{ORIGIN}/in/{shown.member_id}"


def _kind(world: World, person: Person, tricks: Tricks) -> str:
    """Return what stands where the composer is: "composer", "subject", "premium" or "card"."""
    if tricks.holds(FaultName.PREMIUM_WALL, person):
        return "premium"
    if tricks.holds(FaultName.SUBJECT_FIELD, person):
        return "subject"
    if tricks.holds(FaultName.NO_COMPOSER, person):
        return "card"
    return "premium" if person.degree > 1 and person.slug not in world.threads else "composer"


def _send_control(tricks: Tricks) -> str:
    if tricks.take(FaultName.ENTER_SENDS):
        return "enter"
    return "icon" if tricks.take(FaultName.ICON_SEND) else "button"
