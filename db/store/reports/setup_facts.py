"""What is set up for an account, and what is not yet."""

from dataclasses import dataclass

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.store.actions.site_gate import find_site_gate
from db.store.people.accounts import AccountRecord
from db.tables import Contact, MessageTemplate, NoticeTarget, QuotaLimit, Schedule
from worker.rules.model import AccountStatus, CampaignKind, Kind
from worker.rules.sites.sign_ins import Expiry, judge_expiry


@dataclass(frozen=True, slots=True)
class SetupFacts:
    """Whether an account has each of these. `signed_in`: with a session that still lasts, and not stopped.

    `pages_proven`: its site needs no check of its pages, or they have passed it.
    """

    has_limits: bool
    has_people: bool
    has_templates: bool
    has_notices: bool
    has_schedule: bool
    signed_in: bool
    pages_proven: bool


def read_setup_facts(session: Session, account: AccountRecord) -> SetupFacts:
    """Return what is set up. Two statements, however many people there are."""
    its_own = account.id
    limits, people, templates, notices, schedule = session.execute(
        select(
            exists().where(QuotaLimit.account_id == its_own, QuotaLimit.kind == Kind.GREET),
            exists().where(Contact.account_id == its_own, Contact.forgotten_at.is_(None)),
            exists().where(
                MessageTemplate.enabled,
                or_(MessageTemplate.account_id.is_(None), MessageTemplate.account_id == its_own),
            ),
            exists().where(
                NoticeTarget.paused_at.is_(None),
                or_(NoticeTarget.account_id.is_(None), NoticeTarget.account_id == its_own),
            ),
            exists().where(
                Schedule.account_id == its_own, Schedule.kind == CampaignKind.BIRTHDAY, Schedule.enabled
            ),
        )
    ).one()
    now = get_database_time(session)
    gate = find_site_gate(session, account_id=its_own, site=account.site, kind=Kind.GREET, now=now)
    lasts = account.session is not None and judge_expiry(account.session_expires_at, now) is not Expiry.OVER
    return SetupFacts(
        has_limits=limits,
        has_people=people,
        has_templates=templates,
        has_notices=notices,
        has_schedule=schedule,
        signed_in=lasts and account.status is not AccountStatus.STOPPED,
        pages_proven=gate.unproven is None,
    )
