"""The wire's shapes as JSON Schema: what bodies are held against, and what the OpenAPI document shows."""

from typing import Any

from jobs.asking import LABELS
from jobs.events import EVENTS
from jobs.model import JobState

Schema = dict[str, Any]

THIRTY_DAYS = 30 * 86400
_ID = {"type": "string", "pattern": "^[0-9a-z]{26}$", "description": "26 characters, ordered by time."}
_TIME = {"type": "string", "format": "date-time", "description": "RFC 3339 in UTC, with milliseconds."}
_SECONDS = {"type": "number", "exclusiveMinimum": 0, "maximum": THIRTY_DAYS}


def _object(properties: Schema, *, required: list[str] | None = None, **more: Any) -> Schema:
    needed = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": needed} | more


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


SUBMISSION: Schema = _object(
    {
        "type": {"type": "string", "minLength": 1, "maxLength": 200, "description": "The job type's name."},
        "params": {"type": "object", "description": "Held against the job type's schema; {} unless given."},
        "priority": {"type": "integer", "minimum": 0, "maximum": 9, "description": "9 begins first; 5 unless given."},
        "labels": LABELS,
        "timeout_seconds": _SECONDS | {"description": "How long one run may take; the type's own unless given."},
        "max_attempts": {"type": "integer", "minimum": 1, "maximum": 20, "description": "The type's own unless given."},
        "expires_in_seconds": _SECONDS | {"description": "The job expires unless a worker begins it in this time."},
        "delay_seconds": {
            "type": "number",
            "minimum": 0,
            "maximum": THIRTY_DAYS,
            "description": "The job is queued only after this time.",
        },
        "concurrency_key": {
            "type": "string",
            "minLength": 1,
            "maxLength": 200,
            "description": "Jobs with the same key run one after another, whatever their type; a type may allow more.",
        },
        "cancel_when_unwatched_seconds": {
            "type": "number",
            "minimum": 1,
            "maximum": THIRTY_DAYS,
            "description": "The job is cancelled once nobody has watched it (a stream of its events, a read of them or "
            "of the job) for so long, counted from its acceptance; once watched, for 10 seconds at least.",
        },
    },
    required=["type"],
    additionalProperties=False,
)

CANCEL: Schema = _object(
    {
        "reason": {"type": "string", "maxLength": 200, "description": "Shown to whoever watches."},
        "grace_seconds": {
            "type": "number",
            "minimum": 0,
            "maximum": 600,
            "description": "What a running job gets to end by itself before it is killed; 5 unless given.",
        },
    },
    required=[],
    additionalProperties=False,
)

ACK: Schema = _object(
    {"cursor": {"type": "string", "description": "The id of the last event that the client is done with."}},
    required=["cursor"],
    additionalProperties=False,
)

PROBLEM: Schema = _object(
    {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong, for people."},
        "code": {"type": "string", "description": "What is wrong, for programs."},
        "errors": {
            "type": "array",
            "items": _object({"pointer": {"type": "string"}, "detail": {"type": "string"}}),
            "description": "Every fault of the body, each with its JSON Pointer.",
        },
    },
    description="RFC 9457.",
)

FILE: Schema = _object(
    {
        "id": _ID,
        "name": {"type": "string"},
        "bytes": {"type": "integer", "minimum": 0},
        "sha256": {"type": "string"},
        "media_type": {"type": "string"},
    }
)

ARTIFACT: Schema = _object({**FILE["properties"], "id": {"type": "string"}, "url": {"type": "string"}})

FAILURE: Schema = _object(
    {
        "code": {"type": "string", "description": "error, timeout, worker_lost, memory, invalid … or the job's own."},
        "message": {"type": "string"},
        "retryable": {"type": "boolean"},
        "detail": {"type": "object"},
    },
    required=["code", "message"],
)

LINKS: Schema = _object({name: {"type": "string"} for name in ("self", "events", "cancel", "retry")})

_STATE = {"type": "string", "enum": [state.value for state in JobState]}

_COMMON: Schema = {
    "id": _ID,
    "type": {"type": "string"},
    "state": _STATE,
    "attempt": {"type": "integer", "minimum": 0},
    "max_attempts": {"type": "integer", "minimum": 1},
    "priority": {"type": "integer"},
    "labels": LABELS,
    "served": {"type": "boolean", "description": "Whether a living worker carries the type."},
    "created_at": _TIME,
    "started_at": _maybe(_TIME),
    "finished_at": _maybe(_TIME),
    "links": {"$ref": "#/components/schemas/Links"},
}

SUMMARY: Schema = _object(
    {
        **_COMMON,
        "progress": _object({"fraction": {"type": "number"}, "message": _maybe({"type": "string"})}),
        "error_code": _maybe({"type": "string"}),
    }
)

STEP: Schema = _object(
    {
        "name": {"type": "string"},
        "title": _maybe({"type": "string"}),
        "state": {"type": "string", "enum": ["pending", "running", "succeeded", "failed", "skipped", "reused"]},
        "weight": {"type": "number"},
        "fraction": {"type": "number"},
        "message": _maybe({"type": "string"}),
        "parent": _maybe({"type": "string"}),
        "child": _maybe(_ID | {"description": "The child job that the step waits for, or waited for."}),
        "started_at": _maybe(_TIME),
        "finished_at": _maybe(_TIME),
        "seconds": _maybe({"type": "number", "description": "What it took, in whichever run did its work."}),
    }
)

