"""What the key of a request may do."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api_stub.http.v1.caller import ReadCaller
from worker.rules.access import KeyScope

router = APIRouter(prefix="/caller", tags=["keys"])


class CallerOut(BaseModel):
    """Whose key a request has."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "crm", "scopes": ["control", "read"]}]}
    )

    name: str = Field(description="The key's name: who did it, in the audit log.")
    scopes: list[KeyScope] = Field(description="What it may do, with what is implied.")


@router.get("")
async def show_caller(caller: ReadCaller) -> CallerOut:
    """Return the name and the scopes of the key that the request has."""
    return CallerOut(name=caller.name, scopes=sorted(caller.scopes))
