"""Plan campaigns and dispatch actions in this process. A child of `bench.scale.day`.

A line on the standard input is `plan COUNT`, whose answer is a line with the seconds it took, or `dispatch`,
whose answer is how many actions one tick published, and its seconds.
"""

import sys
import time
from datetime import date
from uuid import uuid4

from sqlalchemy import text

from db.engine import today_in
from db.store.people import accounts
from tasks.actions.dispatch import dispatch_due
from tasks.campaigns.plan_birthdays import start_birthday_campaign
from tasks.contract import BirthdayOptions
from tasks.services import Services, get_services
from worker import logs
from worker.app import app
from worker.settings import get_settings

_FIRST_ACCOUNTS = text("select id from accounts order by id limit :count")
_BORN_TODAY = text("""
insert into contacts (account_id, profile_url, full_name, birth_month, birth_day)
select a.id, 'ledger:' || a.name || '/born-' || n, 'Ann Lee', :month, :day
from accounts a, generate_series(1, 3) n where a.id = any(:ids)
""")


def plan(services: Services, count: int) -> float:
    """Plan a campaign of so many accounts, which have three birthdays each; return the seconds."""
    with services.database.transaction() as session:
        ids = session.scalars(_FIRST_ACCOUNTS, {"count": count}).all()
        today: date = today_in(session, accounts.get_account(session, ids[0]).zone)
        session.execute(_BORN_TODAY, {"ids": ids, "month": today.month, "day": today.day})
    began = time.perf_counter()
    for account_id in ids:
        with services.database.transaction() as session:
            account = accounts.get_account(session, account_id)
            start_birthday_campaign(session, account, uuid4(), BirthdayOptions(read_site=False))
    return time.perf_counter() - began


def dispatch(services: Services) -> tuple[int, float]:
    """Do what a tick does; return how many actions it published, and the seconds."""
    began = time.perf_counter()
    return dispatch_due(services), time.perf_counter() - began


def main() -> None:
    logs.configure(get_settings())
    app.loader.import_default_modules()
    services = get_services()
    for line in sys.stdin:
        what, *count = line.split()
        print(*([plan(services, int(count[0]))] if what == "plan" else dispatch(services)), flush=True)


if __name__ == "__main__":
    main()
