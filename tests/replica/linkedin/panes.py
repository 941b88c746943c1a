"""What the script of the conversations is told: a pane, or rows of the inbox."""

from datetime import UTC, datetime
from typing import Any

from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.clock_words import clock, day_heading, row_time
from tests.replica.linkedin.ids import Message, thread_id
from tests.replica.linkedin.people import Person
from tests.replica.linkedin.words import words_of
from tests.replica.linkedin.world import World

ORIGIN = "https://www.linkedin.com"
_SNIPPET_CHARACTERS = 80


def describe_pane(
    world: World, person: Person, path: str, *, compose: bool, body: str = ""
) -> dict[str, Any]:
    """Return a conversation for the script. `compose` means the page or bubble for a new message."""
    wrong = world.faults.take(FaultName.WRONG_THREAD, path)
    shown = world.people[str(wrong.value)] if wrong else person
    header = _header(world, shown, compose=compose)
    draft = world.faults.take(FaultName.DRAFT, path)
    return {
        "mode": "compose" if compose else "thread",
        "drafts": world.resets,
        "recipient": shown.member_id,
        "name": shown.name,
        "first": shown.first_name,
        "header": header,
        "pill": shown.name if compose and world.drift < 3 else None,
        "thread": thread_id(shown.thread_uuid),
        "messages": [
            describe_message(world, shown, message) for message in world.threads.get(shown.slug, [])
        ],
        "draft": str(draft.value) if draft else body,
        "kind": _kind(world, shown, path),
        "send": _send_control(world, path),
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
        "sent": f"{words['sent_at']} {at:%d/%m/%Y}, {time}" if message.outgoing else None,
    }


def describe_row(world: World, person: Person) -> dict[str, Any]:
    """Return a row of the inbox. The thread is for the script only; it is not in the page."""
    last, now = world.threads[person.slug][-1], world.now()
    words = words_of(world.language, world.drift)
    own = ("Vous : " if world.language == "fr" else f"{words['you']}: ") if last.outgoing else ""
    return {
        "thread": thread_id(person.thread_uuid),
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
    return f"{ORIGIN}/in/{shown.member_id}"


def _kind(world: World, person: Person, path: str) -> str:
    """Return what stands where the composer is: "composer", "subject", "premium" or "card"."""
    if world.has_fault(FaultName.PREMIUM_WALL, person, path):
        return "premium"
    if world.has_fault(FaultName.SUBJECT_FIELD, person, path):
        return "subject"
    if world.has_fault(FaultName.NO_COMPOSER, person, path):
        return "card"
    return "premium" if person.degree > 1 and person.slug not in world.threads else "composer"


def _send_control(world: World, path: str) -> str:
    if world.faults.take(FaultName.ENTER_SENDS, path):
        return "enter"
    return "icon" if world.faults.take(FaultName.ICON_SEND, path) else "button"
