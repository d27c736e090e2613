"""What a soak's logs and marks say once all is over: each log against its own grammar, the marks against the logs.

A run is one worker's hold of a job, from its ``job.started`` until the job is released, retried or at its end; the log
alone says when. A mark is a line that a job's code wrote past the service, so it says what really ran. A process that
was held still, and wakes when its job is another's, runs on until it hears of that: its marks are allowed for
FENCE_SECONDS, its events never.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

import msgspec

from cli.kills import Fault
from jobs.events import TERMINAL

#: From the begin of the next run to the end of the last one: 0.4 s until the warden looks, 2 s that it gives, then
#: SIGKILL; and twice that for a machine that is busy. Time in which those who see to it were missed is not counted.
FENCE_SECONDS = 5.0
#: Without these no run can be ended.
ENFORCERS = {"Redis", "warden", "worker", "whole worker"}
#: What only a run writes, by the first part of its name.
_OF_A_RUN = {"step", "output", "item", "log", "metric", "alert", "artifact"}
_OF_A_RUN_TOO = {"job.progress", "job.extended", "job.cancel_escalated", "job.cancelling", "job.stalled"}
#: How a job may fail here: its code raises nothing, and its workers are killed.
LOSSES = {"worker_lost", "poison"}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One stored event as the service tells it."""

    type: str
    seq: int
    data: dict[str, Any] = {}


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What a job's own code has written of itself; ``at`` by CLOCK_MONOTONIC."""

    job: str
    run: int
    attempt: int
    pid: int
    at: float
    what: str
    step: str = ""
    token: str = ""


class Account:
    """One job's log, gone through from its first event to its last; ``faults`` is what cannot be."""

    def __init__(self, log: Iterable[Told]) -> None:
        self.faults: list[str] = []
        #: Run → the attempt that it belongs to.
        self.runs: dict[int, int] = {}
        #: Durable step → the run that recorded it.
        self.recorded: dict[str, int] = {}
        self.reused = self.lost = self.released = 0
        self.ending = "nothing"
        self.result: Any = None
        self._run: int | None = None
        self._attempt, self._goes_on, self._cancelling, self._stalled = 0, False, False, False
        self._open: set[str] = set()
        for event in log:
            self._see(event)

    def _see(self, event: Told) -> None:
        if self._stalled and event.type not in {"job.retrying", "job.failed", "job.cancelled"}:
            self._fault(event, "after job.stalled")
        self._stalled = event.type == "job.stalled"
        if self._run is None and (event.type.partition(".")[0] in _OF_A_RUN or event.type in _OF_A_RUN_TOO):
            self._fault(event, "while nobody holds the job")
        claimed = (event.data.get("fields") or {}).get("run", self._run)
        if claimed != self._run:
            self._fault(event, f"of run {claimed}, while run {self._run} holds the job")
        self._follow(event)

    def _follow(self, event: Told) -> None:
        match event.type:
            case "job.started":
                self._start(event)
            case "job.cancelling":
                self._cancelling = True
            case "job.stalled":
                self.lost += 1
            case "job.released" | "job.retrying":
                self._give_back(event)
            case "step.started" | "step.succeeded" | "step.reused":
                self._step(event, str(event.data["name"]))
            case "step.failed" if event.data["error"]["code"] == "error":
                self._fault(event, f"with {event.data['error']}")
            case name if name in TERMINAL:
                self._end(event)

    def _start(self, event: Told) -> None:
        if self._run is not None:
            self._fault(event, f"while run {self._run} holds the job")
        expected = self._attempt if self._goes_on else self._attempt + 1
        if event.data["attempt"] != expected:
            self._fault(event, f"as attempt {event.data['attempt']}, not {expected}")
        self._run, self._attempt, self._goes_on = event.seq, expected, False
        self._open.clear()
        self.runs[event.seq] = expected

    def _give_back(self, event: Told) -> None:
        if self._cancelling or self._run is None:
            self._fault(event, "of a job that is being cancelled" if self._cancelling else "while nobody holds the job")
        self._run, self._goes_on = None, event.type == "job.released"
        self.released += self._goes_on

    def _step(self, event: Told, name: str) -> None:
        if name in self.recorded and event.type != "step.reused":
            self._fault(event, f"of {name!r}, which run {self.recorded[name]} has recorded")
        elif event.type == "step.reused":
            self.reused += 1
            if name not in self.recorded:
                self._fault(event, f"of {name!r}, which no run has recorded")
        elif event.type == "step.started":
            self._open.add(name)
        elif name not in self._open:
            self._fault(event, f"of {name!r}, which this run has not begun")
        elif ", in detail" not in name:
            self.recorded[name] = self._run or 0

    def _end(self, event: Told) -> None:
        self._run, data = None, event.data
        self.ending = event.type.removeprefix("job.") + (f" ({data['mode']})" if "mode" in data else "")
        self.result = data.get("result")
        if event.type == "job.failed" and data["error"]["code"] not in LOSSES:
            self._fault(event, f"with {data['error']}")

    def _fault(self, event: Told, why: str) -> None:
        self.faults.append(f"its log has {event.type} {event.seq} {why}")


