"""What comes through: every transport through every proxy, by curl alone, and through cuts, on one job."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from shutil import which
from typing import Any, NamedTuple

from bench.counting import stored
from bench.proxies import KINDS, proxies
from bench.readers import POLL, READERS, Envelope
from jobs.clock import from_rfc3339
from tests.scissors import Scissors
from tests.service import Service

#: A job that is long enough to tell what comes as it happens from what comes at the end.
RATE, COUNT = 8.0, 24
#: Later than this nobody would call it live; to pollers comes what they wait between two polls.
LIVE_SECONDS = 1.0
#: Bytes of answers behind which a reader's first connections are cut; the later ones are whole.
CUTS = (700, 1100, 900, 800)
NO_SCRIPT = "no JavaScript"
NOT_RUN = "not run"
OBSTACLES = (*KINDS, NO_SCRIPT)
#: What all of them get before the job begins, and what one that was cut or held back gets behind its end.
JOINING_SECONDS, PATIENCE_SECONDS = 2.0, 4.0
PAGE, LINES = "-HAccept: application/json", "-HAccept: application/x-ndjson"
UPGRADE = ("-HConnection: Upgrade", "-HUpgrade: websocket", "-HSec-WebSocket-Version: 13")
#: What curl is told of each transport, besides the address.
CURL = {
    "polling": (PAGE,),
    "long-poll": (PAGE,),
    "SSE": ("-HAccept: text/event-stream",),
    "NDJSON": (LINES,),
    "WebSocket": (*UPGRADE, "-HSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
}


class Passage(NamedTuple):
    """How one transport came through: a verdict for each obstacle, its cuts, and whether they lost nothing."""

    verdicts: dict[str, str]
    cuts: int
    whole: bool


class Trip(threading.Thread):
    """One reader of the job on one way, and what it was told when."""

    def __init__(self, events: Iterator[Envelope], patience: float) -> None:
        super().__init__(daemon=True)
        self._events, self._patience = stored(events), patience
        self.told: list[tuple[float, Envelope]] = []
        self.start()

    def run(self) -> None:
        for envelope in self._events:
            self.told.append((time.time(), envelope))

    def verdict(self) -> str:
        items = [(at, envelope) for at, envelope in self.told if envelope["type"] == "item"]
        late = sorted(at - from_rfc3339(envelope["time"]) / 1000 for at, envelope in items)
        if len(late) < COUNT:
            return "no"
        return "yes" if late[len(late) // 2] < self._patience else "held back"


def passages(service: Service) -> dict[str, Passage]:
    """Every transport on every way at once, while one job runs."""
    body = {"type": "beat", "params": {"rate": RATE, "count": COUNT}, "delay_seconds": JOINING_SECONDS}
    job_id = service.client.post("/v1/jobs", json=body).json()["id"]
    path = f"/v1/jobs/{job_id}/events"
    with proxies(service.port) as urls, ExitStack() as stack:
        wires = {name: stack.enter_context(Scissors(service.port, CUTS)) for name in READERS}
        cut = {name: _trip(name, READERS[name](wire.url + path, "0")) for name, wire in wires.items()}
        trips = {
            (kind, name): _trip(name, READERS[name](url + path, "0")) for kind, url in urls.items() for name in CURL
        }
        if which("curl"):
            trips |= {(NO_SCRIPT, name): _trip(name, _curl(name, service.url + path, stack)) for name in CURL}
        service.wait(job_id, seconds=60)
        deadline = time.monotonic() + PATIENCE_SECONDS
        for trip in [*cut.values(), *trips.values()]:
            #: One that was told of nothing so far will not be: the others' time is its as well.
            if trip.told:
                trip.join(max(0.0, deadline - time.monotonic()))
        log = service.events(job_id)
    return {name: _passage(name, trips, wires[name], [event for _, event in cut[name].told] == log) for name in CURL}


def _trip(name: str, events: Iterator[Envelope]) -> Trip:
    return Trip(events, LIVE_SECONDS + (POLL if name == "polling" else 0))


def _passage(name: str, trips: dict[tuple[str, str], Trip], wire: Scissors, whole: bool) -> Passage:
    ways = [(kind, trips.get((kind, name))) for kind in OBSTACLES]
    verdicts = {kind: NOT_RUN if trip is None else trip.verdict() for kind, trip in ways}
    return Passage(verdicts, sum(exchange.cut for exchange in wire.exchanges), whole)


def _curl(name: str, url: str, stack: ExitStack) -> Iterator[Envelope]:
    """What a shell sees: lines of text as they come, or one page after the other."""
    words = ["curl", "-sN", *CURL[name]]
    if PAGE not in words:
        yield from _lines(subprocess.Popen([*words, f"{url}?after=0"], stdout=subprocess.PIPE), stack)
        return
    page: dict[str, Any] = {"cursor": "0", "end": False}
    while not page["end"]:
        query = f"?after={page['cursor']}" + ("&wait=30" if name == "long-poll" else "")
        page = json.loads(subprocess.run([*words, url + query], capture_output=True, check=True).stdout)
        yield from page["events"]
        time.sleep(POLL if name == "polling" else 0)


def _lines(curl: "subprocess.Popen[bytes]", stack: ExitStack) -> Iterator[Envelope]:
    stack.callback(curl.wait)
    stack.callback(curl.kill)
    for line in curl.stdout or ():
        with suppress(ValueError):
            yield json.loads(line.removeprefix(b"data: "))
