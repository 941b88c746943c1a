"""The adapter on the replica: what looks like a message that was sent, and is not proven to be."""

from datetime import timedelta

import pytest

from api_stub.sandbox.faults import FaultName, Value
from tests.conftest import TIMEOUT
from tests.replica.linkedin.client import ReplicaClient
from worker.browser.linkedin.adapter import LinkedInSite
from worker.browser.linkedin.messaging import open_conversation
from worker.browser.pool import BrowserPool
from worker.errors import RapportError, Reason, TryAgainError

TEXT = "Happy birthday, Ada!"
BRIEF = timedelta(seconds=2)


@pytest.fixture(autouse=True)
def _nothing_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no earlier conversation: here nobody was written to before."""
    monkeypatch.setattr(open_conversation, "_HISTORY_WAIT", timedelta(0))


@pytest.fixture
def site(browser_pool: BrowserPool, replica_state: str, replica: ReplicaClient) -> LinkedInSite:
    return LinkedInSite(
        browser_pool.page_for(905, replica_state), replica.base_url, TIMEOUT, proof_wait=BRIEF
    )


def _is_proven(site: LinkedInSite, replica: ReplicaClient) -> bool:
    thread = site.open_thread(f"https://www.linkedin.com/in/{replica.member_id('ada-example')}/")
    assert thread.recipient().endswith(f"/{replica.member_id('ada-example')}/")
    thread.messages()
    thread.type(TEXT)
    thread.click_send()
    try:
        return thread.proof(TEXT, more_than=0)
    except TryAgainError:  # as good as False: it is looked at later
        return False


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        (FaultName.SEND_NO_EFFECT, 0),
        (FaultName.OTHER_THREAD_BUBBLE, 0),
        # tests/browser/linkedin has these on smaller pages
        pytest.param(FaultName.FAILED_BUBBLE, 0, marks=pytest.mark.soak),
        pytest.param(FaultName.TWO_BUBBLES, 1, marks=pytest.mark.soak),
        pytest.param(FaultName.NO_SERVER_ID, 1, marks=pytest.mark.soak),
        (FaultName.LEAVES_AFTER_SEND, 1),
    ],
)
def test_a_first_message_without_its_one_server_id_is_not_proven(
    site: LinkedInSite, replica: ReplicaClient, fault: FaultName, sent: int
) -> None:
    replica.fault(fault)
    assert not _is_proven(site, replica)
    assert [line.text for line in replica.effects()] == [TEXT] * sent


@pytest.mark.parametrize(
    ("fault", "value", "reason"),
    [
        (FaultName.DRIFT, 3, Reason.SITE_CHANGED),
        pytest.param(
            FaultName.DRAFT, "Dear Ada, about the money", Reason.COMPOSER_OCCUPIED, marks=pytest.mark.soak
        ),
        pytest.param(FaultName.ENTER_SENDS, None, Reason.ENTER_SENDS, marks=pytest.mark.soak),
        pytest.param(FaultName.SUBJECT_FIELD, None, Reason.NOT_CONNECTED, marks=pytest.mark.soak),
    ],
)
def test_a_conversation_in_which_nothing_can_be_sent_safely_is_refused(
    site: LinkedInSite, replica: ReplicaClient, fault: FaultName, value: Value, reason: Reason
) -> None:
    replica.fault(fault, value)
    with pytest.raises(RapportError) as refused:
        _is_proven(site, replica)
    assert refused.value.reason is reason
    assert replica.effects() == []
