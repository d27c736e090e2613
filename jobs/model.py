r"""What a job is: the fold of its events.

     scheduled ─▶ queued ─▶ running ─▶ succeeded
       │  ▲        │ │  ▲     │ │  └──▶ failed
       │  └─retry──┼─┼──┼─────┤ │
       │  └─child──┼─┼──┼─────┘ │
       │           │ │  └─released, or the next attempt
       │           │ └─▶ failed (no attempt left)
       │           │            ▼
       └─▶ cancelled ◀─queued   cancelling ─▶ cancelled
                   └─▶ expired        └─▶ succeeded | failed (a finish that won the race)

``docs/state-machine.md`` shows the same drawing; a test compares its edges with ``EDGES``.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from jobs import events as ev
from jobs.clock import from_rfc3339, rfc3339
from jobs.errors import InvalidTransition
from jobs.eventlog import Cursor, Record
from jobs.views import Alerts, Items, Metric, Output, Step, keep_tail

#: Log lines that the snapshot keeps.
LOG_LINES = 100
#: Steps that the snapshot keeps; a job that makes more is told by ``truncated``.
MAX_STEPS = 500
MAX_METRICS = 50
MAX_OUTPUTS = 16
MAX_ARTIFACTS = 200
#: The longest pause that a job can be told to make; a calendar has an end.
MAX_DELAY_SECONDS = 366 * 86400.0

V = TypeVar("V")


class JobState(StrEnum):
    #: Waits for a time: a delay that its sender asked for, or the pause before a retry; or for a child job.
    SCHEDULED = "scheduled"
    #: Waits for a worker.
    QUEUED = "queued"
    #: A worker holds its lease.
    RUNNING = "running"
    #: Somebody wished its end; the worker has yet to give it up.
    CANCELLING = "cancelling"
    #: Terminal: its function returned.
    SUCCEEDED = "succeeded"
    #: Terminal: it raised, timed out or lost its last worker.
    FAILED = "failed"
    #: Terminal: a cancel ended it.
    CANCELLED = "cancelled"
    #: Terminal: nobody began it in time.
    EXPIRED = "expired"

    @property
    def terminal(self) -> bool:
        return self in TERMINAL_STATES


S = JobState
TERMINAL_STATES = frozenset({S.SUCCEEDED, S.FAILED, S.CANCELLED, S.EXPIRED})
WAITING = frozenset({S.SCHEDULED, S.QUEUED})
HELD = frozenset({S.RUNNING, S.CANCELLING})

#: From which states an event that changes the state may come, and to which it leads. All others are a run's own
#: and leave the state as it is: they come while a worker holds the job, so that nothing trickles in after a release.
EDGES: dict[type, tuple[frozenset[JobState], JobState]] = {
    ev.JobScheduled: (frozenset({S.RUNNING}), S.SCHEDULED),
    ev.JobQueued: (frozenset({S.SCHEDULED}), S.QUEUED),
    ev.JobStarted: (frozenset({S.QUEUED}), S.RUNNING),
    ev.JobReleased: (frozenset({S.RUNNING}), S.QUEUED),
    ev.JobRetrying: (frozenset({S.RUNNING}), S.SCHEDULED),
    ev.JobCancelling: (frozenset({S.RUNNING}), S.CANCELLING),
    ev.JobSucceeded: (HELD, S.SUCCEEDED),
    ev.JobFailed: (HELD | {S.QUEUED}, S.FAILED),
    ev.JobCancelled: (WAITING | {S.CANCELLING}, S.CANCELLED),
    ev.JobExpired: (WAITING, S.EXPIRED),
}
#: By the name of such an event, the state that it leads to.
LEADS = {event.type: state for event, (_, state) in EDGES.items()}  # type: ignore[attr-defined]


class Progress(msgspec.Struct):
    """How far the whole job is: ``fraction`` 0 to 1."""

    fraction: float = 0.0
    message: str | None = None
    eta_seconds: float | None = None


class Cancel(msgspec.Struct, omit_defaults=True):
    """The wish to end a job, and how it ended; ``deadline`` is when it will be made to."""

    requested_at: str
    deadline: str | None = None
    reason: str | None = None
    by: str | None = None
    mode: str | None = None


class LogLine(msgspec.Struct, omit_defaults=True):
    time: str
    level: str
    message: str
    fields: dict[str, Any] | None = None


class Job(msgspec.Struct):
    """A job as its log tells it; written only by :func:`apply`."""

    id: str
    request: ev.Request
    state: JobState
    created_at: str
    epoch: str = ""
    seq: int = 0
    attempt: int = 0
    #: The seq of the ``job.started`` that holds now or held last: the fence. 0 before the first.
    run: int = 0
    #: The attempt in hand was given back, by a draining worker or to wait for a child, and goes on under its number.
    released: bool = False
    worker: str | None = None
    until: str | None = None
    #: The child that the run before waits for, and how far the whole is without any and with all of it.
    waits_for: str | None = None
    share: tuple[float, float] | None = None
    started_at: str | None = None
    finished_at: str | None = None
    #: When the run in hand began, and when it will have taken too long.
    run_started_at: str | None = None
    deadline: str | None = None
    progress: Progress = msgspec.field(default_factory=Progress)
    steps: dict[str, Step] = msgspec.field(default_factory=dict)
    outputs: dict[str, Output] = msgspec.field(default_factory=dict)
    metrics: dict[str, Metric] = msgspec.field(default_factory=dict)
    items: Items = msgspec.field(default_factory=Items)
    alerts: Alerts = msgspec.field(default_factory=Alerts)
    log: list[LogLine] = msgspec.field(default_factory=list)
    artifacts: dict[str, ev.ArtifactReady] = msgspec.field(default_factory=dict)
    result: Any = None
    error: ev.Failure | None = None
    #: The error of each attempt that was followed by another.
    errors: list[ev.Failure] = msgspec.field(default_factory=list)
    cancel: Cancel | None = None
    truncated: bool = False

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.epoch, self.seq)


def apply(job: Job | None, record: Record, event: ev.AnyEvent | None = None) -> Job:
    """The job after *record*, which holds *event*, where that is known; *job* is changed, None is before the first.

    InvalidTransition where the event may not follow in the job's state. Types of a newer version fold to nothing.
    """
    known = event or ev.decode_data(record.type, record.data)
    if job is None:
        job = _begin(record, known)
    else:
        _check(job, known)
        _fold(job, record, known)
    job.epoch, job.seq = record.id.partition("-")[0], record.seq
    return job


def _begin(record: Record, event: ev.AnyEvent | ev.Unknown) -> Job:
    if not isinstance(event, ev.JobQueued | ev.JobScheduled) or event.request is None:
        raise InvalidTransition(state="unborn", event=record.type)
    state, until = (S.QUEUED, None) if isinstance(event, ev.JobQueued) else (S.SCHEDULED, event.until)
    return Job(id=record.job, request=event.request, state=state, created_at=record.time, until=until)


def _check(job: Job, event: ev.AnyEvent | ev.Unknown) -> None:
    if isinstance(event, ev.Unknown):
        allowed = not job.state.terminal
    else:
        allowed = job.state in EDGES.get(type(event), (HELD,))[0] or _of_a_child(job, event)
    if not allowed:
        raise InvalidTransition(state=job.state, event=event.type)


def _of_a_child(job: Job, event: ev.AnyEvent) -> bool:
    """Whether it tells, while no worker holds the job, how far the child is that the job waits for."""
    if job.state is not S.SCHEDULED or job.waits_for is None:
        return False
    step = job.steps.get(event.name) if isinstance(event, ev.StepProgressed) else None
    return isinstance(event, ev.JobProgressed) or (step is not None and step.child == job.waits_for)


def _fold(job: Job, record: Record, event: ev.AnyEvent | ev.Unknown) -> None:  # noqa: C901, PLR0912 - one case per type
    time = record.time
    match event:
        case ev.StepProgressed():
            _step(job, event.name).advance(event)
        case ev.OutputAppended():
            _slot(job, job.outputs, event.name, Output, MAX_OUTPUTS).append(event.offset, event.text)
        case ev.ItemFinished():
            job.items.add(event, time)
        case ev.JobProgressed():
            _progress(job, event)
        case ev.MetricMeasured():
            _slot(job, job.metrics, event.name, Metric, MAX_METRICS).measure(event)
        case ev.LogWritten():
            job.log.append(LogLine(time=time, level=event.level, message=event.message, fields=event.fields))
            keep_tail(job.log, LOG_LINES)
        case ev.StepStarted():
            _step(job, event.name).start(event, time)
        case ev.StepSucceeded() | ev.StepFailed() | ev.StepSkipped() | ev.StepReused():
            _step(job, event.name).end(event, time)
        case ev.OutputReset():
            _slot(job, job.outputs, event.name, Output, MAX_OUTPUTS).reset()
        case ev.OutputDone():
            _slot(job, job.outputs, event.name, Output, MAX_OUTPUTS).finish(event.length)
        case ev.ArtifactReady():
            _artifact(job, event)
        case ev.AlertChanged():
            job.truncated = not job.alerts.change(event, time) or job.truncated
        case ev.JobScheduled() | ev.JobQueued() | ev.JobStarted() | ev.JobReleased() | ev.JobStalled():
            _move(job, record, event)
        case ev.JobExtended():
            job.deadline = event.deadline
        case ev.JobRetrying() | ev.JobCancelling() | ev.CancelEscalated():
            _turn(job, time, event)
        case ev.JobSucceeded() | ev.JobFailed() | ev.JobCancelled() | ev.JobExpired():
            _end(job, time, event)
        case ev.Unknown():
            pass


def _progress(job: Job, event: ev.JobProgressed) -> None:
    progress = job.progress
    progress.fraction = min(1.0, max(progress.fraction, event.fraction))
    progress.eta_seconds = event.eta_seconds
    if event.message is not None:
        progress.message = event.message


def _move(
    job: Job,
    record: Record,
    event: ev.JobScheduled | ev.JobQueued | ev.JobStarted | ev.JobReleased | ev.JobStalled,
) -> None:
    match event:
        case ev.JobQueued():
            job.state, job.until = S.QUEUED, None
        case ev.JobStarted():
            _start(job, record, event)
        case ev.JobReleased():
            job.state, job.released, job.worker, job.deadline = S.QUEUED, True, None, None
        case ev.JobScheduled():
            job.state, job.released, job.worker, job.deadline = S.SCHEDULED, True, None, None
            job.until, job.waits_for, job.share = event.until, event.child, event.share
        case ev.JobStalled():
            pass


def _start(job: Job, record: Record, event: ev.JobStarted) -> None:
    job.state, job.released = S.RUNNING, False
    job.run, job.attempt, job.worker = record.seq, event.attempt, event.worker
    job.started_at, job.run_started_at = job.started_at or record.time, record.time
    allowed = job.request.timeout_seconds
    job.deadline = None if allowed is None else _later(record.time, allowed)
    #: A run starts over, and nothing is counted twice: what its predecessor showed of steps and items is gone, its
    #: alerts no longer fire, its series are told from where the run sets in, its outputs wait for output.reset.
    job.progress, job.items = _resumed(job), Items()
    job.waits_for, job.share = None, None
    job.alerts.calm(record.time)
    for metric in job.metrics.values():
        metric.rewind = True
    plan = event.steps or []
    job.steps = {s.name: Step(name=s.name, title=s.title, weight=s.weight) for s in plan[:MAX_STEPS]}
    job.truncated = job.truncated or len(plan) > MAX_STEPS


def _resumed(job: Job) -> Progress:
    """How far the job is at the begin of a run; one that goes on after a child is no less far than it was."""
    return Progress() if job.waits_for is None else Progress(job.progress.fraction, job.progress.message)


def _turn(job: Job, time: str, event: ev.JobRetrying | ev.JobCancelling | ev.CancelEscalated) -> None:
    match event:
        case ev.JobRetrying():
            job.errors = [*job.errors, event.error][-10:]
            job.worker, job.deadline, job.state = None, None, S.SCHEDULED
            job.until = _later(time, event.delay_seconds)
        case ev.JobCancelling():
            job.state = S.CANCELLING
            job.cancel = Cancel(requested_at=time, deadline=event.deadline, reason=event.reason, by=event.by)
        case ev.CancelEscalated():
            pass


def _end(job: Job, time: str, event: ev.JobSucceeded | ev.JobFailed | ev.JobCancelled | ev.JobExpired) -> None:
    job.finished_at, job.until, job.deadline, job.progress.eta_seconds = time, None, None, None
    job.waits_for, job.share = None, None
    match event:
        case ev.JobSucceeded():
            job.state, job.result, job.progress.fraction = S.SUCCEEDED, event.result, 1.0
        case ev.JobFailed():
            job.state, job.error = S.FAILED, event.error
        case ev.JobCancelled():
            job.state = S.CANCELLED
            job.cancel = job.cancel or Cancel(requested_at=time, reason=event.reason)
            job.cancel.mode = event.mode
        case ev.JobExpired():
            job.state = S.EXPIRED


def _artifact(job: Job, event: ev.ArtifactReady) -> None:
    if event.name in job.artifacts or len(job.artifacts) < MAX_ARTIFACTS:
        job.artifacts[event.name] = event
    else:
        job.truncated = True


def _step(job: Job, name: str) -> Step:
    return _slot(job, job.steps, name, Step, MAX_STEPS)


def _slot(job: Job, slots: dict[str, V], name: str, kind: Callable[..., V], most: int) -> V:
    """The view called *name*, made on first use; beyond *most* a loose one that the snapshot leaves out."""
    slot = slots.get(name)
    if slot is None:
        slot = kind(name=name)
        if len(slots) < most:
            slots[name] = slot
        else:
            job.truncated = True
    return slot


def _later(time: str, seconds: float) -> str:
    return rfc3339(from_rfc3339(time) + round(min(max(0.0, seconds), MAX_DELAY_SECONDS) * 1000))
