"""Values of which it is evident that a JSON Schema has nothing against them: nearly all that come, and told at once.

The library makes an object for every schema within a schema each time that it judges: a tenth of what a submit costs.
What is not evident, since a word is not known here or the value is of an unusual kind, is left to the library, which
also says what is wrong. So this may know less than it does, and never more; a test holds the two against each other.
"""

import re
from collections.abc import Callable
from typing import Any

#: Whether a value is evidently right; False says nothing.
Evident = Callable[[Any], bool]
Schema = dict[str, Any]

#: Words that ask for nothing.
_SAID_ONLY = frozenset({"title", "description", "default", "examples", "deprecated", "$comment", "$defs"})


def evident(schema: Schema | bool) -> Evident:
    """What tells so for *schema*."""
    if not isinstance(schema, dict):
        return _always if schema else _never
    words = schema.keys() - _SAID_ONLY
    if not words:
        return _always
    kind, checks = schema.get("type"), _CHECKS
    if not isinstance(kind, str) or kind not in checks:
        return _any_of(schema["anyOf"]) if words == {"anyOf"} else _never
    known, make = checks[kind]
    return make(schema) if words <= known | {"type"} else _never


def _always(_: Any) -> bool:
    return True


def _never(_: Any) -> bool:
    return False


def _any_of(schemas: list[Schema]) -> Evident:
    each = [evident(schema) for schema in schemas]
    return lambda value: any(right(value) for right in each)


def _object(schema: Schema) -> Evident:
    named = {name: evident(inner) for name, inner in schema.get("properties", {}).items()}
    others, names = evident(schema.get("additionalProperties", True)), evident(schema.get("propertyNames", True))
    required, most = set(schema.get("required", ())), schema.get("maxProperties", float("inf"))

    def right(value: Any) -> bool:
        if type(value) is not dict or len(value) > most or not required <= value.keys():
            return False
        return all(named.get(name, others)(inner) and names(name) for name, inner in value.items())

    return right


def _array(schema: Schema) -> Evident:
    items, least, most = evident(schema.get("items", True)), *_bounds(schema, "Items")

    def right(value: Any) -> bool:
        return type(value) is list and least <= len(value) <= most and all(items(inner) for inner in value)

    return right


def _string(schema: Schema) -> Evident:
    least, most = _bounds(schema, "Length")
    matches = re.compile(schema.get("pattern", "")).search
    #: None stands for all there are.
    enum, const = schema.get("enum"), [schema["const"]] if "const" in schema else None

    def right(value: Any) -> bool:
        if type(value) is not str or not least <= len(value) <= most or matches(value) is None:
            return False
        return (enum is None or value in enum) and (const is None or value in const)

    return right


def _number(schema: Schema) -> Evident:
    low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    above, below = schema.get("exclusiveMinimum", float("-inf")), schema.get("exclusiveMaximum", float("inf"))
    kinds = (int,) if schema["type"] == "integer" else (int, float)
    return lambda value: type(value) in kinds and low <= value <= high and above < value < below


def _bounds(schema: Schema, of: str) -> tuple[float, float]:
    return schema.get(f"min{of}", 0), schema.get(f"max{of}", float("inf"))


_RANGE = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
#: By type: the words that are known of it, and what makes of a schema with no others what tells so.
_CHECKS: dict[str, tuple[frozenset[str], Callable[[Schema], Evident]]] = {
    "object": (
        frozenset({"properties", "required", "additionalProperties", "propertyNames", "maxProperties"}),
        _object,
    ),
    "array": (frozenset({"items", "minItems", "maxItems"}), _array),
    "string": (frozenset({"minLength", "maxLength", "pattern", "enum", "const"}), _string),
    "integer": (_RANGE, _number),
    "number": (_RANGE, _number),
    "boolean": (frozenset(), lambda _: lambda value: type(value) is bool),
    "null": (frozenset(), lambda _: lambda value: value is None),
}
