"""The page on which a user signs in with a password."""

import math
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from pydantic import SecretStr

from api_stub.console.entry.return_path import read_return_path
from api_stub.console.forms import CSRF_FIELD
from api_stub.console.gate import describe_client
from api_stub.console.keys import FormTokens
from api_stub.console.page import render
from api_stub.console.session import find_session_id, find_signed_in
from api_stub.console.state import AppConsole, OpenConsole
from worker import logs
from worker.rules.console.passwords import MOST_CHARACTERS

_COOKIE: Final = "rapport_entry"
_HELD_FOR_S: Final = 86_400
_HELD: Final = re.compile(r"[\w-]{22}", re.ASCII)

log = logs.get_logger(__name__)

router = APIRouter(prefix="/enter", include_in_schema=False)


class _Fault(StrEnum):
    """Why nobody was signed in, as the template knows it."""

    FORM = "form"
    NETWORK = "network"
    CROWDED = "crowded"
    WRONG = "wrong"
    LOCKED = "locked"


_STATUS: Final[Mapping[_Fault, int]] = {
    _Fault.FORM: 400, _Fault.NETWORK: 429, _Fault.CROWDED: 503, _Fault.WRONG: 422, _Fault.LOCKED: 429,
}  # fmt: skip


@router.api_route("", methods=["GET", "HEAD"])
async def show_form(request: Request, console: AppConsole) -> Response:
    """Show the form; go on if there is a session already."""
    wanted = read_return_path(request.query_params.get("next", ""))
    if find_signed_in(request) is not None:
        return RedirectResponse(console.address.prefix + wanted, status_code=303)
    return render_entry(request, console, wanted=wanted)


@router.post("")
async def sign_in(request: Request, console: AppConsole) -> Response:
    """Open a session for the right name and password, and go on to the page that was wanted."""
    form = await _read_form(request)
    wanted, client = read_return_path(form.get("next", "")), describe_client(request)
    name, password = form.get("name", "").strip().lower()[:100], SecretStr(form.get("password", ""))
    wait, token = timedelta(0), None
    if not _is_own_form(request, console, form.get(CSRF_FIELD, "")):
        fault = _Fault.FORM
    elif wait := timedelta(seconds=console.attempts.count(client.address, event="sign_in_attempts")):
        fault = _Fault.NETWORK
    elif console.desk.is_crowded:
        fault = _Fault.CROWDED
    elif len(password) > MOST_CHARACTERS:
        fault = _Fault.WRONG
    else:
        outcome = await console.desk.try_password(name, password, client, find_session_id(request))
        wait, token = outcome.wait, outcome.token
        fault = _Fault.LOCKED if wait else _Fault.WRONG
    if token is None:
        # The name isn't logged: people type passwords there.
        log.warning("sign_in_refused", address=client.address, reason=fault)
        return render_entry(request, console, wanted=wanted, name=name, fault=fault, wait=wait)
    log.info("signed_in", user=name, address=client.address, by="password")
    return go_in(console, token, wanted)


def go_in(console: OpenConsole, token: str, wanted: str) -> Response:
    """Return the answer that gives a browser its new session and goes on to a page."""
    answer = RedirectResponse(console.address.prefix + wanted, status_code=303)
    answer.headers.append("Set-Cookie", console.gate.format_cookie(token))
    answer.headers.append("Set-Cookie", console.address.format_cookie(_COOKIE, "", seconds=0))
    return answer


def render_entry(
    request: Request,
    console: OpenConsole,
    *,
    wanted: str = "/",
    name: str = "",
    fault: _Fault | None = None,
    wait: timedelta = timedelta(0),
    used_link: bool = False,
) -> Response:
    """Return the page with the form, and with why nobody was signed in."""
    held = _read_held(request, console) or secrets.token_urlsafe(16)
    token = FormTokens(console.keys, f"entry {held}").issue()
    answer = render(
        request,
        None,
        "entry/sign_in.html",
        status=410 if used_link else _STATUS[fault] if fault else 200,
        form_token=Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, token),
        wanted=wanted,
        name=name,
        fault=fault,
        used_link=used_link,
        minutes=math.ceil(wait.total_seconds() / 60),
    )
    if wait:
        answer.headers["Retry-After"] = str(math.ceil(wait.total_seconds()))
    answer.headers.append("Set-Cookie", console.address.format_cookie(_COOKIE, held, seconds=_HELD_FOR_S))
    return answer


async def _read_form(request: Request) -> Mapping[str, str]:
    try:
        fields = parse_qs((await request.body()).decode(), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _read_held(request: Request, console: OpenConsole) -> str:
    """Return the value that the form's token belongs to; "" if this browser holds none."""
    held = request.cookies.get(console.address.name_cookie(_COOKIE), "")
    return held if _HELD.fullmatch(held) else ""


def _is_own_form(request: Request, console: OpenConsole, token: str) -> bool:
    """Return whether this browser was given the form, so that nobody signs it in from elsewhere."""
    held = _read_held(request, console)
    return bool(held) and FormTokens(console.keys, f"entry {held}").accepts(token)
