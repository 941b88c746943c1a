"""The /docs page. It is rendered on the server and loads no other resource."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, h2 { font-family: ui-monospace, monospace; }
h2 { font-size: 1rem; border-top: 1px solid #888; padding-top: 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }
"""
_POLICY = (
    "default-src 'none'; style-src 'sha256-"
    f"{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@router.get("/docs")
async def page(request: Request) -> HTMLResponse:
    """Return the routes with their fields and responses from /openapi.json."""
    html = _template().render(
        document=request.app.openapi(), style=_STYLE, fields=_fields, kind=_describe_type
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    source = Path(__file__).with_name("docs.html").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)


def _fields(document: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a request's body."""
    schema = body["content"]["application/json"]["schema"]
    fields: dict[str, Any] = _resolve(document, schema).get("properties", {})
    return fields


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def _describe_type(schema: dict[str, Any]) -> str:
    """Return a short description of a field's type and bounds."""
    if "anyOf" in schema:
        return " or ".join(_describe_type(each) for each in schema["anyOf"])
    text = str(schema.get("$ref", "").rpartition("/")[2] or schema.get("type", "any"))
    if text == "array":
        text = f"list of {_describe_type(schema.get('items', {}))}"
    bounds = [f"{word} {schema[name]}" for name, word in _BOUNDS.items() if _is_short(schema.get(name))]
    return ", ".join([text, *bounds])


def _is_short(bound: object) -> bool:
    """Return whether a bound is short enough for people; some patterns list ranges of Unicode."""
    return bound is not None and len(str(bound)) <= _MAX_BOUND_CHARACTERS


_MAX_BOUND_CHARACTERS = 120

_BOUNDS = {
    "format": "", "pattern": "like", "enum": "one of", "minimum": "from", "maximum": "to",
    "minLength": "from length", "maxLength": "to length", "maxItems": "at most",
}  # fmt: skip
