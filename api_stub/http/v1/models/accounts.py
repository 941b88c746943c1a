"""Bodies of the routes of accounts."""

from datetime import datetime
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, StrictBool, model_validator
from pydantic.config import JsonValue

from api_stub.explain.halts import describe_halt
from api_stub.responses.accounts import EXAMPLE, AccountAnswer, build_account_answer
from db.store.people.accounts import AccountRecord
from tasks.contract import AccountName
from worker.errors import Reason, RequestRefusedError
from worker.rules.dates.zones import parse_zone
from worker.rules.halts import Halt, HaltCause
from worker.rules.sites.registry import SITES
from worker.rules.sites.sign_ins import Expiry

_ZONES: Final[list[JsonValue]] = [*sorted(available_timezones())]
OFFERED_SITES: Final = tuple(site.name for site in SITES.values() if site.offered)


def _require_offered(site: str) -> str:
    if site not in OFFERED_SITES:
        raise ValueError(f"must be one of: {', '.join(OFFERED_SITES)}")
    return site


def _require_zone(name: str) -> str:
    try:
        return parse_zone(name).key
    except RequestRefusedError as error:
        raise ValueError(str(error)) from None


class TimeZone(RootModel[Annotated[str, Field(max_length=64), AfterValidator(_require_zone)]]):
    """The name of a time zone (IANA)."""

    model_config = ConfigDict(json_schema_extra={"examples": ["Europe/Paris"], "enum": _ZONES})

    @property
    def zone(self) -> ZoneInfo:
        """The zone."""
        return ZoneInfo(self.root)


class AccountIn(BaseModel):
    """A new account. It is signed in on the command line, or with a link to a page."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "ann", "site": "sandbox", "time_zone": "Europe/Paris"}],
        },
    )

    name: AccountName
    site: Annotated[
        str, Field(json_schema_extra={"enum": list(OFFERED_SITES)}), AfterValidator(_require_offered)
    ]
    time_zone: TimeZone = Field(TimeZone("UTC"), description="Its days begin in this zone.")
    accepts_risk: StrictBool = Field(
        False,
        description="True: the owner of the account knows that the site's user agreement forbids automation, "
        "and risks the account. Real sites need it.",
    )


class AccountChangeIn(BaseModel):
    """Settings of an account; those that are not given stay as they are."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"keep_days": 365}], "minProperties": 1}
    )

    time_zone: TimeZone | None = Field(None, description="Its days begin in this zone.")
    keep_days: int | None = Field(
        None,
        ge=8,
        le=3650,
        description="How many days profiles, and people who are not connections, are kept after they were "
        "last seen; null: for ever. The quota needs 8.",
    )

    @model_validator(mode="after")
    def _require_one(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give at least one setting")
        return self


class HaltOut(BaseModel):
    """One thing that stops an account, and what to do about it."""

    cause: HaltCause
    reason: Reason | None = Field(description="Why its site stopped it.")
    says: str


class AccountDetail(AccountAnswer):
    """One account, and everything that stops it now: the first thing to deal with first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                EXAMPLE
                | {
                    "status": "paused",
                    "stop_reason": "account_paused",
                    "halts": [
                        {
                            "cause": "account_paused",
                            "reason": None,
                            "says": "account ann is paused; to resume: `rapport account resume ann`",
                        }
                    ],
                }
            ]
        }
    )

    halts: list[HaltOut]


def build_account_detail(account: AccountRecord, halted: list[Halt]) -> AccountDetail:
    """Build the answer for an account."""
    return AccountDetail(
        **build_account_answer(account).model_dump(),
        halts=[
            HaltOut(cause=halt.cause, reason=halt.reason, says=describe_halt(account, halt))
            for halt in halted
        ],
    )


class SignInOut(BaseModel):
    """Whether an account is signed in, and for how long."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "signed_in": True,
                    "signed_in_since": "2026-11-02T08:15:00Z",
                    "session_expires_at": "2026-12-02T08:15:00Z",
                    "expiry": "soon",
                    "stop_reason": None,
                    "key_problem": None,
                    "advice": "sign in: `rapport account sign-in ann`",
                }
            ]
        }
    )

    signed_in: bool = Field(description="A session is stored.")
    signed_in_since: datetime | None = Field(description="When it was proven; null: not recorded.")
    session_expires_at: datetime | None = Field(
        description="When its key cookie expires; null: not known. The site may end it earlier."
    )
    expiry: Expiry
    stop_reason: Reason | None = Field(description="Why the account is paused or its site stopped it.")
    key_problem: str | None = Field(
        description="Why the keys of this process don't decrypt it; null: they do, or it has none."
    )
    advice: str | None = Field(description="How to sign in, if that is needed.")


class AccountDataOut(BaseModel):
    """How much is erased if the account is removed."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "contacts": 812,
                    "campaigns": 40,
                    "actions": 301,
                    "open_actions": 6,
                    "interactions": 295,
                    "sent": 260,
                    "schedules": 1,
                    "saved_searches": 2,
                    "templates": 3,
                    "imports": 1,
                    "subscriptions": 0,
                    "signed_in": True,
                }
            ]
        },
    )

    contacts: int
    campaigns: int
    actions: int
    open_actions: int = Field(description="Actions that have not ended.")
    interactions: int
    sent: int = Field(description="Messages that were sent.")
    schedules: int
    saved_searches: int
    templates: int = Field(description="The account's own.")
    imports: int
    subscriptions: int
    signed_in: bool