def read_marks(lines: Iterable[bytes]) -> dict[str, list[Mark]]:
    """The marks of each job, in the order in which they were made."""
    marks = sorted((msgspec.json.decode(line, type=Mark) for line in lines), key=lambda mark: (mark.job, mark.at))
    return {job: list(of_job) for job, of_job in groupby(marks, key=lambda mark: mark.job)}


def faults_of_marks(account: Account, marks: Sequence[Mark], done: Sequence[Fault]) -> Iterator[str]:
    """What ran beside what the log says: claims that were none, steps called again, results of another call."""
    began = {mark.run: mark for mark in marks if mark.what == "began"}
    for mark in marks:
        if account.runs.get(mark.run) != mark.attempt:
            yield f"run {mark.run}, attempt {mark.attempt}, of process {mark.pid} is not in its log"
    yield from _called_again(account, [mark for mark in marks if mark.what == "called"])
    for first, second in pairwise(sorted(began)):
        yield from _too_long(began[first], began[second], marks, done)
    yield from _not_returned(account, marks)


def _called_again(account: Account, calls: Sequence[Mark]) -> Iterator[str]:
    seen = set()
    for call in calls:
        if account.recorded.get(call.step, call.run) < call.run:
            yield f"run {call.run} called {call.step!r}, which run {account.recorded[call.step]} has recorded"
        if (call.run, call.step) in seen:
            yield f"run {call.run} called {call.step!r} twice"
        seen.add((call.run, call.step))


def _too_long(first: Mark, second: Mark, marks: Sequence[Mark], done: Sequence[Fault]) -> Iterator[str]:
    last = max(mark.at for mark in marks if mark.run == first.run)
    allowed = second.at + FENCE_SECONDS
    for fault in done:
        if (fault.kind in ENFORCERS or first.pid in fault.pids) and fault.since < allowed and fault.until > second.at:
            allowed = max(allowed, fault.until + FENCE_SECONDS)
    if last > allowed:
        yield f"run {first.run} still ran {last - second.at:.1f} s after run {second.run} had begun"


def _not_returned(account: Account, marks: Sequence[Mark]) -> Iterator[str]:
    """The result holds what each step returned in the run that recorded it, and in no other."""
    returned = {(mark.run, mark.step): mark.token for mark in marks if mark.what == "returned"}
    for step, value in (account.result or {}).items():
        recorded = account.recorded.get(step)
        if value["run"] != recorded or returned.get((value["run"], step)) != value["token"]:
            yield f"its result has {value} of {step!r}, which run {recorded} has recorded"


def outlived(marks: Sequence[Mark]) -> Iterator[float]:
    """For each run that still wrote when the next one had begun, for how many seconds."""
    began = {mark.run: mark.at for mark in marks if mark.what == "began"}
    for first, second in pairwise(sorted(began)):
        seconds = max(mark.at for mark in marks if mark.run == first) - began[second]
        if seconds > 0:
            yield seconds
