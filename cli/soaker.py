"""One client of the soak: submits, follows with cuts, cancels now and then, and keeps what it saw."""

import random
import secrets
import threading
import time
from collections import Counter
from typing import Any

import msgspec

from cli.errors import CommandError, Refused, Unreachable
from cli.follow import Follower
from cli.service import Service
from jobs.events import TERMINAL

#: How often a job is cancelled, and a connection cut after an event.
CANCEL, CUT = 0.2, 0.15
PATIENCE_SECONDS = 60.0
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
    """Job after job until *over*; what is wrong goes to ``faults``."""

    def __init__(self, address: str, dice: random.Random, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.faults: list[str] = []
        self.ends: Counter[str] = Counter()
        self.cuts = 0
        self.job_id = ""
        self._seen: dict[str, list[Span]] = {}
        self._dice, self._over = dice, over
        self._service = Service(address)

    def run(self) -> None:
        """Until it is over, and the job in hand has ended."""
        while not self._over.is_set():
            try:
                self.job_id = self._submit()
                self._seen[self.job_id] = self._follow(self.job_id)
            except CommandError as error:
                self.faults.append(f"job {self.job_id}: {error}")

    def compare_with_log(self) -> None:
        """Each job's log from the beginning: whole, one end, and what this client saw."""
        for job_id, seen in self._seen.items():
            log = self._log(job_id)
            for name, spans in (("its client", seen), ("its log", log)):
                self.faults += [f"job {job_id}: {name} {fault}" for fault in faults_of(spans)]
            self.ends[seen[-1][2].removeprefix("job.") if seen else "nothing"] += 1
            if seen and log and seen[-1] != log[-1]:
                self.faults.append(f"job {job_id}: its client saw {seen[-1]} last, the log ends with {log[-1]}")
        self._service.close()

    def _submit(self) -> str:
        """The id of a job that was accepted: the same key until there is an answer."""
        count, every = self._dice.randint(1, 30), self._dice.choice((0.01, 0.05, 0.2))
        body = {"type": "ticks", "params": {"n": count, "seconds": every}, "max_attempts": 10}
        key, deadline = secrets.token_hex(8), time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return str(self._service.submit(body, idempotency_key=key)["id"])
            except (Unreachable, Refused) as error:
                if time.monotonic() > deadline or (isinstance(error, Refused) and not error.passing):
                    raise
                time.sleep(_PAUSE_SECONDS)

    def _follow(self, job_id: str) -> list[Span]:
        spans: list[Span] = []
        after, ended = "0", False
        cancel_after = self._dice.randint(1, 20) if self._dice.random() < CANCEL else 0
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
                if len(spans) == cancel_after:
                    self._cancel(job_id)
                if self._dice.random() < CUT:
                    self.cuts += 1
                    ended = False
                    break
            after = follower.after or "0"
        return spans

    def _cancel(self, job_id: str) -> None:
        wish: dict[str, Any] = {"reason": "soak"}
        try:
            self._service.cancel(job_id, wish)
        except CommandError:
            return  # a wish that did not arrive is none

    def _log(self, job_id: str) -> list[Span]:
        after, spans = "0", []
        while True:
            page = self._service.page(job_id, after)
            spans += [msgspec.convert(event, Seen).span for event in page["events"]]
            after = page["cursor"]
            if page["end"] or not page["events"]:
                return spans


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
