"""Remember how days stand: reading one takes long with many contacts, and several pages may be open."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from api_stub.until_changed import UntilChanged
from db.engine import Database
from db.store.people import accounts
from db.store.people.namesakes import find_namesakes
from db.store.reports.attention import Attention, read_attention
from db.store.reports.day import read_day
from worker.rules.reports.day import Day

_MOST_ACCOUNTS: Final = 200


@dataclass(frozen=True, slots=True)
class DayPage:
    """How an account's day stands, and what needs a person. `namesakes` are those of `find_namesakes`."""

    day: Day
    attention: Attention
    namesakes: Mapping[int, str]


class Days:
    """The days that were read last, each used again while nothing changes in Postgres."""

    def __init__(self) -> None:
        self._known = UntilChanged[int, DayPage](lambda _: 0, most=_MOST_ACCOUNTS)

    def read(self, database: Database, account_id: int) -> DayPage:
        """Return how the account's day stands, as of the last commit."""
        return self._known.read(database, account_id, partial(_read_page, account_id=account_id))


def _read_page(session: Session, *, account_id: int) -> DayPage:
    account = accounts.get_account(session, account_id)
    day = read_day(session, account, default_late_days=DEFAULT_LATE_DAYS)
    return DayPage(day, read_attention(session, account), find_namesakes(session, day.contact_ids))
