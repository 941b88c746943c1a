"""What a conversation says about one greeting: sent, written by hand, answered, or none of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from db.store.actions.claims import Claim
from tasks.actions.conversation.thread import (
    count_outgoing_copies,
    find_lost_messages,
    find_messages_by_hand,
    find_reason_not_to_send,
    is_for_occasion,
    is_greeting_sent,
    is_same_text,
    may_have_lost_greeting,
)
from worker.errors import Reason
from worker.rules.ledger_gap import LedgerGap
from worker.rules.model import CampaignKind, Kind, ThreadMessage

TEXT = "Happy birthday, Ann!"
PLANNED_AT = datetime(2026, 5, 9, 12, tzinfo=UTC)
MOMENT = timedelta.resolution

CLAIM = Claim(
    action_id=UUID(int=1), attempt=1, looking=False, account_id=1, campaign_id=UUID(int=2),
    campaign_kind=CampaignKind.BIRTHDAY, person_id=1, kind=Kind.GREET, occasion="birthday:2026",
    occasion_on=date(2026, 5, 10), message=TEXT, worded_for=None, needs_approval=False, failures=0, looks=0,
    acting_since=None, acting_attempt=None, planned_at=PLANNED_AT, correlation_id="test", site="ledger",
    zone=ZoneInfo("Pacific/Auckland"), session=None, profile_url="ledger:ann",
)  # fmt: skip
"""Planned for 10 May in Auckland, which begins at noon of 9 May in UTC."""

BIRTHDAY = datetime(2026, 5, 9, 12, tzinfo=UTC)


def ours(text: str, at: datetime | None) -> ThreadMessage:
    return ThreadMessage(outgoing=True, text=text, at=at)


def theirs(text: str, at: datetime | None) -> ThreadMessage:
    return ThreadMessage(outgoing=False, text=text, at=at)


@pytest.mark.parametrize(
    ("message", "is_sent"),
    [
        (ours(TEXT, BIRTHDAY), True),
        (ours(TEXT, BIRTHDAY - MOMENT), False),
        (ours(TEXT, None), True),
        (ours("Happy  birthday,\nAnn! ", BIRTHDAY), True),
        (ours("Another text", BIRTHDAY), False),
        (theirs(TEXT, BIRTHDAY), False),
    ],
)
def test_a_greeting_was_sent_if_it_stands_there_since_the_birthday_or_undated(
    message: ThreadMessage, *, is_sent: bool
) -> None:
    assert is_greeting_sent([message], CLAIM) is is_sent


def test_only_the_accounts_own_bubbles_of_this_text_count_as_copies() -> None:
    bubbles = [ours(TEXT, None), ours(f" {TEXT}\n", PLANNED_AT), theirs(TEXT, None), ours("Hello", None)]
    assert count_outgoing_copies(bubbles, TEXT) == 2
    assert not is_same_text(TEXT, TEXT.upper())


def test_what_is_dated_from_the_account_and_none_of_our_texts_was_written_by_hand() -> None:
    by_hand = ours("How are you?", PLANNED_AT)
    bubbles = [ours(TEXT, PLANNED_AT), by_hand, ours("Undated", None), theirs("Fine, thanks", PLANNED_AT)]
    assert find_messages_by_hand(bubbles, [TEXT]) == [by_hand]


EARLIER = replace(CLAIM, occasion_on=date(2026, 5, 20))
"""Planned ten days before the birthday."""


@pytest.mark.parametrize(
    ("claim", "messages", "by_hand", "reason"),
    [
        (CLAIM, [], [], None),
        (CLAIM, [ours(TEXT, BIRTHDAY)], [], Reason.ALREADY_GREETED),
        (CLAIM, [ours(TEXT, None)], [], Reason.ALREADY_GREETED),
        (CLAIM, [ours(TEXT, BIRTHDAY - MOMENT)], [], None),
        (CLAIM, [ours("Of another campaign", BIRTHDAY)], [], Reason.ALREADY_GREETED),
        (CLAIM, [ours("Of another campaign", None)], [], None),
        (CLAIM, [ours("Dear Ann", BIRTHDAY)], [ours("Dear Ann", BIRTHDAY)], Reason.WRITTEN_BY_HAND),
        (CLAIM, [], [ours("Dear Ann", BIRTHDAY - MOMENT)], None),
        (replace(CLAIM, planned_at=BIRTHDAY + timedelta(days=1)), [], [ours("Dear Ann", BIRTHDAY)],
         Reason.WRITTEN_BY_HAND),
        (EARLIER, [], [ours("Dear Ann", PLANNED_AT)], Reason.WRITTEN_BY_HAND),
        (EARLIER, [], [ours("Dear Ann", PLANNED_AT - MOMENT)], None),
        (CLAIM, [theirs("Hello", PLANNED_AT)], [], Reason.CONTACT_REPLIED),
        (CLAIM, [theirs("Hello", PLANNED_AT - MOMENT)], [], None),
        (CLAIM, [theirs("Hello", None)], [], None),
    ],
)  # fmt: skip
def test_why_nothing_should_be_sent(
    claim: Claim, messages: list[ThreadMessage], by_hand: list[ThreadMessage], reason: Reason | None
) -> None:
    assert find_reason_not_to_send(messages, claim, by_hand) is reason


def test_a_message_is_for_the_occasion_from_the_birthday_on() -> None:
    assert is_for_occasion(ours("Dear Ann", BIRTHDAY), CLAIM)
    assert not is_for_occasion(ours("Dear Ann", BIRTHDAY - MOMENT), CLAIM)
    assert not is_for_occasion(ours("Dear Ann", None), CLAIM)


GAP = LedgerGap(BIRTHDAY + timedelta(days=1), BIRTHDAY + timedelta(days=3, hours=6))
"""From noon of 10 May to the evening of 12 May in UTC: 11 to 13 May in Auckland."""
DAY = timedelta(days=1)
RESTORED = replace(CLAIM, gap=GAP, planned_at=GAP.until + timedelta(hours=1))


@pytest.mark.parametrize(
    ("claim", "message", "is_lost"),
    [
        (CLAIM, ours("Dear Ann", GAP.since), False),
        (RESTORED, ours("Dear Ann", GAP.since), True),
        (RESTORED, ours("Dear Ann", GAP.since - MOMENT), False),
        (RESTORED, ours("Dear Ann", GAP.until), True),
        (RESTORED, ours("Dear Ann", GAP.until + DAY), False),
        (RESTORED, theirs("Dear Ann", GAP.until), False),
        (RESTORED, ours("Dear Ann", None), False),
        (replace(RESTORED, occasion_on=date(2026, 6, 13)), ours("Dear Ann", GAP.until), True),
        (replace(RESTORED, occasion_on=date(2026, 6, 14)), ours("Dear Ann", GAP.until), False),
    ],
)
def test_any_message_of_the_time_that_a_backup_lacks_may_be_the_greeting(
    claim: Claim, message: ThreadMessage, *, is_lost: bool
) -> None:
    assert bool(find_lost_messages([message], claim)) is is_lost


@pytest.mark.parametrize(
    ("claim", "messages", "may_miss", "may_be_lost"),
    [
        (CLAIM, [ours("Dear Ann", None)], True, False),
        (RESTORED, [], False, False),
        (RESTORED, [], True, True),
        (RESTORED, [theirs("Hello", None)], True, False),
        (RESTORED, [ours("Dear Ann", None)], False, True),
        (RESTORED, [ours(TEXT, None)], False, False),
        (replace(RESTORED, occasion_on=date(2026, 5, 13)), [ours("Dear Ann", None)], False, True),
        (replace(RESTORED, occasion_on=date(2026, 5, 14)), [ours("Dear Ann", None)], False, False),
    ],
)
def test_what_cannot_be_dated_after_a_restoration_is_not_taken_for_old(
    claim: Claim, messages: list[ThreadMessage], *, may_miss: bool, may_be_lost: bool
) -> None:
    assert may_have_lost_greeting(messages, claim, [TEXT], may_miss=may_miss) is may_be_lost
