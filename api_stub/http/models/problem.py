"""The body of every error response."""

from pydantic import BaseModel, ConfigDict, Field


class FieldError(BaseModel):
    """A wrong field of the request."""

    model_config = ConfigDict(from_attributes=True)

    field: str = Field(description="Where it is: `body.until`, `query.limit`.")
    message: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(description="Stable: `/problems/<slug>`, which is also a page about it.")
    title: str
    status: int
    detail: str
    correlation_id: str
    errors: list[FieldError] | None = Field(None, description="The wrong fields, where some are.")
