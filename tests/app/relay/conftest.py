"""A relay on a real Redis, and clients that read from it."""

import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
import msgspec
import pytest
from gevent import socket

from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.subscriber import Reading
from app.relay.upkeep import Pace
from app.roster import Roster
from app.view import View
from jobs import events as ev
from jobs.catalogue import TypeEntry
from jobs.eventlog import Cursor
from jobs.files import new_id
from jobs.resource import resource
from jobs.settings import Settings
from jobs.wiring import Parts, assemble
from jobs.writer import Writer

TYPES = {"hello": TypeEntry(name="hello", title="Hello", params_schema={})}
PACE = Pace(heartbeat=60, check=0.5)


@pytest.fixture
def parts(redis_url: str, tmp_path: Path) -> Iterator[Parts]:
    made = assemble(Settings.from_env({"REDIS_URL": redis_url, "TAILRACE_DATA": str(tmp_path)}))
    yield made
    made.client.close()
    made.client.connection_pool.disconnect()


@pytest.fixture
def relay(parts: Parts) -> Iterator[Relay]:
    made = relay_of(parts, PACE)
    yield made
    made.stop()


def relay_of(parts: Parts, pace: Pace) -> Relay:
    def snapshot(job_id: str) -> tuple[Cursor, dict[str, Any]]:
        job = parts.lifecycle.load(job_id)
        return job.cursor, resource(job)

    view = View.of(parts)
    cards = Roster(parts.lifecycle, view).cards
    return Relay(parts.client, parts.log, snapshot, view.prospects.places, pace=pace, retention_seconds=60, cards=cards)


@dataclass
class Client:
    """Reads one stream to its end, or until it has *cut* frames; keeps the envelopes."""

    relay: Relay
    job_id: str
    after: Cursor | str | None = "0"
    cut: int | None = None
    lens: Lens = field(default_factory=Lens)
    pause: Callable[[], float] = lambda: 0.0
    frames: list[dict[str, str]] = field(default_factory=list)
    raw: bytes = b""
    comments: int = 0

    def run(self) -> "Client":
        ours, theirs = socket.socketpair()
        self.relay.adopt(theirs, Reading(job_id=self.job_id, after=self.after, lens=self.lens))
        buffer = b""
        with contextlib.closing(ours):
            while data := ours.recv(4096):
                buffer, self.raw = buffer + data, self.raw + data
                *whole, buffer = buffer.split(b"\n\n")
                self.comments += sum(line.startswith(b":") for part in whole for line in part.split(b"\n"))
                self.frames += [_fields(part) for part in whole]
                if self.cut is not None and len(self.frames) >= self.cut:
                    break
                gevent.sleep(self.pause())
        return self

    def start(self) -> gevent.Greenlet:
        return gevent.spawn(self.run)

    @property
    def types(self) -> list[str]:
        return [frame["event"] for frame in self.frames if "event" in frame]

    @property
    def seqs(self) -> list[int]:
        return [msgspec.json.decode(f["data"])["seq"] for f in self.frames if not f.get("event", "s").startswith("s")]

    def data(self, name: str) -> dict[str, Any]:
        [frame] = [frame for frame in self.frames if frame.get("event") == name]
        return dict(msgspec.json.decode(frame["data"])["data"])

    def every(self, name: str) -> list[dict[str, Any]]:
        """The data of every frame called *name*."""
        found = [frame["data"] for frame in self.frames if frame.get("event") == name]
        return [msgspec.json.decode(data)["data"] for data in found]

    @property
    def last_id(self) -> str | None:
        return next((frame["id"] for frame in reversed(self.frames) if "id" in frame), None)


def _fields(part: bytes) -> dict[str, str]:
    lines = [line.partition(": ") for line in part.decode().split("\n") if line and not line.startswith(":")]
    return {name: value for name, _, value in lines}


def begin(parts: Parts) -> Writer:
    """A job that runs, and its writer."""
    parts.lifecycle.submit(new_id(), ev.Request(type="hello", params={}))
    job = parts.lifecycle.claim("default", TYPES, "w1")
    assert job is not None
    return Writer(parts.log, job.id, parts.clock, job=job, run=job.run)


def work(writer: Writer, batches: int, *, text: str = "x", end: bool = True, pause: float = 0.0) -> None:
    for batch in range(batches):
        writer.write(
            [
                ev.ItemFinished(key=f"{batch}-{n}", state="ok", fields={"text": text})
                for n in range(random.randint(1, 5))
            ]
        )
        gevent.sleep(pause)
    if end:
        writer.write([ev.JobSucceeded(result=1)])


def whole(writer: Writer, since: int = 1) -> list[int]:
    return list(range(since, writer.job.seq + 1))


def finish(*greenlets: gevent.Greenlet) -> None:
    done = gevent.joinall(greenlets, timeout=30, raise_error=True)
    assert len(done) == len(greenlets)


def until(true: Callable[[], bool]) -> None:
    with gevent.Timeout(20):
        while not true():
            gevent.sleep(0.01)
