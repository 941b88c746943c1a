"""The answer of `rapport account list --json`."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from db.store.people.accounts import AccountRecord

EXAMPLE: Final[JsonDict] = {
    "name": "ann",
    "site": "linkedin",
    "time_zone": "Europe/Paris",
    "status": "active",
    "stop_reason": None,
    "signed_in": True,
    "signed_in_since": "2026-11-02T08:15:00Z",
    "session_expires_at": "2027-11-02T08:15:00Z",
    "keep_days": 365,
}


class AccountAnswer(BaseModel):
    """One account, without its session."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: str
    site: str
    time_zone: str = Field(description="Its days begin in this zone.")
    status: str
    stop_reason: str | None
    signed_in: bool
    signed_in_since: datetime | None = Field(
        description="When the session was proven; null: not signed in, or not recorded."
    )
    session_expires_at: datetime | None = Field(
        description="When its key cookie expires; null: not known. The site may end it earlier."
    )
    keep_days: int | None = Field(
        description="How long people who are not connections are kept; null: for ever."
    )


def build_account_answer(account: AccountRecord) -> AccountAnswer:
    """Return the answer for an account."""
    return AccountAnswer(
        name=account.name,
        site=account.site,
        time_zone=account.zone.key,
        status=account.status,
        stop_reason=account.stop_reason,
        signed_in=account.session is not None,
        signed_in_since=account.signed_in_since,
        session_expires_at=account.session_expires_at,
        keep_days=account.keep_days,
    )
