"""The line that says how a day stands: its numbers are those of the lists below it."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_stub.console.i18n import load_texts
from api_stub.console.today.standing import describe_day
from tests.console.hostile import HOSTILE
from worker.errors import Reason
from worker.rules.halts import Halt, HaltCause
from worker.rules.model import ActionState
from worker.rules.reports.day import ComingPerson, Day, GreetedPerson, LeftOutPerson, OpenPerson

ON, NOW, AN_ID = date(2026, 11, 27), datetime(2026, 11, 27, 9, tzinfo=UTC), UUID(int=1)
TIME = NOW + timedelta(minutes=100)
LISTS = (
    "greeted", "waiting", "under_way", "uncertain", "coming", "later", "paused", "unplanned", "left_out",
)  # fmt: skip


def greeted(name: str = "Ada") -> GreetedPerson:
    return GreetedPerson(AN_ID, 1, name, "Hi!", NOW, 0)


def open_person(state: ActionState, name: str = "Ben") -> OpenPerson:
    return OpenPerson(AN_ID, 2, name, state, None, ON)


def coming(at: datetime | None = TIME, name: str = "Cleo") -> ComingPerson:
    return ComingPerson(3, name, ON, at)


def left_out(reason: Reason | None = Reason.WRITTEN_BY_HAND, name: str = "Zoé") -> LeftOutPerson:
    return LeftOutPerson(4, name, ON, reason)


def line(day: Day, locale: str = "en") -> str:
    html = describe_day(day, load_texts(locale), lambda instant: f"{instant:%H:%M}")
    return re.sub(r"</?bdi>", "", html)


def a_day(sizes: Sequence[int], halts: Sequence[Halt] = ()) -> Day:
    makers: tuple[Callable[[], object], ...] = (
        greeted, lambda: open_person(ActionState.PROPOSED), lambda: open_person(ActionState.ACTING),
        lambda: open_person(ActionState.UNCERTAIN), coming, coming, coming, coming, left_out,
    )  # fmt: skip
    people = {
        name: [make() for _ in range(size)] for name, make, size in zip(LISTS, makers, sizes, strict=True)
    }
    return Day(ON, NOW, halts, **people)  # type: ignore[arg-type]  # each list has its own type


def test_it_says_how_a_morning_stands() -> None:
    day = Day(
        ON, NOW, greeted=[greeted()] * 3, coming=[coming()],
        waiting=[open_person(ActionState.PROPOSED), open_person(ActionState.NEEDS_REVIEW)],
        left_out=[left_out()],
    )  # fmt: skip
    assert line(day) == (
        "3 of 7 greeted; next about 10:40; 2 wait for you; Zoé left out: you have already written to this "
        "person by hand."
    )


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (Day(ON, NOW), "Nobody to greet today."),
        (Day(ON, NOW, greeted=[greeted()]), "1 greeted, nobody left."),
        (Day(ON, NOW, greeted=[greeted()] * 4), "All 4 greeted."),
        (Day(ON, NOW, coming=[coming(NOW)]), "0 of 1 greeted; next any moment."),
        (Day(ON, NOW, coming=[coming()], greeted=[greeted()]), "1 of 2 greeted; next about 10:40."),
        (Day(ON, NOW, under_way=[open_person(ActionState.ACTING)]), "0 of 1 greeted; Ben is being greeted."),
        (Day(ON, NOW, uncertain=[open_person(ActionState.UNCERTAIN)]), "0 of 1 greeted; 1 is being checked."),
        (Day(ON, NOW, left_out=[left_out()] * 2), "0 of 2 greeted; 2 left out."),
        (Day(ON, NOW, left_out=[left_out(None)]), "0 of 1 greeted; Zoé left out."),
        (Day(ON, NOW, later=[coming(None)]), "0 of 1 greeted; 1 later than today."),
        (Day(ON, NOW, unplanned=[coming()] * 2), "0 of 2 greeted; 2 are in no campaign."),
        (Day(ON, NOW, paused=[coming()]), "0 of 1 greeted; 1 is in a paused campaign."),
    ],
)
def test_it_names_each_state_of_a_day(day: Day, says: str) -> None:
    assert line(day) == says


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (HaltCause.KILL_SWITCH, "Everything is stopped"),
        (HaltCause.ACCOUNT_STOPPED, "The account is stopped"),
        (HaltCause.ACCOUNT_PAUSED, "The account is paused"),
        (HaltCause.NOT_SIGNED_IN, "The account is not signed in"),
    ],
)
def test_what_stopped_comes_first_and_nothing_is_promised(cause: HaltCause, says: str) -> None:
    day = Day(ON, NOW, [Halt(cause)], coming=[coming()] * 2)
    assert line(day) == f"{says}; 0 of 2 greeted; 2 wait until then."


@given(st.lists(st.integers(0, 3), min_size=9, max_size=9), st.booleans(), st.sampled_from(["en", "fr"]))
def test_its_numbers_are_those_of_the_lists(sizes: list[int], is_halted: bool, locale: str) -> None:
    day = a_day(sizes, [Halt(HaltCause.ACCOUNT_PAUSED)] if is_halted else [])
    said = [int(number) for number in re.findall(r"(?<!\d)(?<!:)\d+(?![\d:])", line(day, locale))]
    done, waiting, _, uncertain, due, later, paused, unplanned, out = sizes
    counted = [due] if is_halted else []
    counted += [waiting, uncertain, unplanned, paused, later, out if out > 1 else 0]
    total = sum(sizes)
    progress = [] if not total else [done] if done == total else [done, total]
    assert said == progress + [count for count in counted if count]
    assert day.total == total


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_text_and_short(name: str) -> None:
    html = describe_day(Day(ON, NOW, left_out=[left_out(name=name)]), load_texts("en"), str)
    plain = html.replace("<bdi>", "").replace("</bdi>", "")
    assert "<" not in plain
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u0000\u001b]", html)
    assert len(plain) < 200
