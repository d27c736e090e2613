"""A job's whole life in memory: the worker's own runner, on a clock that is moved, with whatever is to happen to it."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel

from jobs import decisions
from jobs import events as ev
from jobs.clock import from_rfc3339
from jobs.memory_log import MemoryLog
from jobs.model import Job, JobState
from jobs.writer import Writer, load
from worker.fraction import Fraction
from worker.interrupt import Never
from worker.job_type import JobType
from worker.kit.brood import Brood, Outcomes
from worker.kit.clockwork import Clock
from worker.kit.cues import Cues, Ledger, NeverCame, Whens, Wish
from worker.kit.props import Props
from worker.kit.stage import Stage
from worker.kit.told import Told, told
from worker.kit.witness import Witness
from worker.outcomes import RunOver
from worker.runner import Runner

#: The job's id, the same each time.
JOB_ID = "0" * 26
_NO_MOMENT: Whens = ()


def rehearse(
    kind: JobType,
    params: Mapping[str, Any] | BaseModel | None = None,
    *,
    files: Mapping[str, bytes] | None = None,
    clock: Clock | None = None,
    max_attempts: int | None = None,
    timeout_seconds: float | None = None,
    grace_seconds: float = 5.0,
    load: int = 0,
    children: Outcomes | None = None,
    cancel_at: Whens = _NO_MOMENT,
    release_at: Whens = _NO_MOMENT,
    crash_at: Whens = _NO_MOMENT,
    reraise: bool = False,
) -> Told:
    """Runs a job of type *kind* to its end, with all its attempts, and returns what it has told.

    *params* are the type's example unless given; where one of them is an upload it may be the name of one of *files*.
    What is to happen is said by its moment: the number of an event, the name of a step that has just begun, an
    :class:`After`, a function that says of each event whether it is the one, or a list of these. At ``cancel_at`` the
    job is cancelled; at ``release_at`` its worker has to go, and the same attempt goes on with the next run; at
    ``crash_at`` its worker dies, and nothing more is written by that run. NeverCame where a moment did not come.

    *load* is what ``ctx.load`` says, 0 to 4. *children* says by their type what becomes of child jobs: a result, a
    JobFailed, what :func:`rehearse` has told of one, or a function that gives one of these for the child's params. The
    job is suspended while it waits for a child, as in the service.

    Each call with the same arguments has the same events, at the same times: back-off takes nothing off by chance, and
    the time is that of *clock*. With *reraise* a job that failed raises what its function had raised.
    """
    ledger, clock = Ledger(), clock or Clock()
    props = Props(files or {})
    life = _Life(
        kind=msgspec.structs.replace(kind, backoff=msgspec.structs.replace(kind.backoff, jitter=0.0)),
        ledger=ledger,
        clock=clock,
        cues=Cues(ledger, {Wish.CANCEL: cancel_at, Wish.RELEASE: release_at, Wish.CRASH: crash_at}),
        props=props,
        brood=Brood(children or {}, MemoryLog(), clock),
        grace_seconds=grace_seconds,
        load=load,
    )
    ended = life.lead(
        ev.Request(
            type=kind.name,
            params=props.named_in(_plain(kind, params), kind),
            queue=kind.queue,
            max_attempts=kind.max_attempts if max_attempts is None else max_attempts,
            timeout_seconds=kind.timeout_seconds if timeout_seconds is None else timeout_seconds,
        )
    )
    life.witness.give_back()
    ended.epoch = "rehearsal"
    exception = life.witness.behind(ended.error)
    if reraise and exception is not None:
        raise exception
    found = told(ended, ledger.events, props.blobs, exception)
    if life.cues.left is not None:
        raise NeverCame(*life.cues.left, found) from exception
    return found


def _plain(kind: JobType, params: Mapping[str, Any] | BaseModel | None) -> dict[str, Any]:
    if params is None:
        return dict(kind.example or {})
    return params.model_dump(mode="json") if isinstance(params, BaseModel) else dict(params)


@dataclass(kw_only=True)
class _Life:
    """From the first event to the last."""

    kind: JobType
    ledger: Ledger
    clock: Clock
    cues: Cues
    props: Props
    brood: Brood
    grace_seconds: float
    load: int = 0
    witness: Witness = field(default_factory=Witness)
    stage: Stage | None = None

    def lead(self, request: ev.Request) -> Job:
        self._writer().create(decisions.submit(request))
        while not (job := self._now()).state.terminal:
            self._go_on(job)
        self.brood.cancel(step.child for step in job.steps.values() if step.child is not None)
        return job

    def _now(self) -> Job:
        """The job as it is, after all that is due where no worker holds it."""
        job = load(self.ledger, JOB_ID)
        for _ in self.cues.due([Wish.CANCEL]) if not job.state.terminal else ():
            wish = partial(decisions.cancel, now_ms=self.clock(), grace_seconds=0, reason=None, by=None)
            job = self._writer().decide(wish)
        return job

    def _go_on(self, job: Job) -> None:
        match job.state:
            case JobState.SCHEDULED if job.waits_for is not None:
                self.clock.reach(self.clock() + 1)
                self.brood.end(job.waits_for)
                self._writer().decide(partial(decisions.wake, child=job.waits_for))
            case JobState.SCHEDULED:
                self.clock.reach(from_rfc3339(job.until or job.created_at))
                self._writer().decide(decisions.promote)
            case JobState.QUEUED:
                steps = list(self.kind.steps) or None
                self._run(self._writer().decide(partial(decisions.start, worker="rehearsal", steps=steps)))
            case _:
                #: A run that ended without a word, as one does that its own author declared over.
                self._writer().decide(partial(decisions.lose, since_ms=self.clock()))

    def _run(self, job: Job) -> None:
        runner = Runner(
            eventlog=self.ledger,
            clock=self.clock,
            interrupter=Never,
            load=lambda: self.load,
            children=self.brood,
            publisher=self._stage,
            blame=self.witness.blame,
            fraction=lambda plan: _Loud(plan, self.clock.monotonic, self._beat),
        )
        with (
            tempfile.TemporaryDirectory(prefix="tailrace-rehearsal-", ignore_cleanup_errors=True) as folder,
            suppress(RunOver),
        ):
            runner.run(self.kind, job, self.props, Path(folder))
        self.clock.watcher = None

    def _stage(self, writer: Writer, **given: Any) -> Stage:
        stage = Stage(writer, clock=self.clock, cues=self.cues, grace_seconds=self.grace_seconds, **given)
        self.clock.watcher = self.stage = stage
        return stage

    def _beat(self) -> None:
        if self.stage is not None:
            self.stage.beat(force=True)

    def _writer(self) -> Writer:
        return Writer(self.ledger, JOB_ID, self.clock)


class _Loud(Fraction):
    """Every word of the author's on the whole job is told at once, as every other event is."""

    def __init__(self, plan: Iterable[ev.StepPlan], clock: Callable[[], float], beat: Callable[[], None]) -> None:
        super().__init__(plan, clock)
        self._beat = beat

    def put(self, fraction: float, message: str | None) -> None:
        super().put(fraction, message)
        self._beat()
