"""POST /v1/jobs/{id}/retry: the same work once more, as a new job."""

import msgspec
from flask import Response

from app.accept import accept
from app.answers import JSON, answer, negotiate
from app.problems import Problem
from app.view import View
from jobs.clock import Clock, from_rfc3339, rfc3339
from jobs.events import Request
from jobs.files import new_id
from jobs.model import Job
from jobs.wiring import Parts


class Retry:
    def __init__(self, parts: Parts, view: View) -> None:
        self._parts, self._view = parts, view

    def __call__(self, job_id: str) -> Response:
        negotiate(JSON)
        job = self._parts.lifecycle.load(job_id)
        if not job.state.terminal:
            raise Problem("not_terminal", f"The job is {job.state}; only a job that has ended can be retried.")
        #: The type may have moved to another queue since; the old one may have no worker any more.
        queue = self._view.known.get(job.request.type).queue
        again, position = accept(self._parts, new_id(), again_of(job, queue, self._parts.clock))
        return answer(self._view.job(again, position), 202, {"Location": self._view.path(again.id)})


def again_of(job: Job, queue: str, clock: Clock) -> Request:
    """What *job* was asked for, with as much time to begin as it was given; nobody waits for it as for a child."""
    expires = job.request.expires_at
    if expires is not None:
        expires = rfc3339(clock() + from_rfc3339(expires) - from_rfc3339(job.created_at))
    alone = {"parent": None, "parent_step": None, "depth": 0}
    return msgspec.structs.replace(job.request, queue=queue, expires_at=expires, retry_of=job.id, **alone)
