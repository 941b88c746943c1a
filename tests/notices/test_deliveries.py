"""Events become messages: to whom, when, how often, and what a dead sender leaves."""

import json
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from db.engine import Database
from db.store.actions.review.approval_links import list_links, new_link, store_links
from db.store.notices import deliveries, log, targets, totals
from db.store.notices.deliveries import MessageClaim
from db.store.notices.outbox import record_event
from db.store.privacy import account_removal
from db.tables import NoticeDelivery
from tasks.notices.compose import MAYBE_TWICE
from tasks.notices.sending import Sender
from tasks.upkeep.notices import delete_old_notices
from tests.builders import an_account
from tests.db.helpers import run_concurrently
from tests.notices.conftest import AddTarget
from tests.notices.receivers import Receiver
from worker.rules.notices.deliveries import DeliveryState, Outcome, SendFailure
from worker.rules.notices.kinds import NoticeKind

STOPPED, REVIEW, DIGEST = NoticeKind.ACCOUNT_STOPPED, NoticeKind.NEEDS_REVIEW, NoticeKind.MORNING_DIGEST
LATE = NoticeKind.UPKEEP_LATE
NOWHERE = "webhook+http://127.0.0.1:9/"


def happen(database: Database, kind: NoticeKind, key: str = "1", account_id: int | None = None) -> bool:
    with database.transaction() as session:
        return record_event(session, kind, key=key, account_id=account_id, payload={"account": "demo"})


def dispatch(database: Database) -> None:
    with database.transaction() as session:
        deliveries.dispatch_events(session)


def claim(database: Database, name: str) -> MessageClaim | None:
    with database.transaction() as session:
        return deliveries.claim_message(session, targets.get_target(session, name).id)


def claimed(database: Database, name: str) -> MessageClaim:
    found = claim(database, name)
    assert found is not None
    return found


def age(database: Database, by: str, table: str = "outbox_events", column: str = "at") -> None:
    """Let time pass."""
    with database.transaction() as session:
        session.execute(text(f"update {table} set {column} = {column} - interval '{by}'"))


def age_deliveries(database: Database, by: str) -> None:
    for column in ("sending_since", "not_before", "ended_at"):
        age(database, by, "notice_deliveries", column)


def states(database: Database) -> dict[str, set[DeliveryState]]:
    found: dict[str, set[DeliveryState]] = {}
    with database.transaction() as session:
        for each in log.list_deliveries(session, limit=1000):
            found.setdefault(each.target, set()).add(each.state)
    return found


def told(database: Database) -> set[tuple[str, str, str | None]]:
    with database.transaction() as session:
        return {(d.target, d.kind, d.account) for d in log.list_deliveries(session, limit=1000)}


def test_an_event_reaches_the_targets_that_asked_for_it(database: Database, add: AddTarget) -> None:
    with database.transaction() as session:
        ann, bob = an_account(session, "ann"), an_account(session, "bob")
    assert happen(database, REVIEW, "before", ann.id)
    add(NOWHERE, name="all")
    add(NOWHERE, name="anns", account_id=ann.id)
    add(NOWHERE, name="stops", kinds=[STOPPED])
    add(NOWHERE, name="paused")
    with database.transaction() as session:
        targets.set_paused(session, targets.get_target(session, "paused").id, paused=True)
    assert happen(database, STOPPED, "1", ann.id)
    assert not happen(database, STOPPED, "1", ann.id)  # the same again
    happen(database, REVIEW, "1", bob.id)
    happen(database, LATE)  # concerns all accounts
    for _ in range(2):
        dispatch(database)
    assert told(database) == {
        ("all", STOPPED, "ann"), ("anns", STOPPED, "ann"), ("stops", STOPPED, "ann"),
        ("all", REVIEW, "bob"), ("all", LATE, None), ("anns", LATE, None),
    }  # fmt: skip


