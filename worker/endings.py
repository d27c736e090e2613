"""What the end of an author's function makes of its job."""

from typing import Any

import msgspec
from pydantic import BaseModel

from jobs import decisions
from jobs import events as ev
from jobs.model import Job, JobState
from jobs.writer import Decision
from worker import plain
from worker.outcomes import Cancelled, JobFailed, Retry, RunOver, TimedOut

#: The largest result in bytes of JSON: its event has to stay below 64 KiB.
MAX_RESULT_BYTES = 60 * 1024

#: A cancel point can only raise Cancelled where the log says so; an author's own `raise Cancelled` lands here.
_NOBODY_ASKED = ev.Failure(code="error", message="The job ended as if cancelled, but nobody had asked for it.")


def returned(result: Any) -> Decision:
    """The function returned *result*; JobFailed ``invalid_result`` where no event can carry it."""
    value = _as_json(result)
    return lambda _job: [ev.JobSucceeded(result=value)]


def raised(error: BaseException, failure: ev.Failure) -> Decision:
    """The function raised *error*, told as *failure*."""
    match error:
        case RunOver():
            return lambda _job: []
        case Retry():
            return lambda job: decisions.fail(job, failure, delay_seconds=error.delay_seconds, retry=True)
        case TimedOut():
            return lambda job: decisions.fail(job, failure)
        case Cancelled():
            return _cancelled(_NOBODY_ASKED)
    #: An error on the way out of a cancel (a cleanup that failed) is still the cancel's end.
    return _cancelled(failure) if _came_of_cancel(error) else lambda job: decisions.fail(job, failure)


def _cancelled(otherwise: ev.Failure) -> Decision:
    def decide(job: Job) -> decisions.Events:
        if job.state is not JobState.CANCELLING:
            return decisions.fail(job, otherwise)
        return [ev.JobCancelled(mode="cooperative", reason=job.cancel.reason if job.cancel else None)]

    return decide


def _came_of_cancel(error: BaseException) -> bool:
    seen: BaseException | None = error.__context__
    while seen is not None and not isinstance(seen, Cancelled):
        seen = seen.__context__
    return isinstance(seen, Cancelled) and not isinstance(seen, TimedOut | RunOver)


def _as_json(result: Any) -> Any:
    """*result* as JSON has it."""
    try:
        plain_result = result.model_dump(mode="json") if isinstance(result, BaseModel) else result
        encoded = plain.encoded(plain_result, plain.known)
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        raise JobFailed("invalid_result", f"The result is not JSON: {plain.text(error, 500)}") from error
    if len(encoded) > MAX_RESULT_BYTES:
        limit = f"the limit is {MAX_RESULT_BYTES}; keep what is large as an artifact"
        raise JobFailed("invalid_result", f"The result is {len(encoded)} bytes of JSON, {limit}.")
    return msgspec.json.decode(encoded)
