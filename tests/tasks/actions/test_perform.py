"""One greeting from claim to record. The sandbox's own ledger says what really reached it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from db.store.actions import gates, interactions
from db.store.actions.gates import ClosedGate
from db.store.actions.review import approval
from db.store.people import accounts, contacts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import QuotaCut
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.quota import Quota
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.notices_helpers import events
from tests.proxy import Proxy
from tests.tasks.browser_helpers import fault, left_today, queue, row, run, sent
from worker import metrics
from worker.errors import Reason
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.messages.approval import approval_hash
from worker.rules.model import AccountStatus, ActionState, ContactStatus, Kind
from worker.rules.quota.limits import Limits
from worker.servers import redis_address

PERSON = "wang-xiaoming"
NAMES = {PERSON: "王小明"}
"""What the network shows, where the slug doesn't tell it."""
TEXT = 'Happy birthday, "Xiaoming" 🎉 <b>!'
Plan = Callable[..., UUID]


@pytest.fixture
def plan(services: Services, account: AccountRecord) -> Plan:
    """Plans a greeting and queues it."""

    def make(slug: str = PERSON, text: str = TEXT) -> UUID:
        with services.database.transaction() as session:
            contact = builders.a_contact(session, account, slug, name=NAMES.get(slug))
            return builders.add_planned(session, account, contact, text=text)

    return make


def test_a_greeting_is_sent_once_though_delivered_twice_and_recorded_as_it_was_proven(
    services: Services, sandbox: SandboxClient, plan: Plan
) -> None:
    action_id = plan()
    measured = (
        metrics.DISPATCH_LAG.labels("greet"),
        metrics.RESERVATION_SECONDS.labels("redis"),
        metrics.SITE_VERB_SECONDS.labels("sandbox", "send", "ok"),
    )
    before = [each._sum.get() for each in measured]
    assert run(services, action_id) is Outcome.DONE
    assert perform_action(services, action_id) is Outcome.DUPLICATE
    assert sent(sandbox) == [(PERSON, TEXT)]
    assert all(each._sum.get() > sum_before for each, sum_before in zip(measured, before, strict=True))
    with services.database.transaction() as session:
        (record,) = interactions.list_interactions(session, limit=10)
        contact = builders.action(session, action_id)
        assert contact.state == ActionState.DONE
    assert record.message == sandbox.ledger("demo")[0].text
    assert record.screenshot is not None
    assert Path(record.screenshot).read_bytes().startswith(b"\x89PNG")


def test_a_message_for_an_action_that_was_never_queued_does_nothing(
    services: Services, sandbox: SandboxClient, plan: Plan
) -> None:
    action_id = plan()
    assert perform_action(services, action_id) is Outcome.DUPLICATE
    assert sent(sandbox) == []


@pytest.mark.soak  # test_greeting_quota.py shows it without a browser
def test_the_quota_denies_and_everybody_else_waits_with_the_same_reason(
    services: Services, sandbox: SandboxClient, account: AccountRecord, plan: Plan
) -> None:
    one_a_day = Limits(5, 1, 5, timedelta(0), timedelta(0))
    with services.database.transaction() as session:
        limits.set_limits(session, account.id, Kind.GREET, one_a_day, by="tests")
    planned = [plan(slug) for slug in (PERSON, "layla-haddad", "kim-minji")]
    for _ in planned[:2]:
        (action_id,) = queue(services)
        perform_action(services, action_id)
    assert queue(services) == []
    assert len(sent(sandbox)) == 1
    states = sorted(row(services, action_id) for action_id in planned)
    assert states == [
        (ActionState.DONE, None),
        (ActionState.PLANNED, Reason.DAY_LIMIT),
        (ActionState.PLANNED, Reason.DAY_LIMIT),
    ]


def test_do_not_contact_wins_at_the_last_moment(
    services: Services, sandbox: SandboxClient, account: AccountRecord, plan: Plan
) -> None:
    action_id = plan()
    with services.database.transaction() as session:
        contacts.set_do_not_contact(session, account.id, f"{SANDBOX}{PERSON}/", value=True, by="tests")
    assert run(services, action_id) is Outcome.SKIPPED
    assert row(services, action_id) == (ActionState.SKIPPED, Reason.DO_NOT_CONTACT)
    assert sent(sandbox) == []


