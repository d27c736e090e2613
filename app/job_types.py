"""GET /v1/job-types: what there is to run, as the workers published it."""

from typing import Any
from urllib.parse import quote

import msgspec
from flask import Response

from app.answers import JSON, answer, negotiate
from app.known import Known
from jobs.catalogue import TypeEntry


class JobTypes:
    def __init__(self, known: Known) -> None:
        self._known = known

    def __call__(self) -> Response:
        negotiate(JSON)
        served = self._known.served()
        return answer({"job_types": [shown(entry, served) for entry in self._known.types().values()]})


class JobType:
    def __init__(self, known: Known) -> None:
        self._known = known

    def __call__(self, name: str) -> Response:
        negotiate(JSON)
        return answer(shown(self._known.get(name), self._known.served()))


def shown(entry: TypeEntry, served: set[str]) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "description": entry.description,
        "schema": entry.params_schema,
        "example": entry.example,
        "served": entry.name in served,
        "steps": msgspec.to_builtins(entry.steps),
        "queue": entry.queue,
        "max_attempts": entry.max_attempts,
        "timeout_seconds": entry.timeout_seconds,
        "links": {"self": f"/v1/job-types/{quote(entry.name, safe='')}"},
    }
