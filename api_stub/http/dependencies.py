"""Dependencies and parameters of the routes. The guard checks key and scope before a request is routed."""

from typing import Annotated

from fastapi import Query, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from api_stub.http.v1.caller import require_caller
from tasks.contract import AccountName
from worker.rules.access import KeyScope

_READ = [KeyScope.READ.value]

require_key = [Security(require_caller, scopes=_READ)]
require_metrics_key = [
    Security(APIKeyHeader(name="X-API-Key", auto_error=False), scopes=_READ),
    Security(HTTPBearer(auto_error=False), scopes=_READ),
]
"""Only declared: with RAPPORT_OPEN_METRICS there may be no key."""

PageLimit = Annotated[int, Query(ge=1, le=1000)]
AccountFilter = Annotated[AccountName | None, Query(description="Only this account's.")]
