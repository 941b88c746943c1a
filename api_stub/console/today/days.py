"""Remember how days stand: reading one takes long with many contacts, and several pages may be open."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from db.engine import Database
from db.store.changes import read_change_token
from db.store.people.accounts import AccountRecord
from db.store.people.namesakes import find_namesakes
from db.store.reports.attention import Attention, read_attention
from db.store.reports.day import read_day
from worker import clock
from worker.rules.day import Day

_FRESH_S: Final = 20.0
"""What is due or late changes with time alone."""


@dataclass(frozen=True, slots=True)
class DayPage:
    """How an account's day stands, and what needs a person. `namesakes` are those of `find_namesakes`."""

    day: Day
    attention: Attention
    namesakes: Mapping[int, str]


class Days:
    """The days that were read last, each used again while nothing changes in Postgres."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._read: dict[int, tuple[str, float, DayPage]] = {}

    def read(self, database: Database, account: AccountRecord) -> DayPage:
        """Return how the account's day stands: of after the last commit, and _FRESH_S old at most."""
        # Of pages that ask at once, after a commit, one reads. Those that wait hold no connection meanwhile.
        with self._lock, database.transaction() as session:
            token = read_change_token(session)  # first: what is committed meanwhile is read again
            now_s = clock.monotonic_seconds()
            known = self._read.get(account.id)
            if known is not None and known[0] == token and now_s - known[1] < _FRESH_S:
                return known[2]
            day = read_day(session, account, default_late_days=DEFAULT_LATE_DAYS)
            page = DayPage(day, read_attention(session, account), find_namesakes(session, day.contact_ids))
            self._read[account.id] = (token, now_s, page)
            return page
