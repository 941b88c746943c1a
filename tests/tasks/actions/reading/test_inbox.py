"""An inbox is opened when it may be, by one worker at a time, and who dies over it loses nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from api_stub.sandbox.client import SandboxClient
from db.engine import Database
from db.store.actions import control, dispatch, replies
from db.store.actions.replies import InboxLease
from db.store.kill_switch import pull_kill_switch, release_kill_switch
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import Account, Interaction
from tasks.actions.read_inbox import list_readable_inboxes, read_replies
from tasks.entry import birthday, upkeep
from tasks.services import Services
from tests import builders
from tests.builders import FREE
from tests.db.helpers import LEASE, run_concurrently
from tests.tasks.conftest import NewAccount
from tests.tasks.reply_helpers import (
    ANN,
    ANSWER,
    MING,
    Greet,
    an_hour_later,
    marked,
    read_to,
    ten_minutes_earlier,
)
from worker.errors import RequestRefusedError
from worker.rules.messages.replies import Reply
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits
from worker.rules.quota.windows import Hours


def begun(services: Services, account: AccountRecord) -> InboxLease:
    with services.database.transaction() as session:
        reading = replies.take_inbox(session, account, lease=LEASE, overlap=timedelta(0))
    assert isinstance(reading, InboxLease)
    return reading


def test_as_much_is_read_again_as_a_site_may_show_late(
    services: Services, sandbox: SandboxClient, account: AccountRecord, greet: Greet
) -> None:
    greet()
    ten_minutes_earlier(services)
    sandbox.write_as_person(ANN, "demo", ANSWER)
    assert read_replies(services, "demo") == 1
    known = read_to(services)
    assert known is not None
    an_hour_later(services)
    with services.database.transaction() as session:
        again = replies.take_inbox(session, account, lease=LEASE, overlap=timedelta(minutes=5))
    assert isinstance(again, InboxLease)
    assert (again.since, again.read_to) == (known - timedelta(minutes=5), known)


def test_a_worker_that_dies_while_it_reads_loses_nothing_and_holds_nobody_up_for_long(
    services: Services, sandbox: SandboxClient, account: AccountRecord, greet: Greet
) -> None:
    greet()
    sandbox.write_as_person(ANN, "demo", ANSWER)
    dead = begun(services, account)
    an_hour_later(services)
    with services.database.transaction() as session:
        assert replies.explain_closed_inbox(session, account) == "another worker reads it"
        session.execute(update(Account).values(inbox_lease_until=text("now() - interval '1 second'")))
    assert read_replies(services, "demo") == 1
    living = None
    an_hour_later(services)
    living = begun(services, account)
    with services.database.transaction() as session:
        replies.release_inbox(session, dead)  # what it lost is not its to give back
        lease = session.scalars(select(Account.inbox_lease_until)).one()
    assert lease == living.lease_until


def test_a_mark_that_fails_moves_nothing(
    services: Services, sandbox: SandboxClient, greet: Greet, monkeypatch: pytest.MonkeyPatch
) -> None:
    greeting = greet()
    sandbox.write_as_person(ANN, "demo", ANSWER)
    really = replies.record_replies

    def dies(*arguments: object, **named: object) -> int:
        really(*arguments, **named)  # type: ignore[arg-type]  # whatever it was called with
        raise KeyboardInterrupt

    monkeypatch.setattr(replies, "record_replies", dies)
    with pytest.raises(KeyboardInterrupt):
        read_replies(services, "demo")
    assert marked(services, greeting) == (None, None)
    assert read_to(services) is None
    monkeypatch.setattr(replies, "record_replies", really)
    an_hour_later(services)
    assert read_replies(services, "demo") == 1


def test_of_two_at_once_one_reads_and_of_two_who_mark_one_counts(
    services: Services, account: AccountRecord, greet: Greet, database_url: str
) -> None:
    greet()

    def begin(database: Database, _: int) -> InboxLease | str:
        with database.transaction() as session:
            return replies.take_inbox(session, account, lease=LEASE, overlap=timedelta(0))

    both = run_concurrently(database_url, 2, begin)
    (reading,) = (each for each in both if isinstance(each, InboxLease))
    answers = [Reply(reading.greeted[0], datetime.now(UTC))]  # noqa: TID251 -- any instant does

    def mark(database: Database, _: int) -> int:
        with database.transaction() as session:
            return replies.record_replies(session, reading, answers, answers[0].at)

    assert sorted(run_concurrently(database_url, 3, mark)) == [0, 0, 1]


def test_while_an_inbox_is_read_no_action_starts_and_while_one_is_under_way_no_inbox_is_opened(
    services: Services, account: AccountRecord, greet: Greet
) -> None:
    greet()
    with services.database.transaction() as session:
        builders.add_planned(session, account, builders.a_contact(session, account, MING))

    def queued() -> int:
        with services.database.transaction() as session:
            return len(dispatch.queue_due_actions(session, batch=10, lease=LEASE))

    reading = begun(services, account)
    assert queued() == 0
    with services.database.transaction() as session:
        replies.release_inbox(session, reading)
    assert queued() == 1
    an_hour_later(services)
    with services.database.transaction() as session:
        assert replies.explain_closed_inbox(session, account) == "an action of the account is under way"


def test_every_gate_keeps_the_inbox_shut(
    services: Services, account: AccountRecord, new_account: NewAccount, greet: Greet
) -> None:
    new_account("demo2")
    assert list_readable_inboxes(services) == []
    greet()
    assert list_readable_inboxes(services) == ["demo"]
    now = datetime.now(UTC)  # noqa: TID251 -- the working hours to be missed are around the real one
    elsewhere = Hours(days=frozenset({(now.weekday() + 3) % 7}))
    shut = Limits(FREE.per_run, FREE.per_day, FREE.per_week, FREE.gap_min, FREE.gap_max, hours=elsewhere)
    with services.database.transaction() as session:
        pull_kill_switch(session, "tests")
    assert list_readable_inboxes(services) == []
    with services.database.transaction() as session:
        release_kill_switch(session)
        control.pause_account(session, account.id)
        assert replies.explain_closed_inbox(session, account) == "the account is paused"
        control.resume_account(session, account.id)
        limits.set_limits(session, account.id, Kind.GREET, shut, by="tests")
        assert replies.explain_closed_inbox(session, account) == "it is outside the working hours"
        limits.set_limits(session, account.id, Kind.GREET, FREE, by="tests")
        assert replies.explain_closed_inbox(session, account) is None
        session.execute(update(Interaction).values(created_at=text("now() - interval '31 days'")))
        assert replies.explain_closed_inbox(session, account) == "nobody was greeted in the last 30 days"
        session.execute(update(Account).values(session=None))
        assert replies.explain_closed_inbox(session, account) == "the account isn't signed in"


def test_the_tick_asks_for_each_inbox_once_an_hour_and_the_task_reads_it(
    services: Services, sandbox: SandboxClient, greet: Greet, monkeypatch: pytest.MonkeyPatch
) -> None:
    greeting = greet()
    sandbox.write_as_person(ANN, "demo", ANSWER)
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(upkeep, "publish_task", lambda task, account: asked.append((task, account)))
    upkeep.request_replies()
    assert asked == [("tasks.birthday.replies", "demo")]
    birthday.read_inbox(account="demo")
    assert marked(services, greeting)[0] is not None
    upkeep.request_replies()
    assert len(asked) == 1


def test_an_account_that_nobody_added_is_refused(services: Services) -> None:
    with pytest.raises(RequestRefusedError, match="nobody"):
        read_replies(services, "nobody")
