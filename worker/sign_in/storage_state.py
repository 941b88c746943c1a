"""Read, reduce and describe a storage state: a browser's cookies, local storage and IndexedDB as JSON."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from worker.errors import RequestRefusedError
from worker.rules.sites.registry import SITES

MAX_BYTES: Final = 5_000_000
"""A LinkedIn session is some 100 kB. Sites may fill local storage, up to 5 MB of characters."""
_SAME_SITE: Final = {"strict": "Strict", "lax": "Lax"}

_Text = Annotated[str, Field(max_length=65_536)]


class _Part(BaseModel):
    """`hide_input_in_errors`: the values are secrets."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class _Cookie(_Part):
    """A cookie in Playwright's form, or in that of the extensions that export cookies as a list."""

    name: str = Field(min_length=1, max_length=4096)
    value: _Text
    domain: str = Field(min_length=1, max_length=255)
    path: str = Field("/", max_length=4096)
    expires: float = Field(
        -1, validation_alias=AliasChoices("expires", "expirationDate"), le=1e11, allow_inf_nan=False
    )
    http_only: bool = Field(False, alias="httpOnly")
    secure: bool = False
    same_site: str | None = Field(None, alias="sameSite", max_length=20)


class _Item(_Part):
    name: _Text
    value: str = Field(max_length=MAX_BYTES)


class _Origin(_Part):
    origin: str = Field(max_length=300, pattern=r"^https?://[^/\s]+$")
    local_storage: list[_Item] = Field(default=[], alias="localStorage")
    indexed_db: list[dict[str, Any]] = Field(default=[], alias="indexedDB", max_length=100)


class _State(_Part):
    cookies: list[_Cookie] = Field(max_length=3000)
    origins: list[_Origin] = Field(default=[], max_length=300)


_COOKIES: Final = TypeAdapter(Annotated[list[_Cookie], Field(min_length=1, max_length=3000)])


def own_hosts(site: str, address: str) -> Callable[[str], bool]:
    """Return whether a host belongs to `site`, whose pages are below `address`, as a predicate."""
    pattern, host = SITES[site].hosts, urlsplit(address).hostname
    return lambda name: pattern.fullmatch(name) is not None or name == host


def keep_own(state: str, is_own: Callable[[str], bool]) -> str:
    """Return the storage state with the site's own cookies and origins only.

    A sign-in through another site leaves cookies of that site too, which are not needed.
    """
    given = json.loads(state)
    return json.dumps(
        {
            "cookies": [each for each in given["cookies"] if is_own(each["domain"].lstrip(".").lower())],
            "origins": [each for each in given["origins"] if is_own(_host_of(each["origin"]))],
        }
    )


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:  # such as an IPv6 address that never ends
        return ""


def find_expiry(state: str, cookie: str | None) -> datetime | None:
    """Return when the first cookie of this name expires; None if that isn't known.

    The site may end a session earlier.
    """
    expiries = [
        each["expires"]
        for each in json.loads(state)["cookies"]
        if each["name"] == cookie and each["expires"] > 0
    ]
    return datetime.fromtimestamp(min(expiries), UTC) if expiries else None


def parse_export(data: bytes, is_own: Callable[[str], bool]) -> str:
    """Return the storage state that a signed-in browser exported, reduced to the site's own part.

    Accepts Playwright's storage state, and a list of cookies as browser extensions export it. Raises
    RequestRefusedError, without values, for anything else and for a state without cookies of the site.
    """
    if len(data) > MAX_BYTES:
        raise RequestRefusedError(
            f"the file has more than {MAX_BYTES // 1_000_000} MB: a session is far smaller"
        )
    try:
        state = _parse(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise RequestRefusedError(
            f"the file is no session: {f'{where}: ' if where else ''}{first['msg']}. It must be Playwright's "
            "storage state, or a list of cookies as JSON, as browser extensions export it"
        ) from None
    own = keep_own(json.dumps(state), is_own)
    if not json.loads(own)["cookies"]:
        raise RequestRefusedError(
            "the file has no cookie of the account's site: export it from a browser window that is signed in "
            "to that site"
        )
    return own


def _parse(data: bytes) -> dict[str, Any]:
    """Return the state in Playwright's form. Raises ValidationError."""
    if data.lstrip().startswith(b"["):
        return {"cookies": [_dump_cookie(each) for each in _COOKIES.validate_json(data)], "origins": []}
    given = _State.model_validate_json(data)
    return {
        "cookies": [_dump_cookie(each) for each in given.cookies],
        "origins": [each.model_dump(by_alias=True) for each in given.origins],
    }


def _dump_cookie(cookie: _Cookie) -> dict[str, Any]:
    # Extensions write "no_restriction" and "unspecified". Chromium refuses None without `secure`, and uses
    # Lax by default.
    lenient = (
        "None" if cookie.secure and (cookie.same_site or "").lower() in {"none", "no_restriction"} else "Lax"
    )
    return {
        "name": cookie.name,
        "value": cookie.value,
        "domain": cookie.domain,
        "path": cookie.path,
        "expires": cookie.expires if cookie.expires > 0 else -1,
        "httpOnly": cookie.http_only,
        "secure": cookie.secure,
        "sameSite": _SAME_SITE.get((cookie.same_site or "").lower(), lenient),
    }
