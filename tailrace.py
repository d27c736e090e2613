"""What a job's author imports; it loads neither Celery nor Redis."""

from worker.around import current
from worker.backoff import Backoff
from worker.context import Context
from worker.job import FileId, job
from worker.offspring import Child
from worker.outcomes import Cancelled, ChildFailed, JobFailed, Released, Retry, Suspended, TimedOut

__all__ = [
    "Backoff",
    "Cancelled",
    "Child",
    "ChildFailed",
    "Context",
    "FileId",
    "JobFailed",
    "Released",
    "Retry",
    "Suspended",
    "TimedOut",
    "current",
    "job",
]
