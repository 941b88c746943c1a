"""Add an example to each body of the OpenAPI document, from the examples of its models."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

_REF_PREFIX: Final = "#/components/schemas/"
_NO_EXAMPLE: Final = object()
_SAMPLES: Final = {
    "uuid": "0197a3c4-1f2e-7a55-8c1d-3f6b9e2d4a10",
    "date": "2026-01-31",
    "date-time": "2026-01-31T09:00:00Z",
}
"""By the format of a text."""
_SAMPLES_BY_NAME: Final = {"account": "demo", "name": "lyon-engineers", "who": "ann"}
"""Of parameters, by their names."""
_WORDS_BY_NAME: Final = {"kind": "Of which kind.", "name": "The name of the saved search."}
"""Descriptions of parameters, by their names; any other is an id."""


def add_examples(document: dict[str, Any]) -> None:
    """Give each body and each required parameter that has none an example, if its schema allows to.

    A parameter in a path without a description gets one, too.
    """
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        for example in schema.get("examples", ()):
            _restore_nulls(schemas, schema, example)
    for parameter in _required_parameters(document):
        name = parameter["name"]
        parameter.setdefault("description", _WORDS_BY_NAME.get(name, f"The {name.removesuffix('_id')}'s id."))
        if "example" not in parameter:
            found = _SAMPLES_BY_NAME.get(name, build_example(schemas, parameter["schema"]))
            if found is not _NO_EXAMPLE:
                parameter["example"] = found
    for content in _bodies(document):
        if not content.keys() & {"example", "examples"}:
            found = build_example(schemas, content.get("schema", {}))
            if found is not _NO_EXAMPLE:
                content["example"] = found


def build_example(schemas: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- any JSON
    """Return an example: the schema's own, else one of its parts; `_NO_EXAMPLE` if a part has none."""
    if "$ref" in schema:
        return build_example(schemas, schemas[schema["$ref"].removeprefix(_REF_PREFIX)])
    own = [*schema.get("examples", ()), *_values(schema)]
    if own:
        return own[0]
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        found = (build_example(schemas, each) for each in choices)
        return next((each for each in found if each is not _NO_EXAMPLE), _NO_EXAMPLE)
    if "properties" in schema:
        parts = {name: build_example(schemas, each) for name, each in schema["properties"].items()}
        return _NO_EXAMPLE if _NO_EXAMPLE in parts.values() else parts
    if schema.get("type") == "array":
        item = build_example(schemas, schema.get("items", {}))
        return _NO_EXAMPLE if item is _NO_EXAMPLE else [item]
    return _NO_EXAMPLE


def _restore_nulls(schemas: Mapping[str, Any], schema: Mapping[str, Any], example: Any) -> None:  # noqa: ANN401 -- any JSON
    """Put the nulls of required fields back into an example: FastAPI removes them from its document."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].removeprefix(_REF_PREFIX)]
    for choice in schema.get("anyOf", ()):
        _restore_nulls(schemas, choice, example)
    if isinstance(example, list):
        for item in example:
            _restore_nulls(schemas, schema.get("items", {}), item)
    if not isinstance(example, dict):
        return
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name in schema.get("required", ()):
        if {"type": "null"} in properties[name].get("anyOf", ()):
            example.setdefault(name, None)
    for name, value in example.items():
        part = properties.get(name, others)
        if isinstance(part, Mapping):
            _restore_nulls(schemas, part, value)


def _values(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values that a schema names without calling them examples."""
    yield from schema.get("enum", ())
    yield from (schema[name] for name in ("const", "default") if name in schema)
    if schema.get("type") == "null":
        yield None
    if schema.get("type") == "boolean":
        yield False
    if schema.get("format") in _SAMPLES:
        yield _SAMPLES[schema["format"]]
    if schema.get("type") == "integer":
        yield schema.get("minimum", 0)


def _bodies(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
                yield from holder.get("content", {}).values()


def _required_parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from (
                each
                for each in operation.get("parameters", ())
                if each["in"] == "path" or (each["in"] == "query" and each["required"])
            )
