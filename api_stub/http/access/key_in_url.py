"""Refuse a key in an address: proxies, browsers and logs store addresses."""

import re
from typing import Final
from urllib.parse import unquote_plus

from starlette.types import Scope

from api_stub.http.faults import FaultType
from api_stub.http.limits.request_limits import RequestRejected
from api_stub.http.problems import problem_response
from worker.rules.api_keys import KEY_MARK, PUBLIC_ID_FORM

_PARAMETERS: Final = frozenset({"api_key", "api-key", "apikey", "x-api-key", "x_api_key", "access_token"})
_NAMED_KEY: Final = re.compile(rf"{KEY_MARK}{PUBLIC_ID_FORM}_")
_DETAIL: Final = (
    "a key came in the address, where proxies and browsers store it: send it in the X-API-Key header, and "
    "replace it, because others may have read it (`rapport keys rotate NAME --now`)"
)


def check_no_key_in_url(scope: Scope) -> None:
    """Raise RequestRejected if a parameter is named as a key, or a named key is anywhere in the address.

    Whether the text is a right key is not looked at, so nobody can try keys in this way.
    """
    query = scope["query_string"].decode("latin-1")
    names = {unquote_plus(part.partition("=")[0]).lower() for part in query.split("&")}
    if names & _PARAMETERS or _NAMED_KEY.search(unquote_plus(query)) or _NAMED_KEY.search(scope["path"]):
        raise RequestRejected(problem_response(400, _DETAIL, kind=FaultType.KEY_IN_URL))
