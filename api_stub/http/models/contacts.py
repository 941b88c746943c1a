"""Query and bodies of the contacts route."""

from pydantic import BaseModel, ConfigDict, Field

from api_stub.responses.contacts import ContactOut
from tasks.contract import AccountName
from worker.rules.model import ContactStatus
from worker.rules.texts.bounds import NO_CONTROLS


class ContactPage(BaseModel):
    """In the order in which they became known. Pass `next_after` as `after`; it is null at the end."""

    items: list[ContactOut]
    next_after: int | None


class ContactQuery(BaseModel):
    """Filters and page."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(100, ge=1, le=1000)
    after: int = Field(0, ge=0, lt=2**63, description="`next_after` of the page before.")
    account: AccountName | None = Field(None, description="Only this account's.")
    status: ContactStatus | None = Field(None, description="Only those with this status.")
    min_score: int | None = Field(None, ge=0, le=100, description="Only those with this score or more.")
    open_to_work: bool | None = Field(
        None, description="Only those whose profile says so; false: doesn't say so."
    )
    text: str = Field(
        "",
        max_length=100,
        pattern=NO_CONTROLS,
        description="Only those with all these words, or words that begin with them, in name, headline, "
        "position, location or company; "
        "case and accents don't matter.",
    )
