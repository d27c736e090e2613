"""Child jobs of a run: each begun once for good, waited for without a worker, its end kept as a durable step's is."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn, TypeVar

import msgspec
from pydantic import BaseModel

from jobs import events as ev
from jobs.clock import from_rfc3339
from jobs.errors import LogUnavailable
from jobs.model import Job, JobState
from worker import plain
from worker.blame import Blame
from worker.fraction import Fraction
from worker.keeping import Keeping
from worker.outcomes import ChildFailed, JobFailed, Suspended
from worker.ports import Children, Sink, check, tell
from worker.steps import standing_in

#: How long whoever asks for a child while the log is away waits before it asks again.
_AGAIN_SECONDS = 0.2

T = TypeVar("T")


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """A child job that has succeeded."""

    id: str
    state: str
    #: As JSON has it.
    result: Any = None
    artifacts: tuple[ev.ArtifactReady, ...] = ()


class _Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a child: its id before it is made, and what became of it once its parent is told."""

    id: str
    state: str = ""
    result: Any = None
    artifacts: tuple[ev.ArtifactReady, ...] = ()
    error: ev.Failure | None = None
    seconds: float | None = None


class Asked(NamedTuple):
    """One call of ``ctx.child``."""

    kind: str
    params: Mapping[str, Any] | BaseModel
    name: str
    title: str | None
    weight: float | None
    labels: Mapping[str, str]

    @property
    def key(self) -> str:
        return f"child:{self.name}"


class Offspring:
    """Begins children, or finds them by name; *children* is None where there is no service to run them."""

    def __init__(
        self, children: Children | None, keeping: Keeping, *, attempt: int, sink: Sink, fraction: Fraction, blame: Blame
    ) -> None:
        self._children, self._keeping, self._attempt = children, keeping, attempt
        self._sink, self._fraction, self._blame = sink, fraction, blame
        self._names: set[str] = set()

    def __call__(self, asked: Asked) -> Child:
        """The child once it has succeeded; Suspended before it has ended, ChildFailed where it ended otherwise."""
        check(self._sink)
        #: The second would be taken for the first in the next run, and be given its result.
        if asked.name in self._names:
            raise ValueError(f"this job has a child {asked.name!r} already; each needs a name of its own")
        self._names.add(asked.name)
        if self._children is None:
            raise JobFailed("no_children", "Child jobs need a worker of the service, and this job runs without one.")
        found = self._keeping.find(asked.key)
        kept = None if found is None else msgspec.convert(self._keeping.value(asked.key), _Kept)
        #: A failure that an earlier attempt was told of is no longer one: this attempt begins the child anew.
        if found is None or kept is None or (kept.error is not None and found.attempt < self._attempt):
            self._begin(asked, self._children)
        if kept.state:
            return self._again(asked, kept, found.attempt)
        return self._look(asked, kept.id, self._children)

    # What is yet to end ---------------------------------------------------------------------------------------

    def _begin(self, asked: Asked, children: Children) -> NoReturn:
        """Its id is kept before it is made: a crash between the two makes neither two children nor none."""
        request = self._request(asked, children)
        child = children.new_id()
        stored = self._keeping.keep(asked.key, _Kept(id=child), lambda: self._started(asked, child))
        self._keeping.wait(stored)
        self._submit(children, child, request)
        self._suspend(asked, child)

    def _look(self, asked: Asked, child: str, children: Children) -> Child:
        """What has become of a child that an earlier run has begun, or was about to."""
        tell(self._sink, self._started(asked, child))
        job = self._patiently(lambda: children.find(child))
        if job is None:
            self._submit(children, child, self._request(asked, children))
        if job is None or not job.state.terminal:
            self._suspend(asked, child)
        return self._end(asked, job)

    def _suspend(self, asked: Asked, child: str) -> NoReturn:
        self._fraction.set(asked.name, 0.0)
        raise Suspended(child, self._fraction.share(asked.name, asked.weight))

    def _started(self, asked: Asked, child: str) -> ev.StepStarted:
        outer = standing_in()
        return ev.StepStarted(
            name=asked.name,
            title=asked.title,
            parent=outer.name if outer is not None else None,
            weight=self._fraction.weight(asked.name, asked.weight),
            child=child,
        )

    def _request(self, asked: Asked, children: Children) -> ev.Request:
        params = msgspec.json.decode(plain.encoded(asked.params, plain.known))
        ask = lambda: children.ask(asked.kind, params, step=asked.name, labels=asked.labels)  # noqa: E731 - asked again and again
        return self._patiently(ask)

    def _submit(self, children: Children, child: str, request: ev.Request) -> None:
        self._patiently(lambda: children.submit(child, request))

    def _patiently(self, call: Callable[[], T]) -> T:
        """While the log is away this waits, as all that is kept does; a job that is to end begins no child."""
        while True:
            if self._sink.verdict.found is not None:
                raise self._sink.verdict.found
            try:
                return call()
            except LogUnavailable:
                time.sleep(_AGAIN_SECONDS)

    # What has ended -------------------------------------------------------------------------------------------

    def _end(self, asked: Asked, job: Job) -> Child:
        """The child's end, kept in one append with that of its step: neither is ever found without the other."""
        kept = _end_of(job)
        succeeded = ev.StepSucceeded(name=asked.name, seconds=kept.seconds or 0.0)
        self._keeping.wait(self._keeping.keep(asked.key, kept, lambda: self._closing(asked, kept, succeeded)))
        return self._outcome(asked, kept)

    def _again(self, asked: Asked, kept: _Kept, attempt: int) -> Child:
        """What an earlier run was told of the child."""
        tell(self._sink, self._started(asked, kept.id))
        reused = ev.StepReused(name=asked.name, from_attempt=attempt, seconds=kept.seconds)
        tell(self._sink, self._closing(asked, kept, reused))
        return self._outcome(asked, kept)

    def _closing(self, asked: Asked, kept: _Kept, well: ev.StepSucceeded | ev.StepReused) -> ev.AnyEvent:
        error = _error(asked, kept)
        return well if error is None else ev.StepFailed(name=asked.name, error=self._blame.failure(error))

    def _outcome(self, asked: Asked, kept: _Kept) -> Child:
        error = _error(asked, kept)
        if error is not None:
            raise error
        share = self._fraction.share(asked.name, asked.weight)
        self._fraction.set(asked.name, 1.0)
        if share is not None and not self._fraction.derived:
            self._fraction.put(share[1], None)
        return Child(id=kept.id, state=kept.state, result=kept.result, artifacts=kept.artifacts)


def _end_of(job: Job) -> _Kept:
    """What there is to keep of a child that has ended."""
    artifacts, state = tuple(job.artifacts.values()), job.state.value
    if job.state is JobState.SUCCEEDED:
        return _Kept(id=job.id, state=state, result=job.result, artifacts=artifacts, seconds=_seconds(job))
    reason = (job.cancel and job.cancel.reason) or "nobody said why"
    error = job.error or ev.Failure(code=state, message=reason if job.cancel else "no worker took it")
    return _Kept(id=job.id, state=state, artifacts=artifacts, error=error)


def _error(asked: Asked, kept: _Kept) -> ChildFailed | None:
    return None if kept.error is None else ChildFailed(asked.name, kept.id, kept.state, kept.error)


def _seconds(job: Job) -> float:
    """How long the child took, from the begin of its first run."""
    begin = job.started_at or job.created_at
    return round((from_rfc3339(job.finished_at or begin) - from_rfc3339(begin)) / 1000, 3)
