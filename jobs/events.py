"""The facts that can happen to a job: past tense, frozen, no behaviour.

Each class is one event type; its docstring says when it is written, ``docs/protocol.md`` shows the same
table and a test compares the two. An optional field that is None stays out of the JSON.
"""

import re
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from jobs.errors import InvalidEvent

#: The largest ``data`` of one event as JSON, in bytes; a larger one is refused where it is made.
MAX_DATA_BYTES = 64 * 1024
#: The deepest nesting of one event's ``data``: a parser with little stack left must still be able to read it.
MAX_DEPTH = 100

#: What programs tell things apart by. Every name is kept in the snapshot for good, so none may be long.
Name = Annotated[str, msgspec.Meta(max_length=200)]
#: Of a job; it is kept in the head of another.
Id = Annotated[str, msgspec.Meta(max_length=40)]
#: An address; a name of an artifact may be in it, escaped.
Address = Annotated[str, msgspec.Meta(max_length=2000)]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact about one job; ``type`` is its name on the wire."""

    type: ClassVar[str]
    #: Nothing follows a terminal event in a log.
    terminal: ClassVar[bool] = False


class Failure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a job or step failed; ``code`` is for programs, ``message`` for people."""

    code: str
    message: str
    retryable: bool = False
    detail: dict[str, Any] | None = None


class StepPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A step declared before the job began; ``weight`` is its share of the whole."""

    name: str
    title: str
    weight: float = 1.0


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for when the job was accepted; it never changes."""

    type: str
    params: dict[str, Any]
    queue: str = "default"
    priority: int = 5
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    max_attempts: int = 3
    timeout_seconds: float | None = None
    expires_at: str | None = None
    concurrency_key: str | None = None
    cancel_when_unwatched_seconds: float | None = None
    retry_of: str | None = None
    #: The job that this one is a child of, the step that it is there, and how many stand above it in all.
    parent: str | None = None
    parent_step: str | None = None
    depth: int = 0
    #: Uploads that the params name; they live as long as the job does.
    files: list[str] = msgspec.field(default_factory=list)


class JobScheduled(Event, frozen=True, kw_only=True):
    """The job waits for a time, first event of a delayed job; or a run ended to wait for a child job."""

    type = "job.scheduled"
    until: str
    reason: Literal["delay", "retry", "child"]
    request: Request | None = None
    #: The child that is waited for; ``until`` is then when it is looked after, should its end not be told.
    child: Id | None = None
    #: How far the whole is without any of the child, and with all of it.
    share: tuple[float, float] | None = None


class JobQueued(Event, frozen=True, kw_only=True):
    """The job waits for a worker; first event of every other job, or the end of a delay."""

    type = "job.queued"
    request: Request | None = None


class JobStarted(Event, frozen=True, kw_only=True):
    """A worker took the job; this event's seq is the run, the fence for all that it writes."""

    type = "job.started"
    worker: str
    attempt: int
    steps: list[StepPlan] | None = None


class JobProgressed(Event, frozen=True, kw_only=True):
    """The whole job advanced; ``fraction`` never falls within an attempt."""

    type = "job.progress"
    fraction: float
    message: str | None = None
    eta_seconds: float | None = None


class JobExtended(Event, frozen=True, kw_only=True):
    """The run in hand asked for more time: ``deadline`` is when it will have taken too long."""

    type = "job.extended"
    deadline: str


class JobReleased(Event, frozen=True, kw_only=True):
    """Its worker is shutting down; the job is queued again and the same attempt goes on."""

    type = "job.released"
    reason: str = "drain"


class JobStalled(Event, frozen=True, kw_only=True):
    """The lease was taken from a worker that had stopped renewing it."""

    type = "job.stalled"
    worker: str | None = None
    since: str | None = None


class JobRetrying(Event, frozen=True, kw_only=True):
    """An attempt failed and another one follows after ``delay_seconds``."""

    type = "job.retrying"
    error: Failure
    delay_seconds: float
    next_attempt: int


class JobCancelling(Event, frozen=True, kw_only=True):
    """Somebody wishes the job to end; by ``deadline`` it will be made to."""

    type = "job.cancelling"
    deadline: str
    reason: str | None = None
    by: str | None = None


class CancelEscalated(Event, frozen=True, kw_only=True):
    """The next, harder rung of cancel was taken."""

    type = "job.cancel_escalated"
    rung: Literal["cooperative", "interrupted", "killed"]


class JobSucceeded(Event, frozen=True, kw_only=True):
    """The job's function returned ``result``."""

    type = "job.succeeded"
    terminal = True
    result: Any = None


class JobFailed(Event, frozen=True, kw_only=True):
    """The job ended with an error and no attempt is left."""

    type = "job.failed"
    terminal = True
    error: Failure


class JobCancelled(Event, frozen=True, kw_only=True):
    """The job was cancelled; ``mode`` names the rung that ended it."""

    type = "job.cancelled"
    terminal = True
    mode: Literal["queued", "cooperative", "interrupted", "killed", "lost"]
    reason: str | None = None


class JobExpired(Event, frozen=True, kw_only=True):
    """No worker began the job in the time that its sender allowed."""

    type = "job.expired"
    terminal = True


class StepStarted(Event, frozen=True, kw_only=True):
    """A step began; one that was not declared joins the list here."""

    type = "step.started"
    name: Name
    title: str | None = None
    parent: Name | None = None
    weight: float | None = None
    #: The job that the step waits for, where it is a child job.
    child: Id | None = None


