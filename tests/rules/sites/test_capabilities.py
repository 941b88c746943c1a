"""What a check says decides what may be done: only a fresh OK of everything needed enables sending."""

import itertools
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from worker.rules.model import Kind
from worker.rules.sites.capabilities import (
    CHECK_LASTS,
    NEEDED_BY_KIND,
    SENDING,
    Capability,
    CapabilityVerdict,
    Verdict,
    find_obstacle,
    is_seen_live,
    keeps_seen_live,
    may_send,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)


def checked(
    verdicts: Mapping[Capability, Verdict], *, at: datetime = NOW, seen_live_on: date | None = None
) -> list[CapabilityVerdict]:
    return [
        CapabilityVerdict(name, verdict, at, seen_live_on=seen_live_on) for name, verdict in verdicts.items()
    ]


ALL_OK = dict.fromkeys(Capability, Verdict.OK)


def test_only_an_ok_of_everything_that_sending_needs_enables_it() -> None:
    assert may_send(checked(ALL_OK), NOW)
    for one, verdict in itertools.product(SENDING, [Verdict.DRIFT, Verdict.UNKNOWN, None]):
        rest = {each: v for each, v in ALL_OK.items() if each is not one}
        known = rest if verdict is None else {**rest, one: verdict}
        assert not may_send(checked(known), NOW)
        found = find_obstacle(checked(known), Kind.GREET, NOW)
        assert found is not None
        assert (found.capability, found.found and found.found.verdict) == (one, verdict)


def test_what_sending_does_not_need_does_not_hold_it_back() -> None:
    others = dict.fromkeys(set(Capability) - SENDING, Verdict.DRIFT)
    assert may_send(checked({**ALL_OK, **others}), NOW)


@pytest.mark.parametrize(
    ("age", "counts"), [(CHECK_LASTS - timedelta(seconds=1), True), (CHECK_LASTS, False)]
)
def test_an_ok_counts_for_a_while(age: timedelta, counts: bool) -> None:
    old = checked(ALL_OK, at=NOW - age)
    assert may_send(old, NOW) is counts
    assert (find_obstacle(old, Kind.WITHDRAW, NOW) is None) is counts
    assert all(find_obstacle(old, kind, NOW) is None for kind in Kind if kind.reads)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.reads])
def test_what_only_reads_waits_for_drift_alone(kind: Kind) -> None:
    (needed,) = NEEDED_BY_KIND[kind]
    assert find_obstacle([], kind, NOW) is None
    waits = {verdict: find_obstacle(checked({needed: verdict}), kind, NOW) is not None for verdict in Verdict}
    assert waits == {Verdict.OK: False, Verdict.UNKNOWN: False, Verdict.DRIFT: True}


def test_a_message_was_seen_live_only_with_all_that_it_used() -> None:
    assert is_seen_live(checked(ALL_OK, seen_live_on=DAY))
    for one in SENDING:
        verdicts = [each for each in checked(ALL_OK, seen_live_on=DAY) if each.capability is not one]
        assert not is_seen_live([*verdicts, CapabilityVerdict(one, Verdict.OK, NOW)])


@pytest.mark.parametrize(
    ("verdict", "front_end", "kept"),
    [
        (Verdict.OK, "ember", True),
        (Verdict.OK, None, True),
        (Verdict.UNKNOWN, None, True),
        (Verdict.OK, "sdui", False),
        (Verdict.DRIFT, "ember", False),
    ],
)
def test_drift_and_another_front_end_end_what_was_seen_live(
    verdict: Verdict, front_end: str | None, kept: bool
) -> None:
    before = CapabilityVerdict(Capability.COMPOSER, Verdict.OK, NOW, None, "ember", "en", DAY)
    assert keeps_seen_live(before, verdict, front_end) is kept
