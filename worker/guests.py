"""Jobs whose messages are a project's own: made when it sends a task, begun when its worker has it, never claimed."""

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict
from ulid import ULID

from jobs import decisions
from jobs import events as ev
from jobs.doorbell import FOREIGN, Doorbell
from jobs.errors import InvalidEvent, JobNotFound, LogUnavailable
from jobs.files import is_id
from jobs.lifecycle import Lifecycle
from jobs.model import WAITING, Job
from worker import plain

#: How long a worker that has the message of a job waits for a log that is away, and how often it looks.
PATIENCE_SECONDS, AGAIN_SECONDS = 60.0, 0.5

T = TypeVar("T")

log = logging.getLogger(__name__)


class Sent(BaseModel):
    """The params of a task: what it was sent with, for people; it is called with what its message brings."""

    model_config = ConfigDict(extra="allow")


class Mute(Doorbell):
    """Rings for nobody: the message that begins such a job is the project's own."""

    def ring(self, queue: str) -> bool:  # noqa: ARG002 - the port's
        return True

    def rung(self, queue: str) -> int | None:  # noqa: ARG002 - the port's
        return None

    def clear(self, queue: str) -> None:
        """There is none of it."""


def job_id_of(task_id: str, retries: int = 0) -> str:
    """The job of a task: its own id where that is one of ours, the same bits where it is a UUID, else a digest.

    Each try that Celery makes of a task is a job of its own, or a message that comes twice would run it twice.
    """
    if retries:
        return _of_bits(hashlib.sha256(f"{task_id} {retries}".encode()).digest()[:16])
    if is_id(task_id):
        return task_id
    with suppress(ValueError):
        return _of_bits(uuid.UUID(task_id).bytes)
    return _of_bits(hashlib.sha256(task_id.encode()).digest()[:16])


def _of_bits(bits: bytes) -> str:
    return str(ULID(bits)).lower()


def request_of(
    name: str,
    project: str,
    args: object,
    kwargs: object,
    *,
    timeout_seconds: float | None = None,
    expires_at: str | None = None,
    retry_of: str | None = None,
) -> ev.Request:
    """What a task's job was asked for; one attempt, for nobody but its sender could send its message again."""
    request = ev.Request(
        type=plain.text(name, plain.NAME),
        params=plain.fields({"args": args or [], "kwargs": kwargs or {}}) or {},
        queue=f"{FOREIGN}{plain.text(project, 60)}",
        max_attempts=1,
        timeout_seconds=timeout_seconds,
        expires_at=expires_at,
        retry_of=retry_of,
    )
    try:
        decisions.submit(request)
    except InvalidEvent:
        return ev.Request(**{**_members(request), "params": {"truncated": True}})
    return request


def _members(request: ev.Request) -> Mapping[str, Any]:
    return {name: getattr(request, name) for name in request.__struct_fields__}


class Guests:
    """Moves such jobs; every call may raise LogUnavailable."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._life = lifecycle

    def accept(self, job_id: str, request: ev.Request) -> Job:
        return self._life.submit(job_id, request)

    def begin(self, job_id: str, request: ev.Request, *, worker: str, steps: list[ev.StepPlan] | None) -> Job | None:
        """The job, now this worker's; None where it is not to be run (any more).

        A message that comes twice finds the job begun or ended. One of a sender that knows nothing of jobs makes it.
        """
        begun: decisions.Events = ()

        def start(job: Job) -> decisions.Events:
            nonlocal begun
            begun = decisions.start(job, worker=worker, steps=steps)
            return begun

        job = _patiently(lambda: self._leased(job_id, request, start))
        return job if begun else None

    def _leased(self, job_id: str, request: ev.Request, start: Callable[[Job], decisions.Events]) -> Job:
        try:
            self._life.load(job_id)
        except JobNotFound:
            self.accept(job_id, request)
        #: The lease comes first, as in any claim; one of a job that turns out to be another's is put right by its own.
        self._life.index.lease([job_id], mode="NX")
        return self._life.decide(job_id, start)

    def drop(self, job_id: str, *, reason: str, expired: bool = False) -> None:
        """Its message will not be run: the job ends where it waits, and is told to where it runs."""
        with suppress(JobNotFound):
            job = self._life.load(job_id)
            if expired and job.state in WAITING:
                self._life.decide(job_id, decisions.expire)
            else:
                self._life.cancel(job_id, reason=reason, by="celery")


def _patiently(call: Callable[[], T]) -> T:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return call()
        except LogUnavailable as error:
            if time.monotonic() > end:
                raise
            log.warning("a task waits for the log: %s", error)
        time.sleep(AGAIN_SECONDS)
