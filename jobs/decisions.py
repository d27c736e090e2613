"""What a wish leads to: from a job as it is to the events that follow; pure, no event where nothing is to be done."""

from collections.abc import Sequence

import msgspec

from jobs import events as ev
from jobs.clock import rfc3339
from jobs.errors import InvalidEvent
from jobs.head import MAX_WORDS_BYTES
from jobs.model import HELD, MAX_DELAY_SECONDS, WAITING, Job, JobState

Events = Sequence[ev.AnyEvent]

#: After so long the sweep looks whether the child that a job waits for has ended without a word.
LOOK_MS = 5000

POISON = ev.Failure(code="poison", message="Each attempt at this job ended with the loss of its worker.")
TIMEOUT = ev.Failure(code="timeout", message="The job took longer than it may, and its processes were killed.")
WORKER_LOST = ev.Failure(code="worker_lost", message="The worker that ran this job was lost.", retryable=True)


def submit(request: ev.Request, *, until_ms: int | None = None) -> Events:
    """The first event of a job; InvalidEvent where no log could store it, or no head has room for its labels."""
    first: ev.JobQueued | ev.JobScheduled = ev.JobQueued(request=request)
    if until_ms is not None:
        first = ev.JobScheduled(until=rfc3339(until_ms), reason="delay", request=request)
    ev.encode_data(first)
    words = (request.type, request.queue, request.labels, request.concurrency_key)
    if len(msgspec.json.encode(words)) > MAX_WORDS_BYTES:
        raise InvalidEvent(event=first.type, why=f"its labels and names take more than {MAX_WORDS_BYTES} bytes")
    return [first]


def promote(job: Job) -> Events:
    """The time that a scheduled job waited for has come; one that waits for a child waits for no time."""
    return [ev.JobQueued()] if job.state is JobState.SCHEDULED and job.waits_for is None else []


def wake(job: Job, *, child: str) -> Events:
    """The child that the job may wait for has ended, or is gone: the same attempt goes on."""
    return [ev.JobQueued()] if waits(job, child) else []


def waits(job: Job, child: str) -> bool:
    return job.state is JobState.SCHEDULED and job.waits_for == child


def start(job: Job, *, worker: str, steps: list[ev.StepPlan] | None) -> Events:
    """A worker claims the job; a released attempt goes on under its number."""
    if job.state is not JobState.QUEUED:
        return []
    attempt = job.attempt if job.released else job.attempt + 1
    return [ev.JobStarted(worker=worker, attempt=attempt, steps=steps)]


def cancel(job: Job, *, now_ms: int, grace_seconds: float, reason: str | None, by: str | None) -> Events:
    """Somebody wishes the job to end: at once where it waits, by the deadline where it runs."""
    if job.state in WAITING:
        return [ev.JobCancelled(mode="queued", reason=reason)]
    if job.state is JobState.RUNNING:
        deadline = rfc3339(now_ms + round(grace_seconds * 1000))
        return [ev.JobCancelling(deadline=deadline, reason=reason, by=by)]
    return []


def fail(job: Job, error: ev.Failure, *, delay_seconds: float = 0.0) -> Events:
    """An attempt ended with *error*: another one where the error allows it and one is left.

    A job that was being cancelled does not get another attempt.
    """
    if job.state not in HELD:
        return []
    if job.state is JobState.CANCELLING or not error.retryable or job.attempt >= job.request.max_attempts:
        return [ev.JobFailed(error=error)]
    #: Begins with 0.0: max() passes over a NaN that does not stand first.
    delay = min(max(0.0, delay_seconds), MAX_DELAY_SECONDS)
    retrying = ev.JobRetrying(error=error, delay_seconds=delay, next_attempt=job.attempt + 1)
    return [retrying] if delay > 0 else [retrying, ev.JobQueued()]


def lose(job: Job, *, since_ms: int, run: int | None = None) -> Events:
    """The lease of the run in hand ran out, or its process is known to be dead."""
    if job.state not in HELD or (run is not None and job.run != run):
        return []
    stalled = ev.JobStalled(worker=job.worker, since=rfc3339(since_ms))
    if job.state is JobState.CANCELLING:
        return [stalled, ev.JobCancelled(mode="lost", reason=job.cancel.reason if job.cancel else None)]
    return [stalled, *fail(job, WORKER_LOST if _worth_another(job) else POISON)]


def _worth_another(job: Job) -> bool:
    """False for a job that has lost a worker with each of its attempts and has none left."""
    often = job.attempt > 1 and job.attempt >= job.request.max_attempts
    return not (often and all(error.code == WORKER_LOST.code for error in job.errors))


def kill(job: Job, *, run: int, error: ev.Failure | None = None) -> Events:
    """The run's processes were killed: the last rung of a cancel, or a limit that it broke (*error*)."""
    if job.state not in HELD or job.run != run:
        return []
    if job.state is JobState.CANCELLING:
        reason = job.cancel.reason if job.cancel else None
        return [ev.CancelEscalated(rung="killed"), ev.JobCancelled(mode="killed", reason=reason)]
    return fail(job, error or WORKER_LOST)


def release(job: Job, *, run: int) -> Events:
    """Its worker drains: the same attempt goes on elsewhere; a job being cancelled is not begun again."""
    if job.run != run:
        return []
    if job.state is JobState.CANCELLING:
        return [ev.JobCancelled(mode="killed", reason=job.cancel.reason if job.cancel else None)]
    return [ev.JobReleased()] if job.state is JobState.RUNNING else []


def wait(job: Job, *, child: str, now_ms: int, share: tuple[float, float] | None = None) -> Events:
    """The run ends, for a child that is yet to end; *share* is what of the whole that is."""
    if job.state is not JobState.RUNNING:
        return []
    until = rfc3339(now_ms + LOOK_MS)
    return [ev.JobScheduled(until=until, reason="child", child=child, share=share)]


def follow(job: Job, *, child: str, fraction: float, message: str | None) -> Events:
    """The child that the job may wait for is so far, and so the job is a little further."""
    step = next((step.name for step in job.steps.values() if step.child == child), None)
    if step is None or not waits(job, child):
        return []
    told: list[ev.AnyEvent] = [ev.StepProgressed(name=step, fraction=fraction, message=message)]
    begin, end = job.share or (0.0, 0.0)
    whole = round(begin + (end - begin) * fraction, 4)
    return [*told, ev.JobProgressed(fraction=whole)] if whole > job.progress.fraction else told


def expire(job: Job) -> Events:
    """Nobody began the job in the time that its sender allowed; a job that ran before does not expire."""
    return [ev.JobExpired()] if job.state in WAITING and job.attempt == 0 else []