_OUTPUT = _object(
    {
        "text": {"type": "string", "description": "The output's tail."},
        "length": {"type": "integer", "description": "Characters in all."},
        "done": {"type": "boolean"},
        "truncated": {"type": "boolean"},
    }
)
_METRIC = _object(
    {
        "value": {"type": "number"},
        "step": _maybe({"type": "number"}),
        "unit": _maybe({"type": "string"}),
        "series": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
    }
)

JOB: Schema = _object(
    {
        **_COMMON,
        "params": {"type": "object"},
        "progress": _object(
            {
                "fraction": {"type": "number", "minimum": 0, "maximum": 1},
                "message": _maybe({"type": "string"}),
                "eta_seconds": _maybe({"type": "number"}),
            }
        ),
        "steps": {"type": "array", "items": {"$ref": "#/components/schemas/Step"}},
        "outputs": {"type": "object", "additionalProperties": _OUTPUT},
        "metrics": {"type": "object", "additionalProperties": _METRIC},
        "items": _object(
            {
                "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
                "recent": {"type": "array", "items": {"type": "object"}},
            }
        ),
        "alerts": {"type": "array", "items": {"type": "object"}},
        "log": {"type": "array", "items": {"type": "object"}},
        "artifacts": {"type": "array", "items": {"$ref": "#/components/schemas/Artifact"}},
        "result": {"description": "What the job returned."},
        "error": _maybe({"$ref": "#/components/schemas/Failure"}),
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Failure"}},
        "cancel": _maybe({"type": "object"}),
        "queue": _maybe(
            _object(
                {
                    "position": _maybe({"type": "integer", "minimum": 1, "description": "1 begins next."}),
                    "eta_seconds": _maybe(
                        {"type": "number", "minimum": 0, "description": "Until it begins, as far as anybody can tell."}
                    ),
                },
                description="The job's place among those that wait.",
            )
        ),
        "retry_of": _maybe(_ID),
        "parent": _maybe(_ID | {"description": "The job that this one is a child of."}),
        "timeout_seconds": _maybe({"type": "number"}),
        "expires_at": _maybe(_TIME),
        "concurrency_key": _maybe({"type": "string"}),
        "cancel_when_unwatched_seconds": _maybe({"type": "number"}),
        "until": _maybe(_TIME),
        "waits_for": _maybe(_ID | {"description": "The child job that this one waits for."}),
        "truncated": {"type": "boolean", "description": "Something was cut to keep this small."},
        "cursor": {"type": "string", "description": "Where the log stood; what comes after is yet to be read."},
    }
)

JOB_LIST: Schema = _object(
    {
        "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/JobSummary"}},
        "next": _maybe({"type": "string", "description": "The cursor of the next page."}),
        "links": _object({"self": {"type": "string"}, "next": _maybe({"type": "string"})}),
    }
)

JOB_TYPE: Schema = _object(
    {
        "name": {"type": "string"},
        "title": {"type": "string"},
        "description": {"type": "string"},
        "schema": {"type": "object", "description": "JSON Schema (2020-12) of the params."},
        "example": _maybe({"type": "object"}),
        "served": {"type": "boolean"},
        "steps": _maybe({"type": "array", "items": {"type": "object"}}),
        "queue": {"type": "string"},
        "max_attempts": {"type": "integer"},
        "timeout_seconds": _maybe({"type": "number"}),
        "links": _object({"self": {"type": "string"}}),
    }
)

JOB_TYPE_LIST: Schema = _object({"job_types": {"type": "array", "items": {"$ref": "#/components/schemas/JobType"}}})

EVENT: Schema = _object(
    {
        "id": {"type": "string", "description": "The cursor after this event."},
        "seq": {"type": "integer", "minimum": 1, "description": "1, 2, 3 … per job, with no hole."},
        "from": {"type": "integer", "description": "The first seq that a merged event stands for."},
        "cursor": {"type": "string", "description": "Of many jobs: the place to come back to."},
        "type": {
            "type": "string",
            "examples": sorted(EVENTS),
            "description": "Take those you do not know as they are.",
        },
        "job": _ID,
        "time": _TIME,
        "attempt": {"type": "integer"},
        "data": {"type": "object"},
    },
    required=["id", "seq", "type", "job", "time", "attempt", "data"],
    description="One fact about a job, the same on every transport.",
)

EVENT_PAGE: Schema = _object(
    {
        "events": {"type": "array", "items": {"type": "object"}},
        "cursor": {"type": "string"},
        "state": _STATE,
        "end": {"type": "boolean", "description": "Nothing follows."},
    },
    required=["events", "cursor", "end"],
    description="The state is there where the page is of one job.",
)

COMPONENTS: dict[str, Schema] = {
    "Ack": ACK,
    "Artifact": ARTIFACT,
    "Cancel": CANCEL,
    "Event": EVENT,
    "EventPage": EVENT_PAGE,
    "Failure": FAILURE,
    "File": FILE,
    "Job": JOB,
    "JobList": JOB_LIST,
    "JobSummary": SUMMARY,
    "JobType": JOB_TYPE,
    "JobTypeList": JOB_TYPE_LIST,
    "Links": LINKS,
    "Problem": PROBLEM,
    "Step": STEP,
    "Submission": SUBMISSION,
}
