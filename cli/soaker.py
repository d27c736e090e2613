"""One client of the soak: submits, follows with cuts, cancels now and then, and keeps what it saw."""

import random
import secrets
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from cli.errors import CommandError, Refused, Unreachable
from cli.follow import Follower
from cli.inquest import Told
from cli.quota import Quota
from cli.service import Json, Service
from jobs.events import TERMINAL

#: The job types of ``tests/chaos/survivors.py``: how often each is taken, and how often it is cancelled.
KINDS = {"survivor": (4, 0.15), "awaiter": (2, 0.15), "spawner": (2, 0.25), "deaf": (2, 0.5)}
#: Where a job is cancelled; one that does not look up always in the step where it does not.
MOMENTS, DEAF_STEP = ("job.queued", "read", "clean", "count", "weigh", "write"), "count"
#: How often a connection is cut after an event.
CUT = 0.05
GRACES_SECONDS = (0.5, 2.0, 5.0)
#: As many as a sender may ask for: no job is to fail because faults were many.
ATTEMPTS = 20
PATIENCE_SECONDS = 90.0
_PAUSE_SECONDS = 0.3

Span = tuple[int, int, str]


class Seen(msgspec.Struct):
    """Of one stored event, what the comparison needs; ``span`` is the seqs that it stands for."""

    type: str
    seq: int | None = None
    from_seq: int | None = msgspec.field(default=None, name="from")

    @property
    def span(self) -> Span:
        last = self.seq or 0
        return self.from_seq or last, last, self.type


class Soaker(threading.Thread):
    """Job after job while *quota* has any, each with its marks in *marks*; what is wrong goes to ``faults``."""

    def __init__(self, address: str, dice: random.Random, quota: Quota, marks: Path) -> None:
        super().__init__(daemon=True)
        self.faults: list[str] = []
        self.cuts = 0
        self.job_id = ""
        self.seen: dict[str, list[Span]] = {}
        self._wished: dict[str, str] = {}
        self._dice, self._quota, self._marks = dice, quota, marks
        self._service = Service(address)

    def run(self) -> None:
        """Until there are no more, and the job in hand has ended."""
        while self._quota.take():
            try:
                kind = self._dice.choices(list(KINDS), [share for share, _ in KINDS.values()])[0]
                self.job_id = self._submit(kind)
                self.seen[self.job_id] = []
                self._follow(self.job_id, self._cancelled_at(kind))
            except CommandError as error:
                self.faults.append(f"job {self.job_id}: {error}")
                time.sleep(_PAUSE_SECONDS)

    def compare_with_log(self) -> dict[str, list[Told]]:
        """Each job's log from the beginning, found whole, with one end, and as this client saw it."""
        logs = {job_id: self._log(job_id) for job_id in list(self.seen)}
        self._service.close()
        for job_id, log in logs.items():
            self.faults += [f"job {job_id}: {fault}" for fault in self._compared(job_id, log)]
        return logs

    def _compared(self, job_id: str, log: list[Told]) -> list[str]:
        seen, stored = self.seen[job_id], [(event.seq, event.seq, event.type) for event in log]
        faults = [
            f"its {name} {fault}" for name, spans in (("client", seen), ("log", stored)) for fault in faults_of(spans)
        ]
        types = {event.seq: event.type for event in log}
        #: An event that stands for several is of the last one's type.
        faults += [
            f"its client saw {name} {last}, its log has {types.get(last)}"
            for _, last, name in seen
            if types.get(last) != name
        ]
        if seen and stored and seen[-1] != stored[-1]:
            faults.append(f"its client saw {seen[-1]} last, its log ends with {stored[-1]}")
        if self._wished.get(job_id) == "cancelling" and "job.cancelling" not in types.values():
            faults.append("its cancel was answered, and is not in its log")
        return faults

    def _submit(self, kind: str) -> str:
        """The id of a job that was accepted: the same key until there is an answer."""
        params = {"marks": str(self._marks), "seed": self._dice.randrange(10**6)}
        body = {"type": kind, "params": params, "max_attempts": ATTEMPTS}
        key = secrets.token_hex(8)
        return str(_patiently(lambda: self._service.submit(body, idempotency_key=key))["id"])

    def _cancelled_at(self, kind: str) -> str:
        """The step, or the event, at whose first sight the job is cancelled; none where it is not."""
        at = self._dice.choice(MOMENTS)
        if self._dice.random() >= KINDS[kind][1]:
            return ""
        return DEAF_STEP if kind == "deaf" else at

    def _follow(self, job_id: str, cancelled_at: str) -> None:
        spans = self.seen[job_id]
        after, ended = "0", False
        while not ended:
            follower = Follower(self._service, job_id, after=after)
            ended = True
            for event in follower:
                if event.type == "stream.gap":
                    self.faults.append(f"job {job_id}: a gap: {event.data}")
                seen = msgspec.json.decode(event.envelope, type=Seen)
                if seen.seq is None:
                    continue
                spans.append(seen.span)
                if cancelled_at in (event.type, event.data.get("name")):
                    cancelled_at = ""
                    self._cancel(job_id)
                if self._dice.random() < CUT:
                    self.cuts += 1
                    ended = False
                    break
            after = follower.after or "0"

    def _cancel(self, job_id: str) -> None:
        wish: dict[str, Any] = {"reason": "soak", "grace_seconds": self._dice.choice(GRACES_SECONDS)}
        try:
            self._wished[job_id] = self._service.cancel(job_id, wish)["state"]
        except CommandError:
            return  # a wish that did not arrive is none

    def _log(self, job_id: str) -> list[Told]:
        after, log = "0", list[Told]()
        while True:
            page = _patiently(partial(self._service.page, job_id, after))
            log += [msgspec.convert(event, Told) for event in page["events"]]
            after = page["cursor"]
            if page["end"] or not page["events"]:
                return log


def _patiently(call: Callable[[], Json]) -> Json:
    """The first answer; a service that is away for long, or refuses for good, is the caller's to tell of."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return call()
        except (Unreachable, Refused) as error:
            if time.monotonic() > deadline or (isinstance(error, Refused) and not error.passing):
                raise
            time.sleep(_PAUSE_SECONDS)


def faults_of(spans: list[Span]) -> list[str]:
    """What is wrong with a sequence that should be 1, 2, 3 … with exactly one terminal event, at its end."""
    faults, expected = [], 1
    for first, last, name in spans:
        if first != expected:
            faults.append(f"has {name} {first} where {expected} should be")
        expected = last + 1
    terminal = [name for _, _, name in spans if name in TERMINAL]
    if len(terminal) != 1:
        faults.append(f"has {len(terminal)} terminal events {terminal}")
    elif spans[-1][2] not in TERMINAL:
        faults.append(f"goes on with {spans[-1]} after its terminal event")
    return faults
