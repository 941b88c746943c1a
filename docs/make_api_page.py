"""Writes the routes in docs/api.md from the OpenAPI document.

`.venv/bin/python docs/make_api_page.py` changes what stands between the two comments of the page.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from api_stub.http.app import create_app
from api_stub.http.faults import FAULTS
from api_stub.http.openapi.schema_words import JSON_TYPE, RouteField, find_scope, list_fields
from worker.settings import Settings

PAGE = Path(__file__).parent / "api.md"
_ROUTES = re.compile(r"(?<=<!-- made by make_api_page.py -->\n).*(?=<!-- end -->)", re.DOTALL)
_EVERYWHERE = frozenset({400, 401, 408, 413, 414, 415, 421, 429, 431, 503})
"""Statuses that every route may answer; the page lists them once."""

Json = dict[str, Any]


def fill_routes(page: str) -> str:
    """Return the page with the routes and the types of problems as the code says now."""
    document = create_app(Settings.model_construct(console=False)).openapi()
    by_tag: Mapping[str, list[str]] = defaultdict(list)
    for path, verbs in document["paths"].items():
        for method, operation in verbs.items():
            if path.startswith("/v1/"):
                by_tag[operation["tags"][0]].append("\n".join(_route(document, method, path, operation)))
    sections = [f"## {tag.capitalize()}\n\n" + "\n\n".join(by_tag[tag]) for tag in sorted(by_tag)]
    made = "\n" + "\n\n".join([*sections, _problems()]) + "\n\n"
    filled, count = _ROUTES.subn(lambda _: made, page)
    if count != 1:
        raise ValueError(f"{PAGE.name} must have the two comments that the routes stand between, once")
    return filled


def _route(document: Json, method: str, path: str, operation: Json) -> Iterator[str]:
    yield f"### `{method.upper()} {path}`\n"
    yield f"{operation['description']} Scope: `{find_scope(operation)}`.\n"
    # the introduction says for all routes what they take in headers
    fields = [each for each in list_fields(document, operation) if each.place != "header"]
    if fields:
        yield "| field | in | type | what |\n|---|---|---|---|"
        yield from map(_row, fields)
        yield ""
    yield f"```sh\n{_call(method, path, operation)}\n```\n"
    for status, answer in operation["responses"].items():
        if status < "400":
            yield from _answer(status, answer)
    refusals = [
        f"`{name}` ({status})"
        for status, answer in operation["responses"].items()
        if status >= "400" and int(status) not in _EVERYWHERE
        for content in answer.get("content", {}).values()
        for name in content.get("examples", {})
    ]
    if refusals:
        yield f"Refuses with {', '.join(refusals)}."


def _row(field: RouteField) -> str:
    default = f" Default: `{field.default}`." if field.default else ""
    cells = (f"`{field.name}`", field.place, field.type, field.description + default)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _call(method: str, path: str, operation: Json) -> str:
    parameters = operation.get("parameters", ())
    values = {
        each["name"]: quote(str(each["example"]), safe="") for each in parameters if each["in"] == "path"
    }
    required = {
        each["name"]: each["example"] for each in parameters if each["in"] == "query" and each["required"]
    }
    address = path.format_map(values) + (f"?{urlencode(required)}" if required else "")
    command = "curl" if method == "get" else f"curl -X {method.upper()}"
    call = f'{command} "$API{address}" -H "X-API-Key: $API_KEY"'
    for each in parameters:
        if each["in"] == "header" and each["required"]:
            value = each.get("example", '"ETAG"')
            call += f" -H '{each['name']}: {value}'"
    content = operation.get("requestBody", {}).get("content", {})
    if JSON_TYPE in content:
        body = json.dumps(content[JSON_TYPE]["example"], ensure_ascii=False).replace("'", "'\\''")
        call += f" \\\n  -H 'Content-Type: {JSON_TYPE}' -d '{body}'"
    for kind in content.keys() - {JSON_TYPE}:
        call += f" \\\n  -H 'Content-Type: {kind}' --data-binary @FILE"
    return call


def _answer(status: str, answer: Json) -> Iterator[str]:
    content = answer.get("content", {}).get(JSON_TYPE)
    if content is None:
        kinds = ", ".join(f"`{kind}`" for kind in answer.get("content", {}))
        yield f"Answers {status}: {kinds or 'nothing'}.\n"
        return
    yield f"Answers {status}:\n"
    yield f"```json\n{json.dumps(content['example'], indent=2, ensure_ascii=False)}\n```\n"


def _problems() -> str:
    rows = [
        f"| `{kind}` | {fault.status} | {fault.title}. | {fault.remedy} |"
        for kind, fault in sorted(FAULTS.items())
    ]
    return "\n".join(
        ["## Types of problems\n", "| type | status | what | what to do |", "|---|---|---|---|", *rows]
    )


if __name__ == "__main__":
    PAGE.write_text(fill_routes(PAGE.read_text()))
