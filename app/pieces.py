"""What the descriptions of the service's calls are put together from, in OpenAPI's words."""

from typing import Any

from app.problems import CODES

Operation = dict[str, Any]

JSON = "application/json"
_PHRASES = {
    400: "Malformed: JSON, query, header or cursor.",
    401: "No token, or the wrong one.",
    403: "This Host, Origin or token may not.",
    404: "There is no such job, type or file.",
    406: "It does not come in that form.",
    409: "It does not go with how things stand.",
    411: "The length is missing.",
    412: "If-Match names another version.",
    413: "Too large.",
    415: "Not a media type that is taken.",
    416: "The range lies outside.",
    422: "Understood, but wrong; every fault is listed with its JSON Pointer.",
    426: "A WebSocket is opened in another way.",
    429: "Too many unfinished jobs; see Retry-After.",
    501: "This server opens no WebSockets.",
    503: "Redis away or draining; see Retry-After.",
}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def content(name: str, media_type: str = JSON) -> dict[str, Any]:
    return {"content": {media_type: {"schema": ref(name)}}}


def problems(*numbers: int) -> dict[str, Any]:
    """The refusals of a call, with those that every call has."""
    assert set(numbers) <= set(CODES.values())  # noqa: S101 - a slip in the table below, seen at import
    every = sorted({*numbers, 401, 403, 503})
    return {str(n): {"description": _PHRASES[n], **content("Problem", "application/problem+json")} for n in every}


def query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def path(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "description": description}


def header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": {"type": "string"}, "description": description}


BYTES = {"type": "string", "format": "binary"}
NUMBER = {"type": "number"}
TEXT = {"type": "string"}
JOB_ID = path("job_id", "The job's id.")
LOCATION = {"headers": {"Location": {"schema": TEXT, "description": "The job's address."}}}
