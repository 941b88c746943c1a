"""Pages of long lists, by keyset: a page begins after the position of the last item of the one before.

A route's query is a subclass of `PageQuery` with its filters:

    @router.get("")
    def list_contacts(request: Request, query: Annotated[ContactQuery, Query()], ...) -> Page[ContactOut]:
        after = read_position(request, query, int)
        found = contact_list.list_contacts(session, filters, limit=query.fetch_limit, after=after or 0)
        return build_page(request, query, found, ContactOut.model_validate, position=lambda line: line.id)

A cursor is the position, signed together with the path and the filters, so it is valid for this list only.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api_stub.http.faults import Fault, FaultType, FieldFault
from worker.settings import Settings

MAX_LIMIT: Final = 1000
_SIGNATURE_BYTES: Final = 16
MAX_CURSOR_CHARACTERS: Final = 500
_PAGE_FIELDS: Final = frozenset({"limit", "cursor"})

Item = TypeVar("Item")
Found = TypeVar("Found")
Position = TypeVar("Position")


class PageQuery(BaseModel):
    """Which page of a list, and how long."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(100, ge=1, le=MAX_LIMIT, description="At most this many items.")
    cursor: str | None = Field(
        None, max_length=MAX_CURSOR_CHARACTERS, description="`next` of the page before, as it is."
    )

    @property
    def fetch_limit(self) -> int:
        """How many rows to fetch: one more than are shown tells whether there is a next page."""
        return self.limit + 1


class Page(BaseModel, Generic[Item]):
    """A page of a list. Pass `next` as `cursor`, with the same filters, for the next page."""

    items: list[Item]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


def read_position(request: Request, query: PageQuery, as_type: type[Position]) -> Position | None:
    """Return the position after which the page begins, None for the first page.

    Raises Fault `cursor-invalid` if the cursor was changed or belongs to another list.
    """
    if query.cursor is None:
        return None
    payload, _, signature = query.cursor.partition(".")
    expected = {_sign(key, request, payload) for key in _keys(request)}
    if not any(hmac.compare_digest(each.encode(), signature.encode()) for each in expected):
        raise _invalid()
    try:
        return TypeAdapter(as_type).validate_json(base64.urlsafe_b64decode(payload))
    except (ValidationError, binascii.Error):  # a cursor of an older version
        raise _invalid() from None


def write_cursor(request: Request, position: object) -> str:
    """Return the cursor of the page after `position`: a number, a text, an instant, or a tuple of them."""
    json = TypeAdapter(type(position)).dump_json(position)
    payload = base64.urlsafe_b64encode(json).decode()
    return f"{payload}.{_sign(_keys(request)[0], request, payload)}"


def build_page(
    request: Request,
    query: PageQuery,
    found: Sequence[Found],
    to_item: Callable[[Found], Item],
    *,
    position: Callable[[Found], object],
) -> Page[Item]:
    """Return a page of `found`, which was fetched with `query.fetch_limit`; `position` is a row's place."""
    shown = found[: query.limit]
    more = len(found) > len(shown)
    return Page(
        items=[to_item(row) for row in shown],
        next=write_cursor(request, position(shown[-1])) if more else None,
    )


def _invalid() -> Fault:
    detail = "the cursor was changed, or it belongs to another list or other filters"
    return Fault(FaultType.CURSOR_INVALID, detail, errors=[FieldFault("query.cursor", detail)])


def _keys(request: Request) -> Sequence[bytes]:
    """Return the keys of this installation: the first signs, all verify.

    A cursor grants nothing, so any secret that all API processes share will do.
    """
    settings: Settings = request.app.state.settings
    held = (settings.console_keys, settings.api_key, settings.secret_keys, settings.database_url)
    return [sha256(b"cursor " + key.get_secret_value().encode()).digest() for key in held if key]


def _sign(key: bytes, request: Request, payload: str) -> str:
    filters = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in _PAGE_FIELDS)
    text = "\n".join([request.url.path, repr(filters), payload])
    digest = hmac.digest(key, text.encode(errors="surrogatepass"), sha256)
    return base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode().rstrip("=")
