"""Render pages, and go on to one after a change."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import jinja2
from babel import Locale, dates, numbers
from babel.support import NullTranslations
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from api_stub.console import i18n, static
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import CSRF_FIELD
from api_stub.console.paths import find_section
from api_stub.console.public_address import PublicAddress, find_public_address
from api_stub.console.session import SignedIn
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from worker.errors import Reason
from worker.rules.texts.characters import sanitise_line, sanitise_text
from worker.rules.wording.reasons import describe_reason
from worker.settings import Settings


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated where it is shown."""
    return text


_NAVIGATION: Final = (
    ("/", _("Today")),
    ("/review", _("Approve")),
    ("/people", _("People")),
    ("/campaigns", _("Campaigns")),
)
_MORE_NAVIGATION: Final = (
    ("/quota", _("Quota")),
    ("/calendar", _("Calendar")),
    ("/templates", _("Templates")),
    ("/schedules", _("Schedules")),
    ("/searches", _("Searches")),
    ("/imports", _("Imports")),
    ("/doubts", _("Doubts")),
    ("/setup", _("Set-up")),
    ("/ops", _("Operations")),
)
_LEAP_YEAR: Final = 2000
_SAID_COOKIE: Final = "rapport_said"
_MOST_SAID_CHARACTERS: Final = 600
"""Of four bytes each at most; browsers refuse a cookie of more than 4096."""


def render(
    request: Request, viewer: SignedIn | None, template: str, *, status: int = 200, **values: object
) -> HTMLResponse:
    """Return a page. `viewer` is None on pages for those who haven't signed in."""
    locale = viewer.locale if viewer else i18n.choose_locale(request.headers.get("accept-language", ""))
    said = _read_said(request)
    html = (
        _load_environment(locale)
        .get_template(template)
        .render(
            viewer=viewer,
            csrf=_csrf_field(viewer),
            locale=locale,
            request_section=find_section(request.scope["path"]),
            navigation=_list_navigation(locale, _NAVIGATION),
            more_navigation=_list_navigation(locale, _MORE_NAVIGATION),
            said=said,
            url=_prefixing(request),
            asset=lambda name: _prefixing(request)(static.find_address(name)),
            **values,
        )
    )
    response = HTMLResponse(html, status_code=status)
    if said:
        forget = _find_address(request).format_cookie(_SAID_COOKIE, "", seconds=0)
        response.headers.append("Set-Cookie", forget)
    return response


def done(request: Request, viewer: SignedIn, path: str, message: str) -> Response:
    """Return the answer to a change: go to `path`, which says `message` once, if there is one."""
    response = RedirectResponse(find_prefix(request) + path, status_code=303)
    if not message:
        return response
    said = base64.urlsafe_b64encode(message[:_MOST_SAID_CHARACTERS].encode()).decode()
    kept = _find_address(request).format_cookie(_SAID_COOKIE, said, seconds=60)
    response.headers.append("Set-Cookie", kept)
    return response


def choose_account(
    session: Session, request: Request
) -> tuple[AccountRecord | None, Sequence[AccountRecord]]:
    """Return the account that `?account=` names, else the first, and all accounts; None without any.

    Raises UnknownPageError for a name that no account has.
    """
    everybody = accounts.list_accounts(session)
    wanted = request.query_params.get("account")
    if wanted is None:
        return (everybody[0] if everybody else None), everybody
    chosen = next((each for each in everybody if each.name == wanted), None)
    if chosen is None:
        raise UnknownPageError
    return chosen, everybody


def say(viewer: SignedIn, text: str, **values: object) -> str:
    """Return a text in the viewer's language, with its values on one line."""
    shown = {key: sanitise_line(each) if isinstance(each, str) else each for key, each in values.items()}
    translated = translate(viewer).gettext(text)
    return translated % shown if values else translated


def translate(viewer: SignedIn) -> NullTranslations:
    """Return the texts in the user's language, with `gettext` and `ngettext`."""
    return i18n.load_texts(viewer.locale)


def find_prefix(request: Request) -> str:
    """Return the path below which a proxy serves the console, without a slash at its end."""
    return _find_address(request).prefix


def _find_address(request: Request) -> PublicAddress:
    settings: Settings = request.app.state.settings
    return find_public_address(settings)


def _list_navigation(locale: str, pages: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    texts = i18n.load_texts(locale)
    return [(path, texts.gettext(label)) for path, label in pages]


def _prefixing(request: Request) -> Callable[[str], str]:
    prefix = find_prefix(request)
    return lambda path: prefix + path


def _csrf_field(viewer: SignedIn | None) -> Markup:
    if viewer is None:
        return Markup()
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, viewer.tokens.issue())


def _read_said(request: Request) -> str:
    """Return the message of the change before this page. It is text, whoever wrote the cookie."""
    given = request.cookies.get(_find_address(request).name_cookie(_SAID_COOKIE), "")
    try:
        said = base64.urlsafe_b64decode(given).decode()
    except ValueError:
        return ""
    return sanitise_line(said)[:_MOST_SAID_CHARACTERS]


@cache
def _load_environment(locale: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("api_stub.console"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    texts = i18n.load_texts(locale)
    vars(environment)["install_gettext_callables"](texts.gettext, texts.ngettext, newstyle=True)
    environment.filters |= _filters(locale)
    return environment


def _filters(locale: str) -> Mapping[str, Callable[..., Any]]:
    texts = i18n.load_texts(locale)

    def time(instant: datetime, zone: ZoneInfo) -> Markup:
        local = instant.astimezone(zone)
        shown = dates.format_time(local, "HH:mm", locale=i18n.FORMATS[locale])
        return Markup('<time datetime="{}">{}</time>').format(local.isoformat(timespec="seconds"), shown)

    def moment(instant: datetime, zone: ZoneInfo) -> Markup:
        local = instant.astimezone(zone)
        shown = f"{dates.format_skeleton('MMMd', local, locale=i18n.FORMATS[locale])}, {local:%H:%M}"
        return Markup('<time datetime="{}">{}</time>').format(local.isoformat(timespec="seconds"), shown)

    def day(on: date) -> Markup:
        shown = dates.format_skeleton("MMMMd", on, locale=i18n.FORMATS[locale])
        return Markup('<time datetime="{}">{}</time>').format(on.isoformat(), shown)

    def birthday(given: tuple[int, int, int | None]) -> str:
        month, day_of_month, year = given
        on = date(_LEAP_YEAR, month, day_of_month)
        shown = dates.format_skeleton("MMMMd", on, locale=i18n.FORMATS[locale])
        return f"{shown} {year}" if year else shown

    def language(code: str) -> str:
        return sanitise_line(Locale.parse(locale).languages.get(code) or code)

    def reason(code: Reason) -> str:
        return texts.gettext(describe_reason(code))

    return {
        "line": sanitise_line,
        "text": sanitise_text,
        "address": lambda address: sanitise_line(unquote(address)),
        "time": time,
        "moment": moment,
        "day": day,
        "birthday": birthday,
        "language": language,
        "number": lambda value: numbers.format_decimal(value, locale=i18n.FORMATS[locale]),
        "reason": reason,
    }