def test_a_storm_is_one_message_and_what_is_urgent_goes_first(
    database: Database, add: AddTarget, notice_sender: Sender, receiver: Receiver
) -> None:
    add(receiver.url, name="hook")
    with database.transaction() as session:
        for number in range(300):
            record_event(session, REVIEW, key=str(number), payload={"account": "demo"})
    happen(database, STOPPED)
    dispatch(database)
    urgent = claimed(database, "hook")
    assert [event.kind for event in urgent.events] == [STOPPED]
    notice_sender.send(urgent)
    assert claim(database, "hook") is None  # they are still collected
    age(database, "1 minute")
    notice_sender.send(claimed(database, "hook"))
    assert [len(json.loads(each.body)["events"]) for each in receiver.posted] == [1, 300]
    happen(database, REVIEW, "another")
    dispatch(database)
    age(database, "1 minute")
    assert claim(database, "hook") is None  # not so soon after the last one
    age_deliveries(database, "10 minutes")
    assert len(claimed(database, "hook").events) == 1


def test_a_message_is_tried_again_as_the_same_one_until_it_is_of_no_use(
    database: Database, add: AddTarget, notice_sender: Sender, receiver: Receiver
) -> None:
    add(receiver.url, name="hook")
    receiver.statuses = [500, 503, 200, 500]
    happen(database, STOPPED)
    dispatch(database)
    for _ in range(3):
        notice_sender.send(claimed(database, "hook"))
        assert claim(database, "hook") is None  # not at once again
        age_deliveries(database, "1 hour")
    assert len(set(receiver.ids)) == 1
    assert states(database) == {"hook": {DeliveryState.SENT}}
    happen(database, DIGEST)
    dispatch(database)
    notice_sender.send(claimed(database, "hook"))
    for table, column in (("outbox_events", "at"), ("notice_deliveries", "not_before")):
        age(database, "6 hours", table, column)
    assert claim(database, "hook") is None
    with database.transaction() as session:
        given_up = log.list_deliveries(session, limit=1)[0]
        ended = totals.read_totals(session)
    assert (given_up.state, given_up.error) == (DeliveryState.FAILED, SendFailure.SERVER_ERROR)
    assert ended == {(STOPPED, Outcome.SENT): 1, (DIGEST, Outcome.FAILED): 1}


def test_a_notice_that_is_too_old_is_not_sent_at_all(database: Database, add: AddTarget) -> None:
    add(NOWHERE, name="hook")
    happen(database, DIGEST)
    happen(database, STOPPED)
    dispatch(database)
    age(database, "7 hours")
    assert [event.kind for event in claimed(database, "hook").events] == [STOPPED]
    age(database, "3 days", "outbox_events", "at")
    assert claim(database, "hook") is None
    with database.transaction() as session:
        assert totals.read_totals(session)[DIGEST, Outcome.DROPPED] == 1


def test_a_message_that_its_sender_lost_is_sent_again_and_says_so(
    database: Database, add: AddTarget, notice_sender: Sender, receiver: Receiver
) -> None:
    add(receiver.url, name="hook")
    happen(database, STOPPED)
    dispatch(database)
    lost = claimed(database, "hook")
    assert claim(database, "hook") is None  # it may be being sent
    age_deliveries(database, "3 minutes")
    again = claimed(database, "hook")
    assert (again.id, again.maybe_twice) == (lost.id, True)
    assert not notice_sender.send(lost).is_recorded  # the first sender was only slow
    assert notice_sender.send(again).is_recorded
    bodies = [json.loads(each.body) for each in receiver.posted]
    assert [each["maybe_twice"] for each in bodies] == [False, True]
    assert [MAYBE_TWICE in each["text"] for each in bodies] == [False, True]
    with database.transaction() as session:
        assert totals.read_totals(session) == {(STOPPED, Outcome.MAYBE_TWICE): 1}


def test_an_answer_that_never_came_is_maybe_twice_the_next_time(database: Database, add: AddTarget) -> None:
    add(NOWHERE, name="hook")
    happen(database, STOPPED)
    dispatch(database)
    first = claimed(database, "hook")
    with database.transaction() as session:
        assert deliveries.record_failure(session, first, SendFailure.TIMEOUT, may_have_arrived=True, chance=0)
    age_deliveries(database, "1 hour")
    assert claimed(database, "hook").maybe_twice