class StepProgressed(Event, frozen=True, kw_only=True):
    """A step advanced to ``done`` of ``total`` units."""

    type = "step.progress"
    name: Name
    done: float | None = None
    total: float | None = None
    unit: Name | None = None
    fraction: float | None = None
    message: str | None = None


class StepSucceeded(Event, frozen=True, kw_only=True):
    """A step ended well."""

    type = "step.succeeded"
    name: Name
    seconds: float
    summary: str | None = None


class StepFailed(Event, frozen=True, kw_only=True):
    """A step raised."""

    type = "step.failed"
    name: Name
    error: Failure


class StepSkipped(Event, frozen=True, kw_only=True):
    """A step was not needed."""

    type = "step.skipped"
    name: Name
    reason: str


class StepReused(Event, frozen=True, kw_only=True):
    """A step's result was kept by an earlier attempt and the step not run again."""

    type = "step.reused"
    name: Name
    from_attempt: int
    #: What it took where it was run.
    seconds: float | None = None


class OutputAppended(Event, frozen=True, kw_only=True):
    """Text was added to an output; ``offset`` counts the characters before it."""

    type = "output.delta"
    name: Name
    offset: int
    text: str


class OutputReset(Event, frozen=True, kw_only=True):
    """An output starts over, for example in a new attempt."""

    type = "output.reset"
    name: Name
    reason: str


class OutputDone(Event, frozen=True, kw_only=True):
    """An output is whole: ``length`` in characters, ``sha256`` of its UTF-8."""

    type = "output.done"
    name: Name
    length: int
    sha256: Name


class ArtifactReady(Event, frozen=True, kw_only=True):
    """A file made by the job can be fetched."""

    type = "artifact.ready"
    id: Name
    name: Name
    media_type: Name
    bytes: int
    sha256: Name
    url: Address


class MetricMeasured(Event, frozen=True, kw_only=True):
    """A number of the job at one moment."""

    type = "metric"
    name: Name
    value: float
    step: float | None = None
    unit: Name | None = None


class LogWritten(Event, frozen=True, kw_only=True):
    """A line for people who watch."""

    type = "log"
    level: Literal["debug", "info", "warning", "error"]
    message: str
    fields: dict[str, Any] | None = None


class AlertChanged(Event, frozen=True, kw_only=True):
    """A rule began or ceased to fire."""

    type = "alert"
    name: Name
    severity: Literal["info", "warning", "critical"]
    message: str
    firing: bool
    value: float | None = None
    threshold: float | None = None


class ItemFinished(Event, frozen=True, kw_only=True):
    """One of a batch reached ``state``; never merged with another."""

    type = "item"
    key: Name
    state: Name
    error: Failure | None = None
    fields: dict[str, Any] | None = None


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a newer version: carried unchanged, folds to nothing."""

    type: str
    data: dict[str, Any]


AnyEvent = (
    JobScheduled | JobQueued | JobStarted | JobProgressed | JobExtended | JobReleased | JobStalled | JobRetrying
    | JobCancelling | CancelEscalated | JobSucceeded | JobFailed | JobCancelled | JobExpired
    | StepStarted | StepProgressed | StepSucceeded | StepFailed | StepSkipped | StepReused
    | OutputAppended | OutputReset | OutputDone | ArtifactReady | MetricMeasured | LogWritten
    | AlertChanged | ItemFinished
)  # fmt: skip

#: Every event type by its name on the wire.
EVENTS: dict[str, type[Event]] = {event.type: event for event in AnyEvent.__args__}

#: The types after which nothing follows.
TERMINAL = frozenset(name for name, event in EVENTS.items() if event.terminal)

#: Brackets, and strings as a whole: those inside one do not count.
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_encoder = msgspec.json.Encoder()
_decoders = {name: msgspec.json.Decoder(event) for name, event in EVENTS.items()}


def encode_data(event: AnyEvent) -> bytes:
    """The event's ``data`` as JSON; InvalidEvent where no reader could take it as this event, or it is too large."""
    return written(event)[0]


def written(event: AnyEvent) -> tuple[bytes, AnyEvent]:
    """As :func:`encode_data`, and the event as whoever reads that gets it."""
    try:
        data = _encoder.encode(event)
        if len(data) <= MAX_DATA_BYTES and not _too_deep(data):
            #: NaN becomes null, a number given as text stays text: readers would make nothing of either.
            return data, _decoders[event.type].decode(data)  # type: ignore[return-value] # its decoder's own type
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        raise InvalidEvent(event=event.type, why=f"it is not JSON of its shape ({error})") from None
    why = f"its data is nested more than {MAX_DEPTH} deep"
    if len(data) > MAX_DATA_BYTES:
        why = f"its data is {len(data)} bytes of JSON, the limit is {MAX_DATA_BYTES}"
    raise InvalidEvent(event=event.type, why=why)


def _too_deep(data: bytes) -> bool:
    #: Each level opens and closes.
    if len(data) <= 2 * MAX_DEPTH or data.count(b"{") + data.count(b"[") <= MAX_DEPTH:
        return False
    depth = deepest = 0
    for mark in _MARKS.findall(data):
        depth += (mark in b"{[") - (mark in b"}]")
        deepest = max(deepest, depth)
    return deepest > MAX_DEPTH


def decode_data(name: str, data: bytes | msgspec.Raw) -> AnyEvent | Unknown:
    """The event of type *name*; a type, or a shape, that this version does not know is Unknown."""
    decoder = _decoders.get(name)
    if decoder is not None:
        try:
            return decoder.decode(data)  # type: ignore[return-value]
        except msgspec.ValidationError:
            pass
    return Unknown(type=name, data=msgspec.json.decode(data))
