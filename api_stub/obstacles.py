"""What keeps workers from planning a campaign that is requested now."""

from tasks.contract import AnyCampaignRequest, BirthdayCampaign, InvitationsCampaign
from worker import queues
from worker.errors import TryAgainError
from worker.queues import QUEUE_OF_KIND
from worker.rules.model import Kind
from worker.servers.redis_address import RedisAddress

_PLANNING = "control"
"""The queue of the tasks that plan, as celeryconfig.py routes them."""


def find_reading_queue(request: AnyCampaignRequest) -> str | None:
    """Return the queue of the browser workers that read the list from which the campaign is planned."""
    if isinstance(request, InvitationsCampaign):
        return QUEUE_OF_KIND[Kind.WITHDRAW]
    if isinstance(request, BirthdayCampaign) and request.read_site:
        return QUEUE_OF_KIND[Kind.GREET]
    return None


def find_idle_queues(address: RedisAddress, request: AnyCampaignRequest) -> list[str]:
    """Return the queues that the campaign's planning needs and no worker consumes.

    Raises TryAgainError if Redis doesn't answer.
    """
    needed = [queue for queue in (_PLANNING, find_reading_queue(request)) if queue]
    return queues.take_snapshot_at(address).unconsumed(needed)


def may_workers_return(address: RedisAddress) -> bool:
    """Return whether no worker takes messages only because Redis has just started."""
    try:
        return queues.may_workers_return(address)
    except TryAgainError:
        return False