def test_a_refused_message_does_not_stop_the_others_for_days(database: Database, add: AddTarget) -> None:
    add(NOWHERE, name="hook")
    happen(database, REVIEW)
    dispatch(database)
    age(database, "1 minute")
    for attempt in range(1, 9):
        refused = claimed(database, "hook")
        happen(database, STOPPED, str(attempt))
        dispatch(database)
        urgent = claimed(database, "hook")  # not even meanwhile
        with database.transaction() as session:
            assert deliveries.record_sent(session, urgent)
            is_retried = deliveries.record_failure(
                session, refused, SendFailure.REFUSED, may_have_arrived=False, chance=0
            )
        assert is_retried == (attempt < 8)
        age_deliveries(database, "2 hours")


def test_several_notifiers_send_each_notice_once(
    database: Database, database_url: str, add: AddTarget, notice_sender: Sender, receiver: Receiver
) -> None:
    for number in range(3):
        add(receiver.url, name=f"hook{number}")
    for number in range(5):
        happen(database, STOPPED, str(number))

    def work(own: Database, _number: int) -> None:
        with own.transaction() as session:
            deliveries.dispatch_events(session)
        for _ in range(3):
            with own.transaction() as session:
                ids = deliveries.list_waiting_targets(session)
            for target_id in ids:
                with own.transaction() as session:
                    found = deliveries.claim_message(session, target_id)
                if found is not None:
                    notice_sender.send(found)

    run_concurrently(database_url, 4, work)
    work(database, 0)
    events = [event["id"] for each in receiver.posted for event in json.loads(each.body)["events"]]
    assert sorted(events) == sorted(3 * list(range(min(events), min(events) + 5)))
    assert len(set(receiver.ids)) == len(receiver.posted)


def test_a_test_is_sent_however_much_waits(
    database: Database, add: AddTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(NOWHERE, name="hook")
    happen(database, STOPPED)
    dispatch(database)
    monkeypatch.setattr(deliveries, "_MOST_READ", 1)
    with database.transaction() as session:
        found = deliveries.claim_test(session, targets.get_target(session, "hook").id)
    assert [event.kind for event in found.events] == [NoticeKind.TEST]


def test_what_happens_during_a_pause_is_not_told_later(database: Database, add: AddTarget) -> None:
    add(NOWHERE, name="hook")
    happen(database, STOPPED, "before")
    dispatch(database)
    for paused in (True, False):
        with database.transaction() as session:
            targets.set_paused(session, targets.get_target(session, "hook").id, paused=paused)
        if paused:
            assert claim(database, "hook") is None
            happen(database, STOPPED, "meanwhile")
            dispatch(database)
    with database.transaction() as session:
        assert session.scalars(select(NoticeDelivery.state)).all() == [DeliveryState.PENDING]
    assert claim(database, "hook") is not None


@pytest.mark.parametrize("days", [29, 31])
def test_events_are_kept_for_thirty_days(database: Database, add: AddTarget, days: int) -> None:
    add(NOWHERE, name="hook")
    happen(database, STOPPED)
    dispatch(database)
    age(database, f"{days} days")
    delete_old_notices(database)
    assert (states(database) == {}) == (days > 30)


def test_removing_an_account_removes_its_events_targets_and_links(database: Database, add: AddTarget) -> None:
    with database.transaction() as session:
        account = an_account(session)
        link = new_link(account_id=account.id, target="its", seen={uuid4(): "hash"}, public_url="https://x")
        store_links(session, [link])
    add(NOWHERE, name="its", account_id=account.id)
    add(NOWHERE, name="other")
    happen(database, STOPPED, "1", account.id)
    dispatch(database)
    assert len(told(database)) == 2
    with database.transaction() as session:
        account_removal.remove_account(session, account)
    assert told(database) == set()
    with database.transaction() as session:
        assert [each.name for each in targets.list_targets(session)] == ["other"]
        assert list_links(session) == []
