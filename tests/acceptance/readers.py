"""Readers of streams as EventSource is one, and what a log has to be once its job has ended."""

import contextlib
import json
import threading
import time
from math import inf
from random import Random
from typing import Any, Self

import httpx

from tests.followers import TERMINAL
from tests.service import Service

#: A reader gives up by itself, so that one that a failed test left behind does not knock until the session's end.
_SECONDS = 90


class EventSource(threading.Thread):
    """Follows *url* to its end: reconnects with the last id after every break; *cuts* makes it break now and then."""

    def __init__(self, url: str, *, after: str | None = None, cuts: Random | None = None) -> None:
        super().__init__(daemon=True)
        self.url, self.after, self._cuts = url, after, cuts
        self.seen: list[dict[str, Any]] = []
        #: How many events had been seen when a gap was told.
        self.gaps: list[int] = []
        self.ended = False
        #: Why the stream said that it ends.
        self.reason: object = None
        self.breaks = 0
        self.stopped = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.join(30)

    def run(self) -> None:
        deadline = time.monotonic() + _SECONDS
        #: One for all its connections: each new one would read the machine's certificates, for milliseconds of CPU.
        with httpx.Client(timeout=20) as client:
            while not self.ended and not self.stopped.is_set() and time.monotonic() < deadline:
                with contextlib.suppress(httpx.HTTPError):
                    self._read(client, self._cuts.randint(5, 60) if self._cuts else inf)
                self.breaks += 1
                self.stopped.wait(0.05)

    def _read(self, client: httpx.Client, cut: float) -> None:
        """One connection, of *cut* frames at most."""
        headers = {"Last-Event-ID": self.after} if self.after else {}
        with client.stream("GET", self.url, headers=headers) as answer:
            if answer.status_code == httpx.codes.NO_CONTENT:
                self.ended = True
            frame: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                frame[name] = value
                if not line:
                    self._take(frame)
                    frame, cut = {}, cut - 1
                if cut == 0 or self.stopped.is_set():
                    return

    def _take(self, frame: dict[str, str]) -> None:
        self.after = frame.get("id", self.after)
        if "data" not in frame:
            return
        envelope = json.loads(frame["data"])
        if "seq" in envelope:
            self.seen.append(envelope)
        elif envelope["type"] == "stream.gap":
            self.gaps.append(len(self.seen))
        elif envelope["type"] == "stream.end":
            self.ended, self.reason = True, envelope["data"]["reason"]

    def of(self, job_id: str) -> list[dict[str, Any]]:
        """What was told of one job, as its own stream would tell it."""
        return [{k: v for k, v in each.items() if k != "cursor"} for each in self.seen if each["job"] == job_id]


class Reader(EventSource):
    """Follows one job from its first event, at once."""

    def __init__(self, service: Service, job_id: str) -> None:
        super().__init__(f"{service.url}/v1/jobs/{job_id}/events?after=0")
        self.job_id = job_id
        self.start()


def ended_once(service: Service, job_id: str) -> list[dict[str, Any]]:
    """The job's log: dense, with one terminal event, which is its last."""
    events = service.events(job_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events if event["type"] in TERMINAL] == [events[-1]["type"]]
    return events
