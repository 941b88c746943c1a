"""Pacing: never more messages than the limits, nothing lost, nothing twice, and nothing urgent waits."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from worker.rules.notices.deliveries import (
    LEASE,
    SendFailure,
    gives_up_at,
    is_given_up,
    retry_after,
)
from worker.rules.notices.grouping import MOST_IN_MESSAGE, PACES, PERIOD, WaitingNotice, choose_message
from worker.rules.notices.kinds import NoticeKind, Urgency, sent_within

START = datetime(2026, 11, 29, tzinfo=UTC)
TICK = timedelta(seconds=10)


@given(
    urgency=st.sampled_from(Urgency),
    arrivals=st.lists(st.integers(0, 2 * 3600), min_size=1, max_size=60),
)
def test_each_notice_is_sent_once_within_the_limits(urgency: Urgency, arrivals: list[int]) -> None:
    coming = [WaitingNotice(n, START + timedelta(seconds=s)) for n, s in enumerate(sorted(arrivals))]
    pace = PACES[urgency]
    sent: list[tuple[datetime, list[int]]] = []
    waiting: list[WaitingNotice] = []
    now = START
    while coming or waiting:
        while coming and coming[0].at <= now:
            waiting.append(coming.pop(0))
        recent = [at for at, _ in sent if at > now - PERIOD]
        chosen = choose_message(now, urgency, waiting, recent)
        if chosen.event_ids:
            sent.append((now, list(chosen.event_ids)))
            waiting = [each for each in waiting if each.event_id not in chosen.event_ids]
        elif waiting:
            assert chosen.at is not None
            assert chosen.at > now
        now += TICK
    told = [event_id for _, ids in sent for event_id in ids]
    assert sorted(told) == list(range(len(arrivals)))
    times = [at for at, _ in sent]
    assert all(later - earlier >= pace.apart for earlier, later in pairwise(times))
    for at in times:
        assert sum(at - PERIOD < each <= at for each in times) <= pace.in_an_hour
    assert now - START < timedelta(hours=4)


def test_what_is_urgent_goes_at_once_and_a_storm_of_it_in_groups() -> None:
    storm = [WaitingNotice(n, START) for n in range(3)]
    assert choose_message(START, Urgency.URGENT, storm, []).event_ids == [0, 1, 2]
    assert choose_message(START, Urgency.ORDINARY, storm, []).at == START + timedelta(seconds=30)
    again = choose_message(START, Urgency.URGENT, storm, [START - timedelta(seconds=1)])
    assert (again.event_ids, again.at) == ([], START + timedelta(seconds=59))
    assert choose_message(START, Urgency.SEPARATE, storm, []).event_ids == [0]
    flood = [WaitingNotice(n, START) for n in range(2 * MOST_IN_MESSAGE)]
    assert len(choose_message(START, Urgency.URGENT, flood, []).event_ids) == MOST_IN_MESSAGE


@given(attempts=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_retries_wait_longer_each_time_up_to_an_hour_and_a_quarter(attempts: int, chance: float) -> None:
    wait = retry_after(attempts, chance=chance)
    assert timedelta(seconds=15) <= retry_after(attempts, chance=0) <= wait <= timedelta(minutes=75)
    assert retry_after(attempts + 1, chance=0) >= retry_after(attempts, chance=0)


def test_a_digest_is_given_up_the_same_day_and_a_stop_after_days() -> None:
    assert sent_within(NoticeKind.MORNING_DIGEST) < timedelta(hours=12)
    assert sent_within(NoticeKind.ACCOUNT_STOPPED) >= timedelta(days=2)
    both = [(NoticeKind.CAMPAIGN_ENDED, START), (NoticeKind.NEEDS_REVIEW, START)]
    assert gives_up_at(both) == START + timedelta(days=3)
    assert min(map(sent_within, NoticeKind)) > LEASE
    assert not is_given_up(SendFailure.UNREACHABLE, 1_000, {NoticeKind.ACCOUNT_STOPPED})
    assert is_given_up(SendFailure.UNREACHABLE, 1, {NoticeKind.TEST})
