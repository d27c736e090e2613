"""Errors as clients may see them: an author's words as given, everything else as a type, a step and a reference."""

import logging
import secrets

from jobs.errors import FileNotFound, InvalidEvent
from jobs.events import Failure
from worker import plain
from worker.outcomes import Cancelled, JobFailed, Retry

log = logging.getLogger(__name__)


class Blame:
    """Turns exceptions of one job into failures; what it hides goes to the worker's log under the reference."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._known: tuple[BaseException, Failure] | None = None

    def failure(self, error: BaseException, step: str | None = None) -> Failure:
        """What is told of *error*; the same however often it is asked for on the error's way out."""
        if self._known is not None and self._known[0] is error:
            return self._known[1]
        failure = self._told(error, step)
        self._known = (error, failure)
        return failure

    def forget(self) -> None:
        """Lets go of the last error, and so of every frame that it holds."""
        self._known = None

    def _told(self, error: BaseException, step: str | None) -> Failure:
        match error:
            case JobFailed():
                return _checked(error)
            case Retry() | Cancelled():
                return error.failure()
            case MemoryError():
                return Failure(code="memory", message="The job ran out of memory.")
            case InvalidEvent():
                return Failure(code="invalid_event", message=str(error))
            case FileNotFound():
                return Failure(code="file_not_found", message=str(error))
        return self._hidden(error, step)

    def _hidden(self, error: BaseException, step: str | None) -> Failure:
        where = f" in step {step}" if step else ""
        ref = secrets.token_hex(3)
        message = f"{type(error).__name__}{where} (ref {ref})"
        log.error("job %s: %s", self._job_id, message, exc_info=error)
        return Failure(code="error", message=message)


def _checked(error: JobFailed) -> Failure:
    """The author's failure; a detail that JSON cannot carry is left out rather than hiding the failure."""
    failure = error.failure()
    try:
        detail = plain.fields(failure.detail or {})
    except (TypeError, ValueError, RecursionError, AttributeError):
        detail = None
    return Failure(
        code=plain.text(failure.code),
        message=plain.text(failure.message),
        retryable=failure.retryable,
        detail=detail,
    )
