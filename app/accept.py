"""The last step of submit and of retry: room in the queue, uploads held, the job stored."""

from app.problems import Problem
from jobs.errors import InvalidEvent
from jobs.events import Request
from jobs.lifecycle import Settled
from jobs.wiring import Parts


def accept(parts: Parts, job_id: str, request: Request, *, delay_seconds: float | None = None) -> Settled:
    """The job, stored: once this returns it may be answered 202. The same id twice is one job."""
    parts.files.hold(request.files, job_id)
    try:
        most = parts.settings.max_queued
        return parts.lifecycle.accept(job_id, request, delay_seconds=delay_seconds, most=most)
    except InvalidEvent as error:
        #: 1e9 is three bytes in a body and twelve in the log.
        raise Problem("too_large", "The params, or the labels and names, are too large once written out.") from error
