"""Examples for the description of the API, made of its schemas: what a field has for an example, and the rest by its kind."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

FORMATS: Mapping[str, str] = {
    "uuid": "01930d7c-8f1b-7a5d-8d12-3f0b9a62c71e",
    "date-time": "2027-03-01T08:00:00Z",
    "date": "2027-03-01",
}
DEEPEST = 6
"""A schema may name itself."""


def example_of(schema: Schema, schemas: Mapping[str, Schema], depth: int = 0) -> Any:  # noqa: ANN401 (JSON)
    """A value that the schema admits; nothing, where that will do and no example says otherwise."""
    for given in (*schema.get("examples", ())[:1], *_values(schema)):
        return given
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth)
    several = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    if any(one.get("type") == "null" for one in several):
        return next((one["examples"][0] for one in several if one.get("examples")), None)
    return (
        _of_a_type(schema, schemas, depth)
        if not several
        else example_of(several[0], schemas, depth)
    )


def _values(schema: Schema) -> list[Any]:
    """Those that it names."""
    return [
        *([schema["default"]] if "default" in schema else ()),
        *([schema["const"]] if "const" in schema else ()),
        *schema.get("enum", ()),
    ]


def _of_a_type(schema: Schema, schemas: Mapping[str, Schema], depth: int) -> Any:  # noqa: ANN401 (JSON)
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {}) if depth < DEEPEST else {}
            return {name: example_of(one, schemas, depth + 1) for name, one in members.items()}
        case "array":
            items = schema.get("items", {})
            return [] if depth >= DEEPEST else [example_of(items, schemas, depth + 1)]
        case "boolean":
            return False
        case "integer" | "number":
            return int(schema.get("minimum", 1))
        case "string":
            return FORMATS.get(schema.get("format", ""), f"{schema.get('title', 'Text')} 1")
    return None
