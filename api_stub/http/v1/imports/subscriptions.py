"""Subscribed address books and calendars. Their addresses are never shown.

Subscribing needs a person at a terminal: it takes a password, and opens an address that somebody chose. This
process need not have the keys that encrypt them.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType
from api_stub.http.lookups import check_account_filter
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.http.v1.people.parts import conflicts
from api_stub.responses.subscriptions import SubscriptionOut, build_subscription
from db.store import audit
from db.store.imports import subscriptions as store
from db.store.imports.subscriptions import SubscriptionRecord
from tasks.contract import AccountName

router = APIRouter(prefix="/imports/subscriptions", tags=["imports"])

SubscriptionId = Annotated[int, Path(ge=1, lt=2**63, description="The subscription's id.", examples=[17])]


class SubscriptionQuery(PageQuery):
    """Which subscriptions."""

    account: AccountName | None = Field(None, description="Only this account's.")


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_subscriptions(
    request: Request, query: Annotated[SubscriptionQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[SubscriptionOut]:
    """Return subscriptions by id, each with its last reading, or why that failed."""
    after = read_position(request, query, int) or 0
    with database.snapshot() as session:
        check_account_filter(session, query.account)
        found = store.list_subscriptions(session, account=query.account)
    shown = sorted((each for each in found if each.id > after), key=lambda each: each.id)
    return build_page(
        request, query, shown[: query.fetch_limit], build_subscription, position=lambda each: each.id
    )


@router.post(
    "/{subscription_id}/read",
    status_code=202,
    responses=problems(FaultType.SUBSCRIPTION_UNKNOWN, FaultType.CONFLICT),
)
def read_subscription(
    subscription_id: SubscriptionId, caller: ControlCaller, database: AppDatabase
) -> SubscriptionOut:
    """Request a reading, also of a paused subscription. A browser worker, which has the keys, does it."""
    with database.transaction() as session:
        record = _require_subscription(session, subscription_id)
        about = f"{record.account} {subscription_id}"
        audit.record_change(session, by=caller.name, change="subscription.read", about=about)
        with conflicts():
            store.request_reading(session, subscription_id)
        return build_subscription(_require_subscription(session, subscription_id))


@router.delete("/{subscription_id}", status_code=204, responses=problems(FaultType.SUBSCRIPTION_UNKNOWN))
def remove_subscription(
    subscription_id: SubscriptionId, caller: ControlCaller, database: AppDatabase
) -> None:
    """End a subscription and delete its address and password. Its contacts and imports stay."""
    with database.transaction() as session:
        record = _require_subscription(session, subscription_id)
        about = f"{record.account} {subscription_id}"
        audit.record_change(session, by=caller.name, change="subscription.remove", about=about)
        store.remove_subscription(session, subscription_id)


def _require_subscription(session: Session, subscription_id: int) -> SubscriptionRecord:
    found = [each for each in store.list_subscriptions(session) if each.id == subscription_id]
    if not found:
        raise Fault(FaultType.SUBSCRIPTION_UNKNOWN, f"there is no subscription {subscription_id}")
    return found[0]
