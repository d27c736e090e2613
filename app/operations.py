"""The service's calls, as OpenAPI's paths: a test holds them against the routes."""

from typing import Any

from app.problems import CODES

Operation = dict[str, Any]

TAGS = {
    "Jobs": "Submit long work, watch it, stop it.",
    "Files": "What jobs read and what they made.",
    "Job types": "What there is to run.",
    "Service": "How the service is.",
}

_JSON = "application/json"
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


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(name: str, media_type: str = _JSON) -> dict[str, Any]:
    return {"content": {media_type: {"schema": _ref(name)}}}


def _problems(*numbers: int) -> dict[str, Any]:
    """The refusals of a call, with those that every call has."""
    assert set(numbers) <= set(CODES.values())  # noqa: S101 - a slip in the table below, seen at import
    every = sorted({*numbers, 401, 403, 503})
    return {str(n): {"description": _PHRASES[n], **_content("Problem", "application/problem+json")} for n in every}


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _path(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "description": description}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": {"type": "string"}, "description": description}


_BYTES = {"type": "string", "format": "binary"}
_NUMBER = {"type": "number"}
_TEXT = {"type": "string"}
_JOB_ID = _path("job_id", "The job's id.")
_LOCATION = {"headers": {"Location": {"schema": _TEXT, "description": "The job's address."}}}

_SUBMIT: Operation = {
    "operationId": "submit",
    "tags": ["Jobs"],
    "summary": "Submit a job",
    "description": "Stored before the answer. With Accept: text/event-stream the answer is the job's stream.",
    "parameters": [_header("Idempotency-Key", "The same key and body again: the same job.")],
    "requestBody": {"required": True, **_content("Submission")},
    "responses": {
        "200": {"description": "The job's events.", "content": {"text/event-stream": {"schema": _TEXT}}, **_LOCATION},
        "202": {"description": "The job.", **_content("Job"), **_LOCATION},
        **_problems(400, 404, 406, 409, 413, 415, 422, 429),
    },
}

_LIST: Operation = {
    "operationId": "list",
    "tags": ["Jobs"],
    "summary": "List jobs, newest first",
    "parameters": [
        _query("state", {"type": "array", "items": _TEXT}, "Only these states."),
        _query("type", {"type": "array", "items": _TEXT}, "Only these types."),
        _query("label", {"type": "array", "items": _TEXT}, "name:value; only jobs with all of them."),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, "Jobs at most."),
        _query("cursor", _TEXT, "The next of the page before."),
    ],
    "responses": {"200": {"description": "A page.", **_content("JobList")}, **_problems(400, 406)},
}

_SHOW: Operation = {
    "operationId": "show",
    "tags": ["Jobs"],
    "summary": "Show a job",
    "parameters": [
        _query("wait", {**_NUMBER, "minimum": 0, "maximum": 60}, "Answer when it has ended, or after so many seconds."),
        _header("If-None-Match", "The ETag of what you have."),
    ],
    "responses": {
        "200": {
            "description": "The job.",
            "headers": {"ETag": {"schema": _TEXT, "description": "Weak."}},
            **_content("Job"),
        },
        "304": {"description": "It is as you have it."},
        **_problems(400, 404, 406),
    },
}

_EVENTS: Operation = {
    "operationId": "events",
    "tags": ["Jobs"],
    "summary": "Read a job's events, live or after a cursor",
    "description": "Without Accept it is a stream of server-sent events; JSON is a page, and with wait a long-poll. "
    "With Upgrade: websocket it is a WebSocket: an Event a text message; the client may send "
    '{"action": "cancel"} with the members of Cancel, and {"action": "ack"} with those of Ack.',
    "parameters": [
        _query("after", _TEXT, "0, latest or an event's id; Last-Event-ID beats it."),
        _query("types", _TEXT, "Such as step.*,job.*"),
        _query("names", {"type": "integer", "enum": [0, 1]}, "0 leaves SSE's event: out, for a plain onmessage."),
        _query("wait", {**_NUMBER, "minimum": 0, "maximum": 60}, "JSON: seconds to wait for an event."),
        _query("limit", {"type": "integer"}, "JSON: events at most."),
        _header("Last-Event-ID", "Where an earlier stream ended."),
    ],
    "responses": {
        "101": {"description": "A WebSocket."},
        "200": {
            "description": "Events.",
            "content": {
                "text/event-stream": {"schema": _ref("Event")},
                "application/x-ndjson": {"schema": _ref("Event")},
                _JSON: {"schema": _ref("EventPage")},
            },
        },
        "204": {"description": "The log has ended and you have all of it."},
        **_problems(400, 404, 406, 426, 501),
    },
}

