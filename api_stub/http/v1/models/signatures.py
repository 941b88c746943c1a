"""Bodies of the routes for signatures."""

from pydantic import BaseModel, ConfigDict, Field

from worker.rules.messages.signatures import MAX_SIGNATURE_CHARACTERS


class SignatureIn(BaseModel):
    """A signature."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "Anna"}]})

    text: str = Field(min_length=1, max_length=2 * MAX_SIGNATURE_CHARACTERS)


class SignatureOut(BaseModel):
    """What ends each greeting of an account, on lines of its own."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"account": "demo", "text": "Anna", "too_long_with": [7]}]}
    )

    account: str
    text: str = Field(description="Empty: it has none.")
    too_long_with: list[int] = Field(
        description="Templates that are too long with it for people with long names, who don't get them."
    )
