"""What a job's author imports; it loads neither Celery nor Redis."""

from worker.context import Context
from worker.job import FileId, job
from worker.outcomes import Cancelled, JobFailed, Retry

__all__ = ["Cancelled", "Context", "FileId", "JobFailed", "Retry", "job"]
