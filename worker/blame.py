"""Errors as clients may see them: an author's words as given, everything else as a type, a step and a reference."""

import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from jobs.errors import FileNotFound, InvalidEvent
from jobs.events import Failure
from worker import plain
from worker.outcomes import Cancelled, ChildFailed, JobFailed, Retry

#: The largest detail of a failure in bytes of JSON; its event has to stay below 64 KiB.
DETAIL_BYTES = 16 * 1024

log = logging.getLogger(__name__)


class Blame:
    """Turns exceptions of one job into failures; what it hides goes to the worker's log under the reference."""

    def __init__(self, job_id: str, ref: Callable[[], str] = lambda: secrets.token_hex(3)) -> None:
        self._job_id, self._ref = job_id, ref
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
            case JobFailed() | Retry() | ChildFailed():
                return _checked(error.failure())
            case Cancelled():
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
        told = f"{type(error).__name__}{where} (ref {self._ref()})"
        log.error("job %s: %s", self._job_id, told, exc_info=error)
        return Failure(code="error", message=told)


def _checked(failure: Failure) -> Failure:
    """The author's failure as an event can carry it: a detail that is no small JSON object is left out."""
    return Failure(
        code=plain.text(failure.code),
        message=plain.text(failure.message),
        retryable=failure.retryable,
        detail=_small(failure.detail),
    )


def _small(detail: object) -> dict[str, Any] | None:
    if isinstance(detail, Mapping) and detail:
        with suppress(TypeError, ValueError, RecursionError, OverflowError):
            copied = plain.fields(detail)
            return copied if len(msgspec.json.encode(copied)) <= DETAIL_BYTES else None
    return None