_CANCEL: Operation = {
    "operationId": "cancel",
    "tags": ["Jobs"],
    "summary": "Cancel a job",
    "requestBody": {"required": False, **_content("Cancel")},
    "responses": {
        "200": {"description": "It had ended before; as it is.", **_content("Job")},
        "202": {"description": "It is being cancelled, or just has been.", **_content("Job")},
        **_problems(400, 404, 406, 413, 415, 422),
    },
}

_RETRY: Operation = {
    "operationId": "retry",
    "tags": ["Jobs"],
    "summary": "Run a job that has ended once more, as a new job",
    "responses": {
        "202": {"description": "The new job.", **_content("Job"), **_LOCATION},
        **_problems(404, 406, 409, 429),
    },
}

_DELETE: Operation = {
    "operationId": "delete",
    "tags": ["Jobs"],
    "summary": "Delete a job that has ended, its log and its artifacts",
    "responses": {"204": {"description": "Gone."}, **_problems(404, 409)},
}

_ARTIFACT: Operation = {
    "operationId": "artifact",
    "tags": ["Files"],
    "summary": "Fetch a file that a job made",
    "parameters": [_header("Range", "A part of it.")],
    "responses": {
        "200": {"description": "The bytes.", "content": {"*/*": {"schema": _BYTES}}},
        "206": {"description": "The part.", "content": {"*/*": {"schema": _BYTES}}},
        "304": {"description": "It is as you have it."},
        **_problems(404, 412, 416),
    },
}

_UPLOAD: Operation = {
    "operationId": "upload",
    "tags": ["Files"],
    "summary": "Upload a file for a job's params",
    "description": "Either multipart/form-data with one part named file, or the bytes themselves with ?name=.",
    "parameters": [_query("name", _TEXT, "The file's name, where the body is its bytes.")],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": _BYTES}, "required": ["file"]},
            },
            "application/octet-stream": {"schema": _BYTES},
        },
    },
    "responses": {
        "201": {"description": "Its record; params name it by its id.", **_content("File")},
        **_problems(400, 406, 411, 413, 422),
    },
}

_TYPES: Operation = {
    "operationId": "job_types",
    "tags": ["Job types"],
    "summary": "List job types",
    "responses": {"200": {"description": "All of them.", **_content("JobTypeList")}, **_problems(406)},
}

_TYPE: Operation = {
    "operationId": "job_type",
    "tags": ["Job types"],
    "summary": "Show a job type",
    "responses": {"200": {"description": "The type.", **_content("JobType")}, **_problems(404, 406)},
}


def _service(name: str, summary: str, media_type: str, refusals: dict[str, Any]) -> Operation:
    content = {"content": {media_type: {"schema": {"type": "string" if media_type == "text/plain" else "object"}}}}
    answers = {"200": {"description": "As asked.", **content}, **refusals}
    return {"operationId": name, "tags": ["Service"], "summary": summary, "responses": answers}


def _open(name: str, summary: str, *numbers: int) -> Operation:
    """A call that asks for no token."""
    refusals = {code: told for code, told in _problems(*numbers).items() if int(code) in {403, *numbers}}
    return {**_service(name, summary, _JSON, refusals), "security": []}


PATHS: dict[str, Any] = {
    "/v1/jobs": {"post": _SUBMIT, "get": _LIST},
    "/v1/jobs/{job_id}": {"parameters": [_JOB_ID], "get": _SHOW, "delete": _DELETE},
    "/v1/jobs/{job_id}/events": {"parameters": [_JOB_ID], "get": _EVENTS},
    "/v1/jobs/{job_id}/cancel": {"parameters": [_JOB_ID], "post": _CANCEL},
    "/v1/jobs/{job_id}/retry": {"parameters": [_JOB_ID], "post": _RETRY},
    "/v1/jobs/{job_id}/artifacts/{name}": {
        "parameters": [_JOB_ID, _path("name", "The artifact's name.")],
        "get": _ARTIFACT,
    },
    "/v1/files": {"post": _UPLOAD},
    "/v1/job-types": {"get": _TYPES},
    "/v1/job-types/{name}": {"parameters": [_path("name", "The type's name.")], "get": _TYPE},
    "/v1/openapi.json": {"get": _service("openapi", "This document", _JSON, _problems())},
    "/livez": {"get": _open("live", "Whether the process answers")},
    "/readyz": {"get": _open("ready", "Whether to send it callers", 503)},
    "/metrics": {"get": _service("metrics", "Figures for Prometheus", "text/plain", _problems())},
}
