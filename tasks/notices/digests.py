"""Build the text of a digest when it is sent, so that it says how things are then."""

from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from db.store.people import accounts
from db.store.reports.digests import ApproveUrls, DigestReader
from tasks.contract import BirthdayOptions
from worker.rules.notices.digest import render_evening, render_morning
from worker.rules.notices.kinds import NoticeKind
from worker.rules.notices.texts import Notice
from worker.rules.wording.hints import PROGRAM

DIGESTS: Final = frozenset({NoticeKind.MORNING_DIGEST, NoticeKind.EVENING_SUMMARY})
"""The kinds whose events only name an account and a day."""


def build_digest(
    session: Session,
    kind: NoticeKind,
    account_id: int,
    on: date,
    *,
    with_texts: bool = False,
    program: str = PROGRAM,
    approve_urls: ApproveUrls = lambda _: None,
) -> Notice:
    """Return the morning digest or the evening summary of an account's day.

    With `with_texts` it quotes messages. `approve_urls` returns where proposals can be approved: it is asked
    for each one that is listed, and for all. Raises NoResultFound for an unknown account.
    """
    reader = DigestReader(
        session,
        accounts.get_account(session, account_id),
        late_days=BirthdayOptions().late_days,
        with_texts=with_texts,
        approve_urls=approve_urls,
    )
    if kind is NoticeKind.MORNING_DIGEST:
        return render_morning(reader.read_morning(on), program=program)
    return render_evening(reader.read_evening(on), program=program)
