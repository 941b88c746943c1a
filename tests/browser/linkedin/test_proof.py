"""When a message counts as sent: each condition has a case that only it refuses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.linkedin.messaging_pages import CONVERSATION, OTHER_CONVERSATION, OWNER, thread_path
from worker.browser.linkedin.messaging.message_ids import MessageId
from worker.browser.linkedin.messaging.proof import Bubble, PaneAfter, compose_lines, is_proven

CLICK = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
THREAD = f"https://www.linkedin.com{thread_path()}"
COMPOSE = "https://www.linkedin.com/messaging/compose/?recipient=ACoAAx"
TEXT = "Happy birthday, Ada!\n\nJo"


def said(
    text: str = TEXT, at: datetime = CLICK + SECOND, *, own: bool | None = True, of: str = CONVERSATION
) -> Bubble:
    return Bubble(MessageId(f"urn {text} {at} {of}", OWNER, at, of), own, text)


OLD = said("Hello", CLICK - timedelta(days=9), own=False)
COPY = said(TEXT, CLICK - timedelta(days=365))
JUST_BEFORE = said(TEXT, CLICK - 20 * SECOND)
BEFORE = {each.id.urn for each in (OLD, COPY, JUST_BEFORE) if each.id}
SENT = said()
REPLY = said("Thank you!", CLICK + 3 * SECOND, own=False)


@pytest.mark.parametrize(
    "bubbles",
    [
        [OLD, SENT],
        [OLD, COPY, SENT],
        [OLD, SENT, REPLY],
        [OLD, said("Well!", CLICK - SECOND, own=False), SENT],
        [said("Years ago", CLICK - timedelta(days=800)), OLD, SENT],
        [OLD, said(TEXT.replace(" ", "\u00a0") + " ", CLICK - 59 * SECOND)],
    ],
    ids=["new", "sent before", "reply meanwhile", "reply before", "older loads", "spaces, clock"],
)
@pytest.mark.parametrize("url", [THREAD, COMPOSE])
def test_one_new_id_with_the_text_proves_it(url: str, bubbles: list[Bubble]) -> None:
    assert is_proven(BEFORE, PaneAfter(url, is_ours=True, bubbles=bubbles), TEXT, CLICK)


@pytest.mark.parametrize(
    "bubbles",
    [
        [],
        [OLD],
        [OLD, COPY],
        [OLD, JUST_BEFORE],
        [OLD, Bubble(None, True, TEXT)],
        [OLD, said(TEXT + "!")],
        [OLD, said(TEXT.replace("\n\n", "\n"))],
        [OLD, said(own=False)],
        [OLD, said(own=None)],
        [OLD, said(TEXT, CLICK - 61 * SECOND)],
        [OLD, SENT, said("Happy", CLICK + 2 * SECOND)],
        [OLD, SENT, said(TEXT, CLICK + 2 * SECOND)],
        [OLD, SENT, Bubble(None, True, "Happy")],
        [OLD, said(of=OTHER_CONVERSATION)],
    ],
    ids=[
        "nothing", "nothing new", "only an old copy", "a copy just before", "the page's own id",
        "another text", "other lines", "theirs", "side unknown", "before the click", "two new", "twice",
        "another one follows", "of another conversation",
    ],
)  # fmt: skip
@pytest.mark.parametrize("url", [THREAD, COMPOSE])
def test_anything_else_proves_nothing(url: str, bubbles: list[Bubble]) -> None:
    assert not is_proven(BEFORE, PaneAfter(url, is_ours=True, bubbles=bubbles), TEXT, CLICK)


def test_a_first_message_is_proven_once_the_address_names_its_conversation() -> None:
    assert is_proven(BEFORE, PaneAfter(THREAD, is_ours=True, bubbles=[SENT]), TEXT, CLICK)
    assert not is_proven(BEFORE, PaneAfter(COMPOSE, is_ours=True, bubbles=[SENT]), TEXT, CLICK)


def test_the_conversation_has_to_be_the_recipients_and_that_of_the_address() -> None:
    after = PaneAfter(THREAD, is_ours=True, bubbles=[SENT])
    assert is_proven(BEFORE, after, TEXT, CLICK)
    assert not is_proven(BEFORE, replace(after, is_ours=False), TEXT, CLICK)
    other = f"https://www.linkedin.com{thread_path(OTHER_CONVERSATION)}"
    assert not is_proven(BEFORE, replace(after, url=other), TEXT, CLICK)
    assert not is_proven(
        BEFORE, replace(after, url="https://www.linkedin.com/messaging/thread/2-new/"), TEXT, CLICK
    )


def test_lines_are_compared_without_what_editors_change() -> None:
    assert compose_lines("Zoe\u0308  B\u00a0\r\n\nx ") == ["Zoë B", "", "x"]
    assert compose_lines("a b") != compose_lines("a\nb")
