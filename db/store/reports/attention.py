"""What else needs a person: sign-ins, doubts, checks of the site, upkeep and subscriptions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.store import upkeep
from db.store.actions.site_gate import find_site_gate
from db.store.identity.doubts import list_identity_doubts
from db.store.imports import subscriptions
from db.store.imports.birthday_doubts import list_doubts
from db.store.imports.subscriptions import SubscriptionRecord
from db.store.kill_switch import PulledSwitch, get_kill_switch
from db.store.people.accounts import AccountRecord
from db.store.reports import halts
from db.store.upkeep import UpkeepState
from worker.rules.halts import Halt
from worker.rules.model import AccountStatus, Kind
from worker.rules.sites.capabilities import Unproven
from worker.rules.sites.sign_ins import Expiry, judge_expiry

MOST_DOUBTS: Final = 100


@dataclass(frozen=True, slots=True)
class Attention:
    """What needs a person besides greetings.

    expiry, expires_at: of the sign-in; UNKNOWN for an account that is stopped or not signed in
    birthday_doubts, identity_doubts: how many, MOST_DOUBTS at most
    unproven, to_look_at: what keeps messages on the account's site waiting
    others_halted: other accounts that are stopped
    """

    kill_switch: PulledSwitch | None
    expiry: Expiry
    expires_at: datetime | None
    birthday_doubts: int
    identity_doubts: int
    unproven: Unproven | None
    to_look_at: UUID | None
    late_jobs: Sequence[UpkeepState]
    failing: Sequence[SubscriptionRecord]
    others_halted: Sequence[tuple[AccountRecord, Halt]]


def read_attention(session: Session, account: AccountRecord) -> Attention:
    """Return what needs a person, for an account and for Rapport as a whole."""
    now = get_database_time(session)
    gate = find_site_gate(session, account_id=account.id, site=account.site, kind=Kind.GREET, now=now)
    signed_in = account.session is not None and account.status is not AccountStatus.STOPPED
    doubts = list_doubts(session, account=account.name, limit=MOST_DOUBTS)
    return Attention(
        kill_switch=get_kill_switch(session),
        expiry=judge_expiry(account.session_expires_at, now) if signed_in else Expiry.UNKNOWN,
        expires_at=account.session_expires_at,
        birthday_doubts=len({(doubt.import_id, doubt.line) for doubt in doubts}),
        identity_doubts=len(list_identity_doubts(session, account=account.name, limit=MOST_DOUBTS)),
        unproven=gate.unproven,
        to_look_at=gate.to_look_at,
        late_jobs=[job for job in upkeep.list_jobs(session) if job.is_late],
        failing=subscriptions.list_failing(session, account=account.name),
        others_halted=[
            (other, halt)
            for other, halt in halts.list_halted_accounts(session)
            if other.id != account.id and other.status is AccountStatus.STOPPED
        ],
    )
