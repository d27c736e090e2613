"""The service's calls, as OpenAPI's paths: a test holds them against the routes."""

from typing import Any

from app.event_calls import EVENTS, MANY
from app.pieces import BYTES, JOB_ID, JSON, LOCATION, NUMBER, TEXT, Operation, content, header, path, problems, query

TAGS = {
    "Jobs": "Submit long work, watch it, stop it.",
    "Files": "What jobs read and what they made.",
    "Job types": "What there is to run.",
    "Service": "How the service is.",
}

_SUBMIT: Operation = {
    "operationId": "submit",
    "tags": ["Jobs"],
    "summary": "Submit a job",
    "description": "Stored before the answer. With Accept: text/event-stream the answer is the job's stream.",
    "parameters": [header("Idempotency-Key", "The same key and body again: the same job.")],
    "requestBody": {"required": True, **content("Submission")},
    "responses": {
        "200": {"description": "The job's events.", "content": {"text/event-stream": {"schema": TEXT}}, **LOCATION},
        "202": {"description": "The job.", **content("Job"), **LOCATION},
        **problems(400, 404, 406, 409, 413, 415, 422, 429),
    },
}

_LIST: Operation = {
    "operationId": "list",
    "tags": ["Jobs"],
    "summary": "List jobs, newest first",
    "parameters": [
        query("state", {"type": "array", "items": TEXT}, "Only these states."),
        query("type", {"type": "array", "items": TEXT}, "Only these types."),
        query("label", {"type": "array", "items": TEXT}, "name:value; only jobs with all of them."),
        query("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, "Jobs at most."),
        query("cursor", TEXT, "The next of the page before."),
    ],
    "responses": {"200": {"description": "A page.", **content("JobList")}, **problems(400, 406)},
}

_SHOW: Operation = {
    "operationId": "show",
    "tags": ["Jobs"],
    "summary": "Show a job",
    "parameters": [
        query("wait", {**NUMBER, "minimum": 0, "maximum": 60}, "Answer when it has ended, or after so many seconds."),
        header("If-None-Match", "The ETag of what you have."),
    ],
    "responses": {
        "200": {
            "description": "The job.",
            "headers": {"ETag": {"schema": TEXT, "description": "Weak."}},
            **content("Job"),
        },
        "304": {"description": "It is as you have it."},
        **problems(400, 404, 406),
    },
}

_CANCEL: Operation = {
    "operationId": "cancel",
    "tags": ["Jobs"],
    "summary": "Cancel a job",
    "requestBody": {"required": False, **content("Cancel")},
    "responses": {
        "200": {"description": "It had ended before; as it is.", **content("Job")},
        "202": {"description": "It is being cancelled, or just has been.", **content("Job")},
        **problems(400, 404, 406, 413, 415, 422),
    },
}

_RETRY: Operation = {
    "operationId": "retry",
    "tags": ["Jobs"],
    "summary": "Run a job that has ended once more, as a new job",
    "responses": {
        "202": {"description": "The new job.", **content("Job"), **LOCATION},
        **problems(404, 406, 409, 429),
    },
}

_DELETE: Operation = {
    "operationId": "delete",
    "tags": ["Jobs"],
    "summary": "Delete a job that has ended, its log and its artifacts",
    "responses": {"204": {"description": "Gone."}, **problems(404, 409)},
}

_ARTIFACT: Operation = {
    "operationId": "artifact",
    "tags": ["Files"],
    "summary": "Fetch a file that a job made",
    "parameters": [header("Range", "A part of it.")],
    "responses": {
        "200": {"description": "The bytes.", "content": {"*/*": {"schema": BYTES}}},
        "206": {"description": "The part.", "content": {"*/*": {"schema": BYTES}}},
        "304": {"description": "It is as you have it."},
        **problems(404, 412, 416),
    },
}

_UPLOAD: Operation = {
    "operationId": "upload",
    "tags": ["Files"],
    "summary": "Upload a file for a job's params",
    "description": "Either multipart/form-data with one part named file, or the bytes themselves with ?name=.",
    "parameters": [query("name", TEXT, "The file's name, where the body is its bytes.")],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": BYTES}, "required": ["file"]},
            },
            "application/octet-stream": {"schema": BYTES},
        },
    },
    "responses": {
        "201": {"description": "Its record; params name it by its id.", **content("File")},
        **problems(400, 406, 411, 413, 422),
    },
}

_TYPES: Operation = {
    "operationId": "job_types",
    "tags": ["Job types"],
    "summary": "List job types",
    "responses": {"200": {"description": "All of them.", **content("JobTypeList")}, **problems(406)},
}

_TYPE: Operation = {
    "operationId": "job_type",
    "tags": ["Job types"],
    "summary": "Show a job type",
    "responses": {"200": {"description": "The type.", **content("JobType")}, **problems(404, 406)},
}


def _service(name: str, summary: str, media_type: str, refusals: dict[str, Any]) -> Operation:
    content = {"content": {media_type: {"schema": {"type": "string" if media_type == "text/plain" else "object"}}}}
    answers = {"200": {"description": "As asked.", **content}, **refusals}
    return {"operationId": name, "tags": ["Service"], "summary": summary, "responses": answers}


def _open(name: str, summary: str, *numbers: int) -> Operation:
    """A call that asks for no token."""
    refusals = {code: told for code, told in problems(*numbers).items() if int(code) in {403, *numbers}}
    return {**_service(name, summary, JSON, refusals), "security": []}


PATHS: dict[str, Any] = {
    "/v1/jobs": {"post": _SUBMIT, "get": _LIST},
    "/v1/jobs/{job_id}": {"parameters": [JOB_ID], "get": _SHOW, "delete": _DELETE},
    "/v1/jobs/{job_id}/events": {"parameters": [JOB_ID], "get": EVENTS},
    "/v1/events": {"get": MANY},
    "/v1/jobs/{job_id}/cancel": {"parameters": [JOB_ID], "post": _CANCEL},
    "/v1/jobs/{job_id}/retry": {"parameters": [JOB_ID], "post": _RETRY},
    "/v1/jobs/{job_id}/artifacts/{name}": {
        "parameters": [JOB_ID, path("name", "The artifact's name.")],
        "get": _ARTIFACT,
    },
    "/v1/files": {"post": _UPLOAD},
    "/v1/job-types": {"get": _TYPES},
    "/v1/job-types/{name}": {"parameters": [path("name", "The type's name.")], "get": _TYPE},
    "/v1/openapi.json": {"get": _service("openapi", "This document", JSON, problems())},
    "/livez": {"get": _open("live", "Whether the process answers")},
    "/readyz": {"get": _open("ready", "Whether to send it callers", 503)},
    "/metrics": {"get": _service("metrics", "Figures for Prometheus", "text/plain", problems())},
}
