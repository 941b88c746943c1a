"""Only an incoming message after the greeting is a reply, and an unread message is not assumed to be one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.messages.replies import (
    AutomaticAnswer,
    InboxSignal,
    LatestGreeting,
    Reply,
    classify_inbox_line,
    find_automatic,
    find_greeted,
    find_reply,
    may_open_line,
    needs_text,
    replies_known_until,
)
from worker.rules.model import InboxLine, ThreadMessage

MINUTE = timedelta(minutes=1)
SENT = datetime(2027, 1, 3, 9, tzinfo=UTC)
ANN = LatestGreeting(
    1, 1, "ann", SENT, SENT + timedelta(seconds=5), replied=False, keep_text=True, may_open=True
)

INSTANTS = st.integers(-5000, 5000).map(lambda seconds: SENT + timedelta(seconds=seconds))
LINES = st.builds(InboxLine, st.sampled_from("abc"), INSTANTS, st.booleans())
MESSAGES = st.builds(ThreadMessage, st.booleans(), st.text(max_size=3), st.none() | INSTANTS)


AWAY = "I am away until 8 December."


def said(minutes: float, preview: str = "", *, outgoing: bool = False, automatic: bool = False) -> InboxLine:
    return InboxLine("ann", SENT + minutes * MINUTE, outgoing, preview, automatic)


@pytest.mark.parametrize(
    ("line", "greeted", "read_to", "expected"),
    [
        (said(10), ANN, None, InboxSignal.REPLIED),
        (said(0.01), ANN, None, InboxSignal.REPLIED),
        (said(-1), ANN, None, InboxSignal.NOTHING),
        (said(10), replace(ANN, replied=True), SENT + 20 * MINUTE, InboxSignal.REPLIED),
        (said(0.05, outgoing=True), ANN, None, InboxSignal.NOTHING),
        (said(0.5, outgoing=True), ANN, None, InboxSignal.NOTHING),
        (said(10, outgoing=True), ANN, None, InboxSignal.MAYBE),
        (said(10, outgoing=True), ANN, SENT, InboxSignal.MAYBE),
        (said(10, outgoing=True), ANN, SENT + 10 * MINUTE, InboxSignal.NOTHING),
        (said(10, outgoing=True), replace(ANN, replied=True), None, InboxSignal.NOTHING),
        (said(10, outgoing=True), replace(ANN, may_open=False), None, InboxSignal.NOTHING),
        (said(-10, outgoing=True), ANN, None, InboxSignal.NOTHING),
        (said(0.1, AWAY), ANN, None, InboxSignal.AUTOMATIC),
        (said(0.1, "Thanks!"), ANN, None, InboxSignal.REPLIED),
        (said(0.1, "Thank you for\u2026"), ANN, None, InboxSignal.UNSURE),
        (said(0.1, "Hello", automatic=True), ANN, None, InboxSignal.AUTOMATIC),
        (said(90, AWAY), ANN, None, InboxSignal.UNSURE),
        (said(90, AWAY), ANN, SENT + 90 * MINUTE, InboxSignal.NOTHING),
        (said(90, AWAY), replace(ANN, may_open=False), None, InboxSignal.REPLIED),
        (said(90, "Hello", automatic=True), ANN, None, InboxSignal.MAYBE),
        (said(90, "Hello", automatic=True), replace(ANN, may_open=False), None, InboxSignal.AUTOMATIC),
        (said(90, "Hello", automatic=True), replace(ANN, replied=True), None, InboxSignal.AUTOMATIC),
    ],
)
def test_what_a_line_tells(
    line: InboxLine, greeted: LatestGreeting, read_to: datetime | None, expected: InboxSignal
) -> None:
    assert classify_inbox_line(line, greeted, read_to) is expected


def test_a_conversation_is_opened_for_its_text_once_and_never_of_somebody_left_alone() -> None:
    assert needs_text(ANN)
    for changed in (replace(ANN, keep_text=False), replace(ANN, replied=True), replace(ANN, may_open=False)):
        assert not needs_text(changed)


def test_a_line_without_an_address_is_the_only_persons_of_its_name() -> None:
    ada = replace(ANN, contact_id=2, full_name="Ada Example")
    line = InboxLine(None, SENT, outgoing=False, name="Ada Example (she/her)")
    assert find_greeted(line, {}, [ANN, ada]) == ada
    assert find_greeted(line, {}, [ANN, ada, replace(ada, contact_id=3)]) is None
    assert find_greeted(line, {}, [replace(ada, has_namesake=True)]) is None
    assert find_greeted(replace(line, name="Ada"), {}, [ada]) is None
    assert find_greeted(replace(line, profile_url="ann"), {"ann": ANN}, [ANN, ada]) == ANN


def test_a_conversation_is_opened_only_for_its_text_where_lines_show_no_address() -> None:
    line = InboxLine(None, SENT, outgoing=False, name="Ada Example")
    assert may_open_line(line, ANN)
    assert not may_open_line(line, replace(ANN, keep_text=False))
    assert may_open_line(replace(line, profile_url="ann"), replace(ANN, keep_text=False))


@given(st.lists(MESSAGES), st.booleans())
def test_the_answer_is_the_first_that_came_in_after_the_greeting(
    messages: Sequence[ThreadMessage], keep: bool
) -> None:
    greeted = replace(ANN, keep_text=keep)
    later = [m for m in messages if not m.outgoing and m.at is not None and m.at > SENT]
    found = find_reply(messages, greeted)
    if not later:
        assert found is None
    else:
        assert later[0].at is not None
        assert found == Reply(greeted, later[0].at, later[0].text if keep else None)


@given(st.lists(LINES), st.data())
def test_nothing_that_is_left_is_taken_for_known_and_nothing_unseen_either(
    lines: list[InboxLine], data: st.DataObject
) -> None:
    left = data.draw(st.lists(st.sampled_from(lines))) if lines else []
    known = replies_known_until(lines, left)
    if known is None:
        assert not lines
    else:
        assert known <= max(line.at for line in lines)
        assert all(line.at > known for line in left)


def test_a_reply_does_not_show_its_text() -> None:
    assert "secret" not in repr(Reply(ANN, SENT, "a secret"))


def test_all_is_known_up_to_the_newest_message_where_nothing_is_left() -> None:
    assert replies_known_until([said(1), said(9), said(5)], []) == SENT + 9 * MINUTE


def test_an_automatic_answer_is_no_reply_and_hides_none() -> None:
    ours = ThreadMessage(True, "Happy birthday!", SENT + timedelta(seconds=1))
    away = ThreadMessage(False, AWAY, SENT + timedelta(seconds=3))
    human = ThreadMessage(False, "I'm away until Monday, but thanks!", SENT + 300 * MINUTE)
    assert find_reply([ours, away], ANN) is None
    assert find_reply([ours, away, human], ANN) == Reply(ANN, SENT + 300 * MINUTE, human.text)
    assert find_automatic([ours, away, human], ANN) == AutomaticAnswer(ANN, SENT + timedelta(seconds=3), AWAY)
    assert find_automatic([ours, human], ANN) is None
