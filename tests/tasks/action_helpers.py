"""Single actions: queue one, carry it out, and look at what it left."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from db.engine import Executor
from db.store.actions import dispatch, leases, lifecycle
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Action, Interaction
from tasks.actions.perform import perform_action
from tasks.actions.recover import recover_lapsed
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.db.helpers import LEASE, claim_action
from worker import clock
from worker.errors import Reason
from worker.rules.model import AccountStatus, ActionState, Kind

CLOSED = OperationalError("commit", {}, Exception("the connection is closed"))


def next_action(services: Services) -> UUID:
    """Queue the account's next action, as if every planned one's wait were over."""
    with services.database.transaction() as session:
        waiting = update(Action).where(Action.state == ActionState.PLANNED)
        session.execute(waiting.values(not_before=Action.created_at))
        (due,) = dispatch.queue_due_actions(session, batch=1, lease=LEASE)
    return due.action_id


def perform_next(services: Services) -> Outcome:
    """Dispatch and perform the account's next action."""
    return perform_action(services, next_action(services))


def row(services: Services, action_id: UUID) -> Action:
    with services.database.transaction() as session:
        return builders.action(session, action_id)


def state(services: Services, action_id: UUID) -> tuple[ActionState, Reason | None]:
    action = row(services, action_id)
    return ActionState(action.state), Reason(action.reason) if action.reason else None


def used_today(services: Services, account: AccountRecord, kind: Kind = Kind.GREET) -> int:
    context, decision = services.quota.remaining(account.id, kind, "none")
    assert decision.remaining is not None
    return context.limits.per_day - decision.remaining.day


def stopped_for(services: Services, account: AccountRecord) -> Reason | None:
    """Return why the account is stopped, if it is."""
    with services.database.transaction() as session:
        now = accounts.get_account(session, account.id)
    assert (now.status is AccountStatus.STOPPED) is (now.stop_reason is not None)
    return now.stop_reason


def worker_taken_for_dead(services: Services) -> None:
    """Let the leases of whoever holds an action lapse, and recover what they held."""
    with services.database.transaction() as session:
        leases.void_leases(session)
    recover_lapsed(services)


def another_takes_over(services: Services) -> None:
    """Let the worker be taken for dead, and another one claim what it held."""
    worker_taken_for_dead(services)
    action_id = next_action(services)
    with services.database.transaction() as session:
        claim_action(session, action_id, "another")


def an_hour_asleep(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what lets this process have slept for an hour, by its own clock."""

    def sleep() -> None:
        late = clock.monotonic_seconds() + 3600
        monkeypatch.setattr(clock, "monotonic_seconds", lambda: late)

    return sleep


def lose_the_commits_answer(services: Services, monkeypatch: pytest.MonkeyPatch, write: str) -> None:
    """Commit the next transaction in which `lifecycle.<write>` is called, and lose the answer."""
    really = getattr(lifecycle, write)
    writers: list[Executor] = []

    def wrote(session: Executor, *given: object, **named: object) -> bool:
        writers.append(session)
        done: bool = really(session, *given, **named)
        return done

    def lose_answer(begin: Callable[[], AbstractContextManager[Executor]]) -> object:
        @contextmanager
        def transaction() -> Iterator[Executor]:
            with begin() as session:
                yield session
            if session in writers:
                monkeypatch.setattr(lifecycle, write, really)
                writers.clear()
                raise CLOSED

        return transaction

    monkeypatch.setattr(lifecycle, write, wrote)
    for name in ("transaction", "single_statement"):
        monkeypatch.setattr(services.database, name, lose_answer(getattr(services.database, name)))


def settle_slowly(services: Services, after: timedelta = timedelta(hours=1)) -> None:
    """Let what is uncertain be looked at only after so long."""
    services.settings = services.settings.model_copy(update={"settle_time": after})


def recorded(services: Services) -> list[tuple[str, str]]:
    with services.database.transaction() as session:
        rows = session.execute(select(Interaction.status, Interaction.message)).all()
    return [(status, message) for status, message in rows]
