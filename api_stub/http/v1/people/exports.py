"""Exports of people and interactions, as streams.

Rows are read in batches, each in a transaction of its own, while the client takes them: neither memory nor a
transaction grows with the export or waits for a slow client. So a row is as it was when its batch was read.
"""

import io
import threading
from collections.abc import AsyncIterator, Generator
from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import iterate_in_threadpool
from starlette.types import Message, Receive, Scope, Send

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import AdminCaller
from db.engine import Database
from db.exports import sheets
from db.exports.formats import Format
from db.exports.sheets import CONTACTS, INTERACTIONS, Sheet
from db.store import audit
from tasks.contract import AccountName

router = APIRouter(prefix="/exports", tags=["exports"])

MAX_EXPORTS: Final = 4
"""Exports under way in one process. Each has one of the places for requests as long as its client reads."""
_places = threading.BoundedSemaphore(MAX_EXPORTS)

_MEDIA_TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSONL: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
}
_ADDRESS: Final = "https://www.linkedin.com/in/zoe-lindqvist/"
_EXAMPLES: Final = {
    Format.CSV: f"account,profile_url,full_name\r\nann,{_ADDRESS},Zoë Lindqvist\r\n",
    Format.JSONL: f'{{"account": "ann", "profile_url": "{_ADDRESS}", "full_name": "Zoë Lindqvist"}}\n',
    Format.PARQUET: "PAR1...PAR1",
}


def _streams() -> dict[int | str, dict[str, Any]]:
    content = {
        media_type.partition(";")[0]: {"schema": {"type": "string"}, "example": _EXAMPLES[each]}
        for each, media_type in _MEDIA_TYPES.items()
    }
    return problems(FaultType.ACCOUNT_UNKNOWN) | {
        200: {"description": "The rows. The stream is whole if it ends as HTTP says.", "content": content}
    }


class ExportQuery(BaseModel):
    """What is exported."""

    model_config = ConfigDict(extra="forbid")

    account: AccountName | None = Field(None, description="Only this account's.")
    format: Format = Field(
        Format.JSONL,
        description="csv is for spreadsheets, which take no cell for a formula; jsonl (NDJSON) and parquet, "
        "with exact types, are for programs.",
    )


@router.get("/contacts", response_class=StreamingResponse, responses=_streams())
def export_contacts(
    query: Annotated[ExportQuery, Query()], caller: AdminCaller, database: AppDatabase
) -> StreamingResponse:
    """Export the people known to the accounts, with all that is known about them, oldest first.

    An import can read the CSV.
    """
    return _export(database, CONTACTS, query, caller.name)


@router.get("/interactions", response_class=StreamingResponse, responses=_streams())
def export_interactions(
    query: Annotated[ExportQuery, Query()], caller: AdminCaller, database: AppDatabase
) -> StreamingResponse:
    """Export interactions, oldest first: with whom, when, the text that was sent, whether they answered."""
    return _export(database, INTERACTIONS, query, caller.name)


def _export(database: Database, sheet: Sheet, query: ExportQuery, by: str) -> StreamingResponse:
    with database.transaction() as session:
        account_id = require_account(session, query.account).id if query.account else None
        about = query.account or "all accounts"
        audit.record_change(session, by=by, change=f"export.{sheet.name}", about=about, detail=query.format)
    return ExportResponse(stream_sheet(database, sheet, query.format, account_id), sheet, query.format)


def stream_sheet(
    database: Database, sheet: Sheet, as_format: Format, account_id: int | None, *, batch: int = sheets.BATCH
) -> Generator[bytes, None, None]:
    """Yield the rows of a sheet in this format, a batch at a time."""
    target, columns, after = _Chunk(), as_format.columns(sheet), 0
    with as_format.open_writer(target, columns) as write:
        while True:
            with database.snapshot() as session:
                rows = sheets.read_rows(session, sheet, columns, account_id, after=after, limit=batch)
            if rows:
                write([row[:-1] for row in rows])
                after = rows[-1][-1]
            yield target.take()
            if len(rows) < batch:
                break
    yield target.take()


class _Chunk(io.BytesIO):
    """What a writer has written since it was last taken. For the writer it is one long file."""

    def __init__(self) -> None:
        super().__init__()
        self._taken = 0

    def tell(self) -> int:
        return self._taken + super().tell()

    def take(self) -> bytes:
        """Return what was written, once."""
        taken = self.getvalue()
        self._taken += len(taken)
        self.seek(0)
        self.truncate(0)
        return taken


class ExportResponse(StreamingResponse):
    """The response of an export. Raises Fault `unavailable` if too many others are under way."""

    def __init__(self, chunks: Generator[bytes, None, None], sheet: Sheet, as_format: Format) -> None:
        name = f"{sheet.name}.{as_format}"
        super().__init__(
            chunks,
            media_type=_MEDIA_TYPES[as_format],
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the rows as the client takes them."""
        if not _places.acquire(blocking=False):
            raise Fault(
                FaultType.UNAVAILABLE,
                f"{MAX_EXPORTS} exports are under way: try again when one has ended",
                headers={"Retry-After": "30"},
            )
        state = scope["state"]
        state["is_stream"] = True

        async def send_piece(message: Message) -> None:
            await send(message)
            state["progress"] = state.get("progress", 0) + 1

        try:
            first = await to_thread.run_sync(next, self._chunks)  # if it fails, nothing was sent yet
            self.body_iterator = _follow(first, self._chunks)
            await super().__call__(scope, receive, send_piece)
        finally:
            self._chunks.close()
            _places.release()


async def _follow(first: bytes, rest: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in iterate_in_threadpool(rest):
        yield chunk
