"""The head of a job: the small summary that claims, sweeps, leases and lists read instead of its log."""

import msgspec

from jobs.clock import from_rfc3339
from jobs.model import WAITING, Job, JobState

#: The largest head in bytes of JSON: a claim reads a thousand of them, a list a hundred.
MAX_HEAD_BYTES = 2 * 1024
#: Characters of the progress message, and of a worker's id and an error's code, that a head keeps.
MESSAGE = 200
WORD = 100
#: Bytes of JSON that a request's type, queue, labels and concurrency key may take of it together.
MAX_WORDS_BYTES = 1200


class Head(msgspec.Struct, frozen=True, omit_defaults=True):
    """At most 2 KiB of JSON; times in milliseconds since 1970."""

    id: str
    type: str
    state: JobState
    epoch: str
    seq: int
    queue: str
    priority: int
    attempt: int
    max_attempts: int
    run: int
    created: int
    labels: dict[str, str]
    released: bool = False
    worker: str | None = None
    until: int | None = None
    expires: int | None = None
    started: int | None = None
    run_started: int | None = None
    finished: int | None = None
    #: When the run in hand will have taken too long.
    deadline: int | None = None
    unwatched_seconds: float | None = None
    cancel_deadline: int | None = None
    fraction: float = 0.0
    message: str | None = None
    error_code: str | None = None
    concurrency_key: str | None = None
    retry_of: str | None = None
    #: The job that this one is a child of, and the child that it waits for itself.
    parent: str | None = None
    waits_for: str | None = None

    @property
    def waiting(self) -> bool:
        return self.state in WAITING


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Head)


def head_of(job: Job) -> Head:
    """The summary of *job* as it stands."""
    request, cancel = job.request, job.cancel
    return Head(
        id=job.id,
        type=request.type,
        state=job.state,
        epoch=job.epoch,
        seq=job.seq,
        queue=request.queue,
        priority=request.priority,
        attempt=job.attempt,
        max_attempts=request.max_attempts,
        run=job.run,
        created=from_rfc3339(job.created_at),
        labels=request.labels,
        released=job.released,
        worker=job.worker and job.worker[:WORD],
        until=_ms(job.until),
        expires=_ms(request.expires_at),
        started=_ms(job.started_at),
        run_started=_ms(job.run_started_at),
        finished=_ms(job.finished_at),
        deadline=_ms(job.deadline),
        unwatched_seconds=request.cancel_when_unwatched_seconds,
        cancel_deadline=_ms(cancel.deadline) if cancel else None,
        fraction=job.progress.fraction,
        message=job.progress.message and job.progress.message[:MESSAGE],
        error_code=job.error.code[:WORD] if job.error else None,
        concurrency_key=request.concurrency_key,
        retry_of=request.retry_of,
        parent=request.parent,
        waits_for=job.waits_for,
    )


def encode_head(head: Head) -> bytes:
    """The head as JSON; the message gives way where both do not fit."""
    data = _encoder.encode(head)
    if len(data) > MAX_HEAD_BYTES:
        data = _encoder.encode(msgspec.structs.replace(head, message=None))
    return data


def decode_head(data: bytes) -> Head:
    return _decoder.decode(data)


class _Place(msgspec.Struct):
    seq: int


_place = msgspec.json.Decoder(_Place)


def decode_seq(data: bytes) -> int:
    """How far the job's log goes, and nothing else of its head: read of thousands of jobs again and again."""
    return _place.decode(data).seq


def _ms(time: str | None) -> int | None:
    return None if time is None else from_rfc3339(time)
