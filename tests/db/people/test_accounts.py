"""Accounts: why one is stopped, and what a new sign-in reactivates."""

from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.store.actions import control
from db.store.people import accounts
from db.tables import Account
from tests.builders import an_account, database_now
from worker.errors import Reason
from worker.rules.model import AccountStatus


def test_a_sign_in_lets_go_on_what_the_site_had_stopped_and_nothing_that_a_person_paused(
    session: Session,
) -> None:
    before = date(2020, 1, 1)
    now = database_now(session)
    zone = "Pacific/Kiritimati" if now.hour >= 10 else "Pacific/Niue"  # where it is another day
    challenged, signed_out, paused, other = (
        an_account(session, name, zone=zone) for name in ("challenged", "signed out", "paused", "other")
    )
    session.execute(update(Account).values(warm_up_on=before))
    accounts.stop_account(session, challenged.id, Reason.CHALLENGE)
    accounts.stop_account(session, signed_out.id, Reason.NOT_SIGNED_IN)
    accounts.stop_account(session, other.id, Reason.CHALLENGE)
    assert control.pause_account(session, paused.id)
    for account in (challenged, signed_out, paused):
        accounts.save_session(session, account.id, account.name.encode())
    session.expire_all()
    rows = session.scalars(select(Account).order_by(Account.id)).all()
    today = now.astimezone(challenged.zone).date()
    assert today != now.date()
    assert [(row.status, row.stop_reason, row.session, row.warm_up_on) for row in rows] == [
        (AccountStatus.ACTIVE, None, b"challenged", today),
        (AccountStatus.ACTIVE, None, b"signed out", before),
        (AccountStatus.PAUSED, Reason.ACCOUNT_PAUSED, b"paused", before),
        (AccountStatus.STOPPED, Reason.CHALLENGE, None, before),
    ]


def test_a_session_is_replaced_only_where_it_is_still_the_one_that_was_read(session: Session) -> None:
    account, other = an_account(session), an_account(session, "other")
    for each in (account, other):
        accounts.save_session(session, each.id, b"before")
    assert accounts.replace_session(session, account.id, b"before", b"after")
    assert not accounts.replace_session(session, account.id, b"before", b"too late")
    session.expire_all()
    assert [accounts.get_account(session, each.id).session for each in (account, other)] == [
        b"after",
        b"before",
    ]


def test_a_stop_holds_whatever_the_account_was_and_for_no_other(session: Session) -> None:
    account, other = an_account(session), an_account(session, "other")
    assert control.pause_account(session, account.id)
    accounts.stop_account(session, account.id, Reason.LIMIT_PAGE)
    assert not control.resume_account(session, account.id)
    session.expire_all()
    stopped = accounts.get_account(session, account.id)
    assert (stopped.status, stopped.stop_reason) == (AccountStatus.STOPPED, Reason.LIMIT_PAGE)
    assert accounts.get_account(session, other.id).status is AccountStatus.ACTIVE


def test_an_account_added_again_stays_as_it_is_but_for_its_zone(session: Session) -> None:
    account = an_account(session)
    accounts.save_session(session, account.id, b"sealed")
    accounts.stop_account(session, account.id, Reason.CHALLENGE)
    session.expire_all()
    again = an_account(session, site="linkedin", zone="Asia/Kolkata")
    session.expire_all()
    again = accounts.get_account(session, again.id)
    assert (again.id, again.site, again.zone.key) == (account.id, "sandbox", "Asia/Kolkata")
    assert (again.status, again.session) == (AccountStatus.STOPPED, b"sealed")
