"""DELETE /v1/jobs/{id}: the job, its log and its artifacts are gone."""

from flask import Response

from app.problems import Problem
from jobs.wiring import Parts


class Delete:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __call__(self, job_id: str) -> Response:
        """409 unless the job has ended. The log goes last: a crash before that leaves a job to delete again."""
        state = self._parts.lifecycle.head(job_id).state
        if not state.terminal:
            raise Problem("not_terminal", f"The job is {state}; only a job that has ended can be deleted.")
        self._parts.files.delete_artifacts(job_id)
        self._parts.lifecycle.delete([job_id])
        return Response(status=204)
