"""Request a campaign: keep the request in Postgres, then publish its task."""

from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from api_stub.client import TaskClient
from db.store.campaigns import requests
from db.store.people.accounts import AccountRecord
from tasks.contract import AnyCampaignRequest
from tasks.request_rules import fingerprint
from worker import logs
from worker.errors import TryAgainError

log = logs.get_logger(__name__)


def keep_campaign_request(
    session: Session, account: AccountRecord, request: AnyCampaignRequest, correlation_id: str
) -> UUID | None:
    """Keep the request and return the campaign's id; None if its id was used for something else.

    If the message of `publish_campaign_request` is lost, a control worker starts the campaign from this.
    """
    campaign_id = request.campaign_id or uuid4()
    is_kept = requests.keep_request(
        session,
        campaign_id,
        account.id,
        fingerprint(request),
        kind=request.kind,
        options=request.dump_options(),
        correlation_id=correlation_id,
    )
    return campaign_id if is_kept else None


def publish_campaign_request(
    client: TaskClient, request: AnyCampaignRequest, campaign_id: UUID, correlation_id: str
) -> None:
    """Publish the task of a request that is kept. If Redis doesn't answer, the campaign starts later."""
    named = request.model_copy(update={"campaign_id": campaign_id})
    try:
        client.send(request.task, named, correlation_id=correlation_id)
    except TryAgainError as error:
        log.warning("campaign_message_not_sent", campaign=str(campaign_id), text=str(error))
