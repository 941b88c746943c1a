"""All routes below /v1: a line for each resource."""

from fastapi import APIRouter

from api_stub.http.v1.accounts import (
    accounts,
    first_look,
    quota,
    quota_state,
    reports,
    state,
    why,
)
from api_stub.http.v1.campaigns import (
    actions,
    campaigns,
    interactions,
    proposals,
    results,
    schedules,
    searches,
    signatures,
    templates,
)
from api_stub.http.v1.imports import (
    doubts,
    files,
    runs,
    subscriptions,
)
from api_stub.http.v1.people import (
    birthdays,
    changes,
    contacts,
    exports,
    forgetting,
    identity,
    retention,
)
from api_stub.http.v1.service import (
    audit,
    caller_info,
    events,
    kill_switch,
    notices,
    status,
)

router = APIRouter(prefix="/v1", generate_unique_id_function=lambda route: route.name)
for part in (
    accounts,
    first_look,
    quota,
    quota_state,
    reports,
    state,
    why,
    actions,
    campaigns,
    interactions,
    proposals,
    results,
    schedules,
    searches,
    signatures,
    templates,
    doubts,
    runs,
    subscriptions,
    files,  # /imports/{import_id} would take the addresses of the others
    birthdays,
    changes,
    contacts,
    exports,
    forgetting,
    identity,
    retention,
    audit,
    caller_info,
    events,
    kill_switch,
    notices,
    status,
):
    router.include_router(part.router)
