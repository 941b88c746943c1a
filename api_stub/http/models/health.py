"""Bodies of the health and readiness routes."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, Field

CheckName: TypeAlias = Literal["postgres", "schema", "redis", "workers", "accounts"]


class Health(BaseModel):
    """This process answers."""

    status: Literal["ok"]


class Check(BaseModel):
    """The result of one readiness check."""

    ok: bool
    detail: str


class Readiness(BaseModel):
    """Whether new work would be processed now."""

    ready: bool
    checks: dict[CheckName, Check] | None = Field(None, description="Only with the key.")
