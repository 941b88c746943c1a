"""Who sends a request, and the scope that a route needs.

The guard has found the caller before the request is routed. A route names what it needs by the type of its
parameter, and its caller's name is who did it:

    def pause_account(account: AccountName, caller: ControlCaller, database: AppDatabase) -> AccountOut:
        ...
        audit.record_change(session, by=caller.name, change="account.pause", about=account)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer, SecurityScopes
from fastapi.security.http import HTTPAuthorizationCredentials

from api_stub.http.faults import Fault, FaultType
from worker.rules.access import KeyScope
from worker.rules.api_keys import describe_actor

_INSUFFICIENT: Final = 'Bearer realm="rapport", error="insufficient_scope"'


@dataclass(frozen=True, slots=True)
class Caller:
    """The name of a key, and all that it may do, with the scopes that are implied."""

    name: str
    scopes: frozenset[KeyScope]

    def acting_for(self, by: str | None) -> str:
        """Return whom the records name if the request says for whom it is: the key first, then `by`."""
        return describe_actor(self.name, by)


def require_scopes(caller: Caller, needed: Iterable[str]) -> None:
    """Raise Fault `scope-missing`, 403, if the caller's key lacks a needed scope."""
    missing = sorted(set(needed) - caller.scopes)
    if missing:
        raise Fault(
            FaultType.SCOPE_MISSING,
            f"the key {caller.name!r} lacks the scope {str(missing[0])!r}, which this needs",
            headers={"WWW-Authenticate": f'{_INSUFFICIENT}, scope="{missing[0]}"'},
        )


async def require_caller(
    request: Request,
    needed: SecurityScopes,
    _key: Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))] = None,
    _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))] = None,
) -> Caller:
    """Return the caller. Raises Fault `scope-missing` if its key lacks a scope that the route needs."""
    caller: Caller = request.state.caller
    require_scopes(caller, needed.scopes)
    return caller


ReadCaller = Annotated[Caller, Security(require_caller, scopes=[KeyScope.READ.value])]
ControlCaller = Annotated[Caller, Security(require_caller, scopes=[KeyScope.CONTROL.value])]
ApproveCaller = Annotated[Caller, Security(require_caller, scopes=[KeyScope.APPROVE.value])]
AdminCaller = Annotated[Caller, Security(require_caller, scopes=[KeyScope.ADMIN.value])]
