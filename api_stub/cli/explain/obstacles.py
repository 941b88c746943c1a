"""Find out at once why workers would not plan a campaign that a command is about to wait for."""

from api_stub.cli.explain.halts import list_halt_lines
from api_stub.obstacles import find_idle_queues, find_reading_queue, may_workers_return
from db.engine import Database
from tasks.contract import AnyCampaignRequest
from worker.errors import TryAgainError
from worker.servers.redis_address import RedisAddress


class Obstacles:
    """What can keep workers from planning one campaign: they need Redis, and the site if a list is read."""

    def __init__(self, database: Database, address: RedisAddress, request: AnyCampaignRequest) -> None:
        self._database = database
        self._address = address
        self._request = request

    def find(self) -> str | None:
        """Return what keeps it from being planned now and what to do, in one line; None if nothing does."""
        return self._find_halt() or self._find_idle_queue()

    def may_pass(self) -> bool:
        """Return whether no worker takes messages only because Redis has just started."""
        return may_workers_return(self._address) and self._find_halt() is None

    def _find_halt(self) -> str | None:
        if find_reading_queue(self._request) is None:
            return None  # a plan can be made; its actions wait
        with self._database.transaction() as session:
            return next(list_halt_lines(session, self._request.account), None)

    def _find_idle_queue(self) -> str | None:
        try:
            idle = find_idle_queues(self._address, self._request)
        except TryAgainError as error:
            return f"{error}; check with `rapport doctor`"
        if idle:
            return f"no worker takes messages of {' and '.join(idle)}; check with `rapport doctor`"
        return None
