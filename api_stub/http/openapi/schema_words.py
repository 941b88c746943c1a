"""The schemas of the OpenAPI document in words, for people."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from worker.rules.access import KeyScope

Schema = dict[str, Any]

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class RouteField:
    """A parameter of a route, or a field of its body: `options.limit` is a field within `options`.

    `place` is path, query, header or body. `default` is JSON, or empty if there is none.
    """

    name: str
    place: str
    type: str
    default: str
    description: str


def list_fields(document: Schema, operation: Schema) -> Iterator[RouteField]:
    """Yield the parameters of a route, then the fields of its JSON body.

    If the body has one of several forms, a field's description begins with the forms that have it.
    """
    for each in operation.get("parameters", ()):
        required = each["required"] and each["in"] != "path"
        # an address can't hold a null
        kinds = [kind for kind in each["schema"].get("anyOf", ()) if kind != {"type": "null"}]
        schema = {**each["schema"], "anyOf": kinds} if kinds else each["schema"]
        described = {"description": each.get("description", ""), "x-required": required}
        yield _describe(document, each["name"], each["in"], {**schema, **described})
    content = operation.get("requestBody", {}).get("content", {})
    if JSON_TYPE in content:
        for name, schema in _list_body_fields(document, content[JSON_TYPE]["schema"]):
            yield _describe(document, name, "body", schema)


def _describe(document: Schema, name: str, place: str, schema: Schema) -> RouteField:
    kind = describe_type(document, schema) + (", required" if schema.get("x-required") else "")
    default = schema.get("default")
    return RouteField(
        name,
        place,
        kind,
        default="" if default is None else json.dumps(default, ensure_ascii=False),
        description=schema.get("description", ""),
    )


def _list_body_fields(document: Schema, schema: Schema) -> Iterator[tuple[str, Schema]]:
    schema = _resolve(document, schema)
    if "discriminator" in schema:
        yield from _list_body_forms(document, schema)
        return
    for name, field in schema.get("properties", {}).items():
        within = _resolve(document, field)
        if "properties" in within:
            yield from ((f"{name}.{inner}", each) for inner, each in _list_body_fields(document, within))
        else:
            required = name in schema.get("required", ())
            yield name, {**field, "x-required": required}


def _list_body_forms(document: Schema, schema: Schema) -> Iterator[tuple[str, Schema]]:
    chooser = schema["discriminator"]["propertyName"]
    forms = {
        form: dict(_list_body_fields(document, {"$ref": place}))
        for form, place in schema["discriminator"]["mapping"].items()
    }
    yield chooser, {"enum": [*forms], "x-required": True}
    by_field: dict[tuple[str, str], list[str]] = {}
    for form, fields in forms.items():
        for name, field in fields.items():
            if name != chooser:
                by_field.setdefault((name, json.dumps(field, sort_keys=True)), []).append(form)
    for (name, shared), having in by_field.items():
        described = json.loads(shared)
        if len(having) < len(forms):
            only = ", ".join(f"`{form}`" for form in having)
            described["description"] = f"{only} only: {described.get('description', '')}"
        yield name, described


def find_scope(operation: Schema) -> KeyScope:
    """Return the scope that a route below /v1 needs."""
    return KeyScope(next(iter(operation["security"][0].values()))[0])


def list_examples(operation: Schema) -> Iterator[tuple[str, str]]:
    """Yield the examples of a route's body and of its answers, except problems: a title and JSON."""
    holders = {"Body": operation.get("requestBody", {})}
    holders |= {f"Answer {status}": answer for status, answer in operation["responses"].items()}
    for title, holder in holders.items():
        content = holder.get("content", {}).get(JSON_TYPE, {})
        if "example" in content:
            yield title, json.dumps(content["example"], indent=2, ensure_ascii=False)


def _resolve(document: Schema, schema: Schema) -> Schema:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Schema = document["components"]["schemas"][name] if name else schema
    return found


def describe_type(document: Schema, schema: Schema) -> str:
    """Return a short description of a field's type and bounds, with values between backticks."""
    schema = {**_resolve(document, schema), **schema}
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(describe_type(document, each) for each in schema["anyOf"]))
    if "enum" in schema:
        return _describe_values(schema["enum"])
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    text = str(schema.get("type", "any JSON"))
    if text == "array":
        item = describe_type(document, schema.get("items", {}))
        text = f"list of ({item})" if ", " in item else f"list of {item}"
    return ", ".join([text, *_describe_bounds(schema)])


def _describe_values(values: list[Any]) -> str:
    shown = [f"`{value}`" for value in values]
    if len(shown) > _MAX_VALUES:
        return f"one of {len(shown)} names, such as {shown[0]}"
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if shown[1:] else shown)


def _describe_bounds(schema: Schema) -> Iterator[str]:
    for low, high, unit in _RANGES:
        least, most = schema.get(low), schema.get(high)
        if least is not None and most is not None and most < _NO_LIMIT:
            yield f"{least:g} to {most:.15g}{unit}"
        elif least is not None:
            yield f"at least {least:g}{unit}"
        elif most is not None:
            yield f"at most {most:.15g}{unit}"
    pattern = str(schema.get("pattern", ""))
    if pattern and len(pattern) <= _MAX_PATTERN and not pattern.startswith("^[^"):
        yield f"of the form `{pattern}`"


_FORMATS = {"date-time": "an instant", "date": "a day", "uuid": "a UUID"}

_RANGES = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
)

_NO_LIMIT = 2**63 - 1
"""The largest integer of Postgres."""

_MAX_PATTERN = 70
"""Longer patterns list ranges of Unicode. Those that begin with `^[^` only refuse control characters."""

_MAX_VALUES = 25
