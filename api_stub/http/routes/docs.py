"""The pages /docs and /problems/<slug>. They are rendered on the server and load no other resource."""

import base64
import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path

import jinja2
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from api_stub.http.faults import FAULTS, Fault, FaultType, type_reference
from api_stub.http.openapi.document import problem_example
from api_stub.http.openapi.schema_words import find_scope, list_examples, list_fields

router = APIRouter(include_in_schema=False)

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, h2 { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
h2 { font-size: 1rem; border-top: 1px solid #888; padding-top: 1rem; }
pre { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; overflow-wrap: anywhere; padding: .2rem .6rem .2rem 0; }
"""
_POLICY = (
    "default-src 'none'; style-src 'sha256-"
    f"{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@router.get("/docs")
async def page(request: Request) -> HTMLResponse:
    """Return the routes with their fields and responses from /openapi.json."""
    return _render(
        "docs.html",
        document=request.app.openapi(),
        fields=list_fields,
        scope=find_scope,
        examples=list_examples,
    )


@router.get("/problems/{slug}")
async def show_problem(slug: str) -> HTMLResponse:
    """Return the page of a type of problem, which its problem documents name."""
    kind = next((each for each in FaultType if each == slug), None)
    if kind is None:
        raise Fault(FaultType.NOT_FOUND, "there is no such type of problem")
    return _render(
        "problem.html",
        type=type_reference(kind),
        kind=FAULTS[kind],
        example=json.dumps(problem_example(kind), indent=2),
    )


def _render(template: str, **values: object) -> HTMLResponse:
    html = _templates().get_template(template).render(style=_STYLE, **values)
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    templates = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    templates.filters["code"] = _mark_code
    return templates


def _mark_code(text: str) -> Markup:
    """Return the text as HTML, with what is between backticks as code."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 -- it is escaped
