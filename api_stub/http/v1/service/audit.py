"""The audit log: who changed what, and the chains of events, verified in parts that take a moment each."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import AdminCaller
from api_stub.http.v1.fields import Instant, ShortText
from api_stub.http.v1.models.audit import ChainHeadOut, ChainPartOut, ChangeOut
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position, write_cursor
from db.store import audit
from db.store.actions import events
from db.store.actions.events import ChainHead, ChainPlace

router = APIRouter(prefix="/audit", tags=["audit"])

ChainName = Annotated[
    str,
    Path(
        max_length=200,
        pattern=r"^[a-z0-9][a-z0-9_:-]*$",
        description="The account's name; of a removed one, `removed:SITE:NAME`.",
        examples=["ann"],
    ),
]


class ChangeQuery(PageQuery):
    """Which changes."""

    about: ShortText | None = Query(None, description="Only about this account, user or id.")
    by: ShortText | None = Query(None, description="Only by this user or key.")
    change: ShortText | None = Query(None, description="Only this, such as `account.pause`.")
    since: Instant | None = Query(None, description="Only those at this instant or later.")
    until: Instant | None = Query(None, description="Only those before this instant.")


@router.get("/changes")
def list_changes(
    request: Request, query: Annotated[ChangeQuery, Query()], caller: AdminCaller, database: AppDatabase
) -> Page[ChangeOut]:
    """Return who changed what: in the console, with a key, or users and keys at a terminal; newest first."""
    before = read_position(request, query, int)
    with database.snapshot() as session:
        found = audit.list_changes(
            session,
            before=before,
            about=query.about,
            by=query.by,
            change=query.change,
            since=query.since,
            until=query.until,
            limit=query.fetch_limit,
        )
    return build_page(request, query, found, ChangeOut.model_validate, position=lambda change: change.id)


@router.get("/chains")
def list_chains(
    request: Request, query: Annotated[PageQuery, Query()], caller: AdminCaller, database: AppDatabase
) -> Page[ChainHeadOut]:
    """Return how long each account's chain of events is, and the hash at its end. Nothing is verified."""
    after = read_position(request, query, str)
    with database.snapshot() as session:
        found = events.list_heads(session, after=after or "", limit=query.fetch_limit)
    return build_page(request, query, found, _build_head, position=lambda head: head.account)


@router.get("/chains/{chain}", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def verify_chain(
    chain: ChainName,
    request: Request,
    query: Annotated[PageQuery, Query()],
    caller: AdminCaller,
    database: AppDatabase,
) -> ChainPartOut:
    """Recompute a part of an account's chain of events, and report what does not fit.

    At most `limit` rows are read, so that no request takes long: follow `next` to the end. After the last
    event, the states of the actions are compared with their events.
    """
    place = read_position(request, query, ChainPlace) or ChainPlace()
    with database.snapshot() as session:
        account_id = events.find_chain(session, chain)
        if account_id is None:
            raise Fault(FaultType.ACCOUNT_UNKNOWN, f"there is no account called {chain!r}")
        part = events.verify_part(session, account_id, place, limit=query.limit)
    reached = part.next or place
    unexplained = [events.describe_unexplained(part.unexplained)] if part.unexplained else []
    return ChainPartOut(
        account=chain,
        events=part.events,
        actions=part.actions,
        verified_events=reached.seq,
        head=reached.reached,
        problems=[*part.problems, *unexplained],
        next=write_cursor(request, part.next) if part.next is not None else None,
    )


def _build_head(head: ChainHead) -> ChainHeadOut:
    return ChainHeadOut(account=head.account, events=head.events, head=head.hash)
