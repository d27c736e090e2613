"""POST /v1/jobs/{id}/cancel: the wish that a job end."""

from flask import Response, request

from app.actions import cancel
from app.answers import JSON, answer, negotiate
from app.bodies import read_object
from app.view import View
from jobs.model import Job, JobState
from jobs.wiring import Parts


class Cancel:
    def __init__(self, parts: Parts, view: View) -> None:
        self._life, self._view = parts.lifecycle, view
        self._max_body_bytes = parts.settings.max_body_bytes

    def __call__(self, job_id: str) -> Response:
        """202 while it is being cancelled or just has been; 200 with the job as it is where it had ended before."""
        negotiate(JSON)
        body = read_object(request, self._max_body_bytes, optional=True)
        job = cancel(self._life, job_id, body)
        if job is None:
            return answer(self._view.job(self._life.load(job_id)))
        return answer(self._view.job(job), 202 if _is_ours(job) else 200)


def _is_ours(job: Job) -> bool:
    """Whether the job, unfinished a moment ago, stands as cancel left it; else it has just finished by itself."""
    at_once = job.cancel is not None and job.cancel.mode == "queued"
    return job.state is JobState.CANCELLING or (job.state is JobState.CANCELLED and at_once)
