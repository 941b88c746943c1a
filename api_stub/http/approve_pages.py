"""Render the pages of a link to approve with: no script, nothing fetched, readable on a phone."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import jinja2
from fastapi.responses import HTMLResponse

from db.store.actions.review.approval import SeenProposal, describe_refusal
from db.store.actions.review.approval_links import LinkRecord
from worker.rules.texts.characters import sanitise_line, sanitise_text

_STYLE: Final = Path(__file__).with_name("approve.css").read_text(encoding="utf-8")
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'sha256-"
        f"{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Cache-Control and Referrer-Policy are set on every response (request_context.py)."""


def render_proposals(link: LinkRecord, proposals: Sequence[SeenProposal], *, seal: str) -> HTMLResponse:
    """Return the page that shows what the link may approve, and what it may not any more."""
    return _render(
        200,
        link=link,
        shown=[each for each in proposals if each.refusal is None],
        others=[
            (each.contact, describe_refusal(each.refusal)) for each in proposals if each.refusal is not None
        ],
        seal=seal,
    )


def render_answer(approved: Sequence[str], refused: Sequence[tuple[str, str]]) -> HTMLResponse:
    """Return the page after a press: who was approved, and who was not and why."""
    return _render(200, approved=approved, others=refused)


def render_closed(status: int, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """Return the page of a link that can't be used, which doesn't say why."""
    return _render(status, headers)


def _render(status: int, headers: Mapping[str, str] | None = None, **values: object) -> HTMLResponse:
    html = _load_template().render(style=_STYLE, status=status, **values)
    return HTMLResponse(html, status_code=status, headers={**_HEADERS, **(headers or {})})


@cache
def _load_template() -> jinja2.Template:
    source = Path(__file__).with_name("approve.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "line": sanitise_line,
        "text": sanitise_text,
        "address": lambda url: sanitise_line(unquote(url)),
    }
    return environment.from_string(source)