def test_a_gate_that_closes_while_typing_is_seen_before_the_click(
    services: Services, sandbox: SandboxClient, account: AccountRecord, plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    asked: list[ClosedGate | None] = []

    def closes_after_the_first_look(*_: object, **__: object) -> ClosedGate | None:
        asked.append(ClosedGate(Reason.DO_NOT_CONTACT) if asked else None)
        return asked[-1]

    monkeypatch.setattr(gates, "find_closed_gate", closes_after_the_first_look)
    action_id = plan()
    assert run(services, action_id) is Outcome.SKIPPED
    assert sent(sandbox) == []
    assert left_today(services, account) == builders.FREE.per_day


def test_what_the_owner_wrote_by_hand_on_the_day_is_enough(
    services: Services, sandbox: SandboxClient, plan: Plan
) -> None:
    action_id = plan()
    sandbox.write_as_member(PERSON, "demo", "Another text")
    assert run(services, action_id) is Outcome.SKIPPED
    assert row(services, action_id) == (ActionState.SKIPPED, Reason.WRITTEN_BY_HAND)
    assert sent(sandbox) == []


def test_who_is_no_connection_any_more_is_left_out_and_known_as_that(
    services: Services, sandbox: SandboxClient, plan: Plan, account: AccountRecord
) -> None:
    action_id = plan()
    sandbox.change(PERSON, connected=False)
    assert run(services, action_id) is Outcome.SKIPPED
    assert row(services, action_id) == (ActionState.SKIPPED, Reason.NOT_CONNECTED)
    with services.database.transaction() as session:
        contact = builders.contact_by_slug(session, account, PERSON)
        assert contact.status == ContactStatus.NOT_CONNECTED
    assert sent(sandbox) == []


def test_a_person_who_wrote_since_planning_is_left_to_the_owner(
    services: Services, sandbox: SandboxClient, plan: Plan
) -> None:
    action_id = plan()
    sandbox.write_as_person(PERSON, "demo", "Hello! Are you coming tonight?")
    assert run(services, action_id) is Outcome.SKIPPED
    assert row(services, action_id) == (ActionState.SKIPPED, Reason.CONTACT_REPLIED)
    assert sent(sandbox) == []


def test_somebody_elses_thread_gets_nothing(services: Services, sandbox: SandboxClient, plan: Plan) -> None:
    action_id = plan()
    fault(sandbox, FaultName.WRONG_THREAD, "layla-haddad")
    assert run(services, action_id) is Outcome.SKIPPED
    assert row(services, action_id) == (ActionState.SKIPPED, Reason.WRONG_RECIPIENT)
    assert sent(sandbox) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (FaultName.CHALLENGE_PAGE, Reason.CHALLENGE),
        pytest.param(FaultName.LIMIT_PAGE, Reason.LIMIT_PAGE, marks=pytest.mark.soak),
        pytest.param(FaultName.EXPIRED_SESSION, Reason.NOT_SIGNED_IN, marks=pytest.mark.soak),
    ],
)
def test_a_page_that_asks_for_a_person_stops_the_account(
    services: Services,
    sandbox: SandboxClient,
    account: AccountRecord,
    plan: Plan,
    *,
    name: FaultName,
    reason: Reason,
) -> None:
    action_id = plan()
    plan("layla-haddad")
    fault(sandbox, name)
    with services.database.transaction() as session:
        builders.action(session, action_id).not_before -= timedelta(seconds=1)
    assert queue(services) == [action_id]
    assert perform_action(services, action_id) is Outcome.POSTPONED
    assert row(services, action_id) == (ActionState.PLANNED, reason)
    with services.database.transaction() as session:
        stopped = accounts.get_account(session, account.id)
        ((_, told),) = events(session)
    assert (stopped.status, stopped.stop_reason) == (AccountStatus.STOPPED, reason)
    assert told["action"] == str(action_id)
    assert len([*services.settings.evidence_dir.glob("*/*.png")]) == 1  # the page that a person must look at
    assert queue(services) == []
    assert sent(sandbox) == []
    with services.database.transaction() as session:
        session.execute(delete(QuotaCut))
    assert left_today(services, account) == builders.FREE.per_day


def test_a_passing_fault_is_tried_again_later_and_its_unit_given_back(
    services: Services, sandbox: SandboxClient, account: AccountRecord, plan: Plan
) -> None:
    action_id = plan()
    fault(sandbox, FaultName.HTTP_500, times=1)
    assert run(services, action_id) is Outcome.POSTPONED
    assert row(services, action_id)[0] is ActionState.PLANNED
    assert queue(services) == []
    assert left_today(services, account) == builders.FREE.per_day
    assert run(services, action_id) is Outcome.DONE
    assert len(sent(sandbox)) == 1


@pytest.mark.parametrize("verb", ["reserve", pytest.param("release", marks=pytest.mark.soak)])
def test_a_lost_answer_of_the_quota_costs_no_unit(
    services: Services, sandbox: SandboxClient, account: AccountRecord, plan: Plan, verb: str
) -> None:
    action_id = plan()
    with Proxy(services.settings.required("redis_url").get_secret_value()) as proxy:
        client = redis_quota.connect(redis_address.parse(proxy.url))
        vars(services)["quota"] = Quota(services.database, RedisQuota(client), lease=timedelta(minutes=5))
        proxy.lose_reply(verb.encode())
        fault(sandbox, FaultName.HTTP_500, times=1)  # lets the unit go back
        assert run(services, action_id) is Outcome.POSTPONED
        assert proxy.caught == 1
        assert left_today(services, account) == builders.FREE.per_day
        sandbox.clear_faults()
        assert run(services, action_id) is Outcome.DONE
        assert left_today(services, account) == builders.FREE.per_day - len(sent(sandbox))
        client.close()


@pytest.mark.soak  # conversation/test_name_check.py shows it without a browser
def test_a_person_whom_the_network_renamed_gets_the_corrected_text_after_a_decision(
    services: Services, sandbox: SandboxClient, account: AccountRecord
) -> None:
    with services.database.transaction() as session:
        contact = builders.a_contact(session, account, "zoe-lefevre", name="Zoé Lefèvre 🚀")
        action_id = builders.add_planned(session, account, contact, text="Joyeux anniversaire, Zoé !")
    sandbox.change("zoe-lefevre", name="Alexandra Weber")
    assert run(services, action_id) is Outcome.PROPOSED
    assert sent(sandbox) == []
    with services.database.transaction() as session:
        action = builders.action(session, action_id)
        renamed = builders.contact_by_slug(session, account, "zoe-lefevre")
        assert (action.reason, renamed.full_name) == (Reason.NAME_DIFFERS, "Alexandra Weber")
        text, seen = action.message, approval_hash(renamed.profile_url, action.message)
        approval.approve_proposal(session, action_id, seen=seen, by="me")
    assert "Alexandra" in text
    assert run(services, action_id) is Outcome.DONE
    assert sent(sandbox) == [("zoe-lefevre", text)]
