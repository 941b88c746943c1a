"""Conditional requests (RFC 9110, 13): change a thing only if it is still what the client read.

@router.get("/{template_id}")
def show_template(template_id: TemplateId, response: Response, ...) -> TemplateOut:
    response.headers["ETag"] = etag(record.version)

@router.put("/{template_id}", responses=problems(FaultType.TEMPLATE_UNKNOWN, FaultType.CHANGED_MEANWHILE))
def change_template(template_id: TemplateId, body: TemplateIn, if_match: IfMatch = None, ...):
    with database.transaction() as session:
        record = ...  # select … for update
        require_match(if_match, etag(record.version))
"""

from hashlib import sha256
from typing import Annotated

from fastapi import Header

from api_stub.http.faults import Fault, FaultType

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1000,
        description="The ETag of what was read. If it has changed since: 412, and nothing changes.",
    ),
]


def etag(*values: object) -> str:
    """Return the strong entity tag of a thing with these values: the same for the same values."""
    return f'"{sha256(repr(values).encode()).hexdigest()[:32]}"'


def require_match(if_match: str | None, current: str | None) -> None:
    """Raise Fault `changed-meanwhile` unless the header is absent, or lists the current tag or `*`.

    None is the tag of what doesn't exist, which no header lists. Call it in the transaction of the change,
    with the row locked.
    """
    if if_match is None:
        return
    listed = {each.strip() for each in if_match.split(",")}
    if current is None or listed.isdisjoint({current, "*"}):
        raise Fault(
            FaultType.CHANGED_MEANWHILE,
            "it was changed since you read it, so nothing was changed now: read it again",
            headers={"ETag": current} if current is not None else None,
        )
