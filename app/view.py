"""The job as clients see it: its resource with what only the web tier knows, and its short form for lists."""

from typing import Any

from app.auth import Auth
from app.known import Known
from app.prospects import Place, Prospects
from jobs.clock import rfc3339
from jobs.head import Head
from jobs.model import Job, JobState
from jobs.resource import resource
from jobs.wiring import Parts


class View:
    """Adds ``served``, ``queue`` and ``links``; calls may raise LogUnavailable."""

    def __init__(self, known: Known, prospects: Prospects, auth: Auth) -> None:
        self.known, self.prospects, self.auth = known, prospects, auth

    @classmethod
    def of(cls, parts: Parts) -> "View":
        known = Known(parts.catalogue)
        return cls(known, Prospects(parts.lifecycle, parts.paces, known, parts.clock), Auth(parts.settings))

    def job(self, job: Job, position: int | None = None) -> dict[str, Any]:
        """The whole resource; *position* is the job's in its queue, where that is known already."""
        view = resource(job)
        view["served"] = self.known.serves(job.request.type)
        view["queue"] = self._queue(job, position)
        view["links"] = self.links(job.id)
        return view

    def summary(self, head: Head) -> dict[str, Any]:
        """A line of a list."""
        return {
            "id": head.id,
            "type": head.type,
            "state": head.state.value,
            "attempt": head.attempt,
            "max_attempts": head.max_attempts,
            "priority": head.priority,
            "labels": head.labels,
            "served": self.known.serves(head.type),
            "created_at": rfc3339(head.created),
            "started_at": _time(head.started),
            "finished_at": _time(head.finished),
            "progress": {"fraction": head.fraction, "message": head.message},
            "error_code": head.error_code,
            "links": self.links(head.id),
        }

    def links(self, job_id: str, *, signed: bool = True) -> dict[str, str]:
        """The job's addresses; *signed*, where a token is set, with one in that of its events."""
        path = self.path(job_id)
        query = self.auth.events_query(job_id) if signed else ""
        return {
            "self": path,
            "events": f"{path}/events{query}",
            "cancel": f"{path}/cancel",
            "retry": f"{path}/retry",
        }

    @staticmethod
    def path(job_id: str) -> str:
        return f"/v1/jobs/{job_id}"

    def _queue(self, job: Job, position: int | None) -> Place | None:
        if job.state is not JobState.QUEUED:
            return None
        if position is not None:
            return self.prospects.at(job.request.queue, job.request.type, position)
        return self.prospects.place(job.request.queue, job.request.type, job.id)


def etag(view: dict[str, Any]) -> str:
    """Changes with whatever the resource shows, but the tokens in its links and the estimate of its beginning."""
    queue = view["queue"] or {}
    return f"{view['cursor']}.{int(view['served'])}.{queue.get('position') or 0}"


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)
