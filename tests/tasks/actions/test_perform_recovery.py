"""A greeting in a real browser whose send is uncertain, or whose worker died."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from db.store.actions import claims, leases, lifecycle
from db.store.people.accounts import AccountRecord
from tasks.actions.recover import recover_lapsed
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.tasks.browser_helpers import fault, left_today, queue, row, run, sent
from worker.errors import Reason
from worker.rules.model import ActionState, Kind

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


def test_a_send_whose_answer_is_swallowed_is_found_by_looking_and_not_sent_again(
    services: Services, sandbox: SandboxClient, account: AccountRecord, plan: Plan
) -> None:
    action_id = plan()
    fault(sandbox, FaultName.SEND_SWALLOWS_REPLY, times=1)
    assert run(services, action_id) is Outcome.UNCERTAIN
    assert row(services, action_id) == (ActionState.UNCERTAIN, Reason.PROOF_MISSING)
    assert run(services, action_id) is Outcome.DONE
    assert sent(sandbox) == [(PERSON, TEXT)]
    assert left_today(services, account) == builders.FREE.per_day - 1


def test_a_send_without_effect_is_sent_again_only_after_two_looks(
    services: Services, sandbox: SandboxClient, account: AccountRecord, plan: Plan
) -> None:
    action_id = plan()
    fault(sandbox, FaultName.SEND_NO_EFFECT, times=1)
    outcomes = [run(services, action_id) for _ in range(4)]
    assert outcomes == [Outcome.UNCERTAIN, Outcome.UNCERTAIN, Outcome.POSTPONED, Outcome.DONE]
    assert sent(sandbox) == [(PERSON, TEXT)]
    assert left_today(services, account) == builders.FREE.per_day - 1


def test_a_worker_that_died_while_acting_leaves_a_doubt_that_looking_settles(
    services: Services, sandbox: SandboxClient, plan: Plan
) -> None:
    action_id = plan()
    (queued,) = queue(services)
    with services.database.transaction() as session:
        claim = claims.claim_action(session, queued, owner="a dead worker", lease=timedelta(minutes=1))
        assert claim is not None
        assert lifecycle.write_intent(session, claim)
    with services.database.transaction() as session:
        assert leases.void_leases(session) == 1
    assert recover_lapsed(services) == 1
    assert row(services, action_id) == (ActionState.UNCERTAIN, Reason.LEASE_LAPSED)
    assert run(services, action_id) is Outcome.UNCERTAIN
    assert sent(sandbox) == []


def test_a_worker_that_died_before_acting_gives_its_unit_back(
    services: Services, account: AccountRecord, plan: Plan
) -> None:
    action_id = plan()
    (queued,) = queue(services)
    with services.database.transaction() as session:
        claim = claims.claim_action(session, queued, owner="a dead worker", lease=timedelta(minutes=1))
        assert claim is not None
    run_id, reservation = str(claim.campaign_id), f"{action_id}:{claim.attempt}"
    assert services.quota.reserve(account.id, Kind.GREET, run_id, reservation).decision.granted
    assert left_today(services, account) == builders.FREE.per_day - 1
    with services.database.transaction() as session:
        leases.void_leases(session)
    assert recover_lapsed(services) == 1
    assert row(services, action_id) == (ActionState.PLANNED, Reason.LEASE_LAPSED)
    assert left_today(services, account) == builders.FREE.per_day
