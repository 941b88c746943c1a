"""The routes below /v1 that replace the old ones, which stay and say so (RFC 9745, RFC 8288)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, quote

from starlette.routing import compile_path
from starlette.types import Scope

SUCCESSORS: Final[Mapping[str, str]] = {
    "/control/birthday": "/v1/campaigns",
    "/control/visitor": "/v1/campaigns",
    "/control/sourcing": "/v1/campaigns",
    "/control/invitations": "/v1/campaigns",
    "/control/campaigns": "/v1/campaigns",
    "/control/campaigns/{campaign_id}": "/v1/campaigns/{campaign_id}",
    "/control/campaigns/{campaign_id}/pause": "/v1/campaigns/{campaign_id}/pause",
    "/control/campaigns/{campaign_id}/resume": "/v1/campaigns/{campaign_id}/resume",
    "/control/campaigns/{campaign_id}/cancel": "/v1/campaigns/{campaign_id}/cancel",
    "/control/campaigns/{campaign_id}/approve": "/v1/proposals/approve",
    "/control/proposals": "/v1/proposals",
    "/control/actions/{action_id}/approve": "/v1/proposals/{action_id}/approve",
    "/control/actions/{action_id}/edit": "/v1/proposals/{action_id}/edit",
    "/control/actions/{action_id}/drop": "/v1/proposals/{action_id}/drop",
    "/control/actions/{action_id}/never": "/v1/proposals/{action_id}/never",
    "/control/kill-switch": "/v1/kill-switch",
    "/data/contacts": "/v1/contacts",
    "/data/interactions": "/v1/interactions",
    "/data/actions": "/v1/actions",
    "/data/quota": "/v1/accounts/{account}/quota",
    "/data/forecast": "/v1/accounts/{account}/forecast",
    "/data/summary": "/v1/accounts/{account}/summary",
}
"""By the template of an old route. A parameter is in the path or in the query of the old one."""

DEPRECATED_AT: Final = "@1795910400"
"""2026-11-29: the day on which /v1 was whole, as a structured date (RFC 9651)."""


def build_headers(template: str, scope: Scope) -> Mapping[str, str]:
    """Return the headers that an answer of an old route has besides its own; none for another route."""
    successor = SUCCESSORS.get(template)
    if successor is None:
        return {}
    target = _fill(successor, template, scope)
    link = {"Link": f'<{target}>; rel="successor-version"'} if target else {}
    return {"Deprecation": DEPRECATED_AT, **link}


def _fill(successor: str, template: str, scope: Scope) -> str | None:
    """Return the address of the successor; None if the request lacks a parameter of it."""
    found = compile_path(template)[0].match(scope["path"])
    query = parse_qs(scope["query_string"].decode("latin-1"))
    values = {name: each[-1] for name, each in query.items()} | (found.groupdict() if found else {})
    try:
        return successor.format_map({name: quote(value, safe="") for name, value in values.items()})
    except KeyError:
        return None
