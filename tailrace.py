"""What a job's author imports; it loads neither Celery nor Redis."""

from worker.around import current
from worker.backoff import Backoff
from worker.context import Context
from worker.job import FileId, job
from worker.outcomes import Cancelled, JobFailed, Released, Retry, TimedOut

__all__ = ["Backoff", "Cancelled", "Context", "FileId", "JobFailed", "Released", "Retry", "TimedOut", "current", "job"]
