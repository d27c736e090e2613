"""What the end of an author's function makes of its job."""

from typing import Any

import msgspec
from pydantic import BaseModel

from jobs import decisions
from jobs import events as ev
from jobs.clock import Clock, now_ms
from jobs.model import Job, JobState
from jobs.writer import Decision
from worker import plain
from worker.job_type import JobType
from worker.outcomes import Cancelled, JobFailed, Released, Retry, RunOver, Suspended, TimedOut

#: The largest result in bytes of JSON: its event has to stay below 64 KiB.
MAX_RESULT_BYTES = 60 * 1024

#: A cancel point can only raise Cancelled where the log says so; an author's own `raise Cancelled` lands here.
_NOBODY_ASKED = ev.Failure(code="error", message="The job ended as if cancelled, but nobody had asked for it.")


def returned(result: Any) -> Decision:
    """The function returned *result*; JobFailed ``invalid_result`` where no event can carry it."""
    value = _as_json(result)
    return lambda _job: [ev.JobSucceeded(result=value)]


def raised(error: BaseException, failure: ev.Failure, kind: JobType, clock: Clock = now_ms) -> Decision:
    """The function raised *error*, told as *failure*."""
    match verdict_behind(error):
        case RunOver():
            return lambda _job: []
        case TimedOut() as late:
            return lambda job: decisions.fail(job, late.failure())
        case Released() as told:
            return lambda job: _cancelled(job, told) or decisions.release(job, run=job.run)
        case Suspended(child=child, share=share) as told if child:
            return lambda job: _cancelled(job, told) or decisions.wait(job, child=child, now_ms=clock(), share=share)
        case Cancelled() as told:
            otherwise = failure if told is not error else _NOBODY_ASKED
            return lambda job: _cancelled(job, told) or decisions.fail(job, otherwise)
    return _failed(error, failure, kind)


def _failed(error: BaseException, failure: ev.Failure, kind: JobType) -> Decision:
    if kind.retries(error):
        failure = msgspec.structs.replace(failure, retryable=True)
    asked = error.delay_seconds if isinstance(error, Retry) else None

    def decide(job: Job) -> decisions.Events:
        pause = kind.backoff.delay(job.attempt) if asked is None else asked
        return decisions.fail(job, failure, delay_seconds=pause)

    return decide


def _cancelled(job: Job, told: Cancelled) -> decisions.Events:
    """The end of a job that somebody wished to end; nothing where nobody did."""
    if job.state is not JobState.CANCELLING:
        return []
    reason = job.cancel.reason if job.cancel else None
    return [ev.JobCancelled(mode="interrupted" if told.interrupted else "cooperative", reason=reason)]


def verdict_behind(error: BaseException | None) -> Cancelled | None:
    """The verdict that *error* is or came of: a cleanup that fails on the way out does not change why the job ends."""
    while error is not None and not isinstance(error, Cancelled):
        error = error.__context__
    return error


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
