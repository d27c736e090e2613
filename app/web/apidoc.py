"""An OpenAPI document as chapters of operations, ready for a template."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, or one member of a body."""

    name: str
    place: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: its code, what it means and the media types it comes in."""

    code: str
    description: str
    media: list[str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One call: a method on a path."""

    method: str
    path: str
    anchor: str
    summary: str
    description: str
    fields: list[Field]
    body: list[str]
    answers: list[Answer]


@dataclass(frozen=True, slots=True)
class Chapter:
    """The operations of one tag, in the document's order."""

    name: str
    description: str
    operations: list[Operation] = field(default_factory=list)


def chapters(document: dict[str, Any]) -> list[Chapter]:
    """The document's operations by their first tag."""
    told = {tag["name"]: tag.get("description", "") for tag in document.get("tags", [])}
    found: dict[str, Chapter] = {name: Chapter(name, text) for name, text in told.items()}
    for tag, operation in _operations(document):
        found.setdefault(tag, Chapter(tag, "")).operations.append(operation)
    return [chapter for chapter in found.values() if chapter.operations]


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, item in document.get("paths", {}).items():
        shared = item.get("parameters", [])
        for method in METHODS:
            if method in item:
                yield _operation(document, path, method, shared, item[method])


def _operation(
    document: dict[str, Any], path: str, method: str, shared: list[Any], told: dict[str, Any]
) -> tuple[str, Operation]:
    content = _resolve(document, told.get("requestBody", {})).get("content", {})
    named = [_resolve(document, each) for each in [*shared, *told.get("parameters", [])]]
    operation = Operation(
        method=method.upper(),
        path=path,
        anchor=told.get("operationId") or f"{method}-{path.strip('/').replace('/', '-')}",
        summary=told.get("summary", ""),
        description=told.get("description", ""),
        fields=[_parameter(document, each) for each in named] + _members(document, content),
        body=list(content),
        answers=[_answer(document, code, each) for code, each in told.get("responses", {}).items()],
    )
    return (told.get("tags") or ["API"])[0], operation


def _parameter(document: dict[str, Any], told: dict[str, Any]) -> Field:
    schema = _resolve(document, told.get("schema", {}))
    return Field(
        told["name"], told["in"], _kind(document, schema), told.get("required", False), told.get("description", "")
    )


def _members(document: dict[str, Any], content: dict[str, Any]) -> list[Field]:
    schema = _resolve(document, content.get(JSON, {}).get("schema", {}))
    needed = schema.get("required", [])
    members = {name: _resolve(document, each) for name, each in schema.get("properties", {}).items()}
    return [
        Field(name, "body", _kind(document, each), name in needed, each.get("description", ""))
        for name, each in members.items()
    ]


def _answer(document: dict[str, Any], code: str, told: dict[str, Any]) -> Answer:
    whole = _resolve(document, told)
    return Answer(code, whole.get("description", ""), list(whole.get("content", {})))


def _kind(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """A schema in a few words: ``integer 0…9``, ``a | b``, ``array of string``."""
    schema = _resolve(document, schema)
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(dict.fromkeys(_kind(document, each) for each in schema[word]))
    kind = schema.get("type", "any")
    kind = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if kind == "array":
        return f"array of {_kind(document, schema.get('items', {}))}"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return kind
    return f"{kind} {'' if low is None else low}…{'' if high is None else high}"


def _resolve(document: dict[str, Any], thing: dict[str, Any]) -> dict[str, Any]:
    """*thing*, or what its local ``$ref`` leads to; at most eight steps, a loop ends empty."""
    for _ in range(8):
        pointer = thing.get("$ref")
        if pointer is None:
            return thing
        thing = _at(document, pointer)
    return {}


def _at(document: dict[str, Any], pointer: str) -> dict[str, Any]:
    found: Any = document
    for name in pointer.removeprefix("#/").split("/"):
        found = found.get(name.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}
