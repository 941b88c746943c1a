"""What the routes below /v1/accounts/{account} share."""

from typing import Annotated, Final

from fastapi import Path
from pydantic import BaseModel

from api_stub.http.v1.conditions import etag
from tasks.contract import AccountName

AccountPath = Annotated[AccountName, Path(description="The account's name.")]

PREFIX: Final = "/accounts/{account}"


def tag_of(answer: BaseModel) -> str:
    """Return the entity tag of an answer."""
    return etag(answer.model_dump_json())
