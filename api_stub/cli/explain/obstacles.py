"""Find out at once why workers would not plan a campaign that a command is about to wait for."""

from api_stub.cli.explain.halts import list_halt_lines
from db.engine import Database
from tasks.contract import AnyCampaignRequest, BirthdayCampaign, InvitationsCampaign
from worker import queues
from worker.errors import TryAgainError
from worker.queues import QUEUE_OF_KIND
from worker.redis_address import RedisAddress
from worker.rules.model import Kind

_PLANNING = "control"
"""The queue of the tasks that plan, as celeryconfig.py routes them."""


class Obstacles:
    """What can keep workers from planning one campaign: they need Redis, and the site if a list is read."""

    def __init__(self, database: Database, address: RedisAddress, request: AnyCampaignRequest) -> None:
        self._database = database
        self._address = address
        self._account = request.account
        self._reading_queue = _find_reading_queue(request)

    def find(self) -> str | None:
        """Return what keeps it from being planned now and what to do, in one line; None if nothing does."""
        return self._find_halt() or self._find_idle_queue()

    def may_pass(self) -> bool:
        """Return whether no worker takes messages only because Redis has just started."""
        try:
            return queues.may_workers_return(self._address) and self._find_halt() is None
        except TryAgainError:
            return False

    def _find_halt(self) -> str | None:
        if self._reading_queue is None:
            return None  # a plan can be made; its actions wait
        with self._database.transaction() as session:
            return next(list_halt_lines(session, self._account), None)

    def _find_idle_queue(self) -> str | None:
        try:
            snapshot = queues.take_snapshot_at(self._address)
        except TryAgainError as error:
            return f"{error}; check with `rapport doctor`"
        if idle := snapshot.unconsumed([queue for queue in (_PLANNING, self._reading_queue) if queue]):
            return f"no worker takes messages of {' and '.join(idle)}; check with `rapport doctor`"
        return None


def _find_reading_queue(request: AnyCampaignRequest) -> str | None:
    """Return the queue of the browser workers that read the list from which the campaign is planned."""
    if isinstance(request, InvitationsCampaign):
        return QUEUE_OF_KIND[Kind.WITHDRAW]
    if isinstance(request, BirthdayCampaign) and request.read_site:
        return QUEUE_OF_KIND[Kind.GREET]
    return None
