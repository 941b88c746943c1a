"""Who belongs to a day of an account's greetings, each person in exactly one list."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from worker.errors import Reason
from worker.rules.halts import Halt
from worker.rules.model import ActionState, Kind


@dataclass(frozen=True, slots=True)
class GreetedPerson:
    """A person whose greeting was sent on the day, at `at`; with `by_hand` a person says that it arrived.

    `message` is the text that was proven. `screenshot` is the path of the proof picture, if there is one.
    """

    action_id: UUID
    contact_id: int
    name: str
    message: str
    at: datetime
    days_late: int
    screenshot: str | None = None
    replied_at: datetime | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class OpenPerson:
    """A person whose greeting is proposed, under way, uncertain, or waits for somebody to settle it.

    `message` is the text, None if the action has none.
    """

    action_id: UUID
    contact_id: int
    name: str
    state: ActionState
    reason: Reason | None
    on: date
    message: str | None = None


@dataclass(frozen=True, slots=True)
class ComingPerson:
    """A person who is greeted about `at` by the forecast; None: it will be too late.

    Without `action_id` no campaign has planned it yet.
    """

    contact_id: int
    name: str
    on: date
    at: datetime | None
    held_back: Reason | None = None
    action_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class LeftOutPerson:
    """A person who is not greeted. `state` is that of the action, None if there is none."""

    contact_id: int
    name: str
    on: date
    reason: Reason | None
    detail: str | None = None
    state: ActionState | None = None
    action_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """An answer to a greeting. `text` is None unless the campaign keeps replies."""

    contact_id: int
    name: str
    at: datetime
    text: str | None


_Named = GreetedPerson | OpenPerson | ComingPerson | LeftOutPerson | ReplyLine


@dataclass(frozen=True, slots=True)
class Day:
    """A day of an account, as of `now`. A person is in one list of greetings only.

    waiting: proposed, or to be settled by a person
    coming, later: by the forecast, today or afterwards; `later` also holds those that will be too late
    paused: in a campaign that a person paused
    unplanned: today's birthdays that no campaign has planned, while no schedule starts one
    done: how many other actions had their effect on the day
    others_to_settle: actions of other kinds that wait for a person
    """

    on: date
    now: datetime
    halts: Sequence[Halt] = ()
    greeted: Sequence[GreetedPerson] = ()
    waiting: Sequence[OpenPerson] = ()
    under_way: Sequence[OpenPerson] = ()
    uncertain: Sequence[OpenPerson] = ()
    coming: Sequence[ComingPerson] = ()
    later: Sequence[ComingPerson] = ()
    paused: Sequence[ComingPerson] = ()
    unplanned: Sequence[ComingPerson] = ()
    left_out: Sequence[LeftOutPerson] = ()
    replies: Sequence[ReplyLine] = ()
    done: Mapping[Kind, int] | None = None
    others_to_settle: Sequence[OpenPerson] = ()

    @property
    def total(self) -> int:
        """How many people the day is about."""
        return sum(map(len, self._lists))

    @property
    def contact_ids(self) -> Collection[int]:
        """Everybody whom a list names."""
        lists = (*self._lists, self.replies, self.others_to_settle)
        return {person.contact_id for people in lists for person in people}

    @property
    def _lists(self) -> Sequence[Sequence[_Named]]:
        return (
            self.greeted, self.waiting, self.under_way, self.uncertain, self.coming, self.later, self.paused,
            self.unplanned, self.left_out,
        )  # fmt: skip
