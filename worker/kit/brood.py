"""Children of a job that is run in memory: what becomes of each is said beforehand, by its type."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from pydantic import BaseModel

from jobs import decisions
from jobs import events as ev
from jobs.clock import Clock
from jobs.errors import JobNotFound
from jobs.eventlog import EventLog
from jobs.model import Job
from jobs.writer import Writer, load
from worker import plain
from worker.kit.told import Told
from worker.outcomes import ChildFailed, JobFailed

#: What becomes of the children of one type: their result, their failure, a rehearsal of one, or what gives one of
#: these for the params of each.
Outcome = Any
Outcomes = Mapping[str, Outcome | Callable[[dict[str, Any]], Outcome]]


class Brood:
    """The port of children; each ends while its parent waits for it, and not before."""

    def __init__(self, outcomes: Outcomes, eventlog: EventLog, clock: Clock) -> None:
        self._outcomes, self._log, self._clock = outcomes, eventlog, clock
        self._ids = (f"c{number:025}" for number in itertools.count(1))

    def new_id(self) -> str:
        return next(self._ids)

    def ask(self, kind: str, params: dict[str, Any], *, step: str, labels: Mapping[str, str]) -> ev.Request:
        if kind not in self._outcomes:
            error = ev.Failure(code="type_not_found", message=f"There is no job type {kind!r}.")
            raise ChildFailed(step, None, "refused", error)
        return ev.Request(type=kind, params=params, labels=dict(labels), parent_step=step)

    def submit(self, child_id: str, request: ev.Request) -> None:
        Writer(self._log, child_id, self._clock).create(decisions.submit(request))

    def find(self, child_id: str) -> Job | None:
        try:
            return load(self._log, child_id)
        except JobNotFound:
            return None

    def end(self, child_id: str) -> None:
        """The child runs, and ends as was said."""
        job = load(self._log, child_id)
        if not job.state.terminal:
            start = ev.JobStarted(worker="rehearsal", attempt=1)
            events = [start, *_told_by(self._outcomes[job.request.type], job.request.params)]
            Writer(self._log, child_id, self._clock, job=job).write(events)

    def cancel(self, child_ids: Iterable[str]) -> None:
        """Their parent has ended; one that was to be begun just then has never been."""
        wish = ev.JobCancelled(mode="queued", reason="Its parent job has ended.")
        for child_id in filter(self.find, child_ids):
            Writer(self._log, child_id, self._clock).decide(lambda job: [] if job.state.terminal else [wish])


def _told_by(outcome: Outcome, params: dict[str, Any]) -> list[ev.AnyEvent]:
    try:
        found = outcome(params) if callable(outcome) else outcome
        if isinstance(found, JobFailed):
            raise found
    except JobFailed as error:
        return [ev.JobFailed(error=error.failure())]
    if isinstance(found, Told):
        return _rehearsed(found)
    value = found.model_dump(mode="json") if isinstance(found, BaseModel) else found
    return [ev.JobSucceeded(result=msgspec.json.decode(plain.encoded(value, plain.known)))]


def _rehearsed(told: Told) -> list[ev.AnyEvent]:
    """The artifacts and the end of a child that was rehearsed itself."""
    artifacts: list[ev.AnyEvent] = [msgspec.convert(each, ev.ArtifactReady) for each in told.job["artifacts"]]
    if told.error is not None:
        return [*artifacts, ev.JobFailed(error=told.error)]
    return [*artifacts, ev.JobSucceeded(result=told.result)]
